"""psycopg2 as programs use it. Argument: the connection string. Tells what came, a line each."""
import io
import json
import select
import sys
import threading

import psycopg2
import psycopg2.extras
from psycopg2 import sql


def tell(what, value):
    print(json.dumps([what, value], default=str), flush=True)


def failure(work):
    try:
        work()
        return None
    except psycopg2.Error as error:
        return [type(error).__name__, error.pgcode, (error.pgerror or str(error)).strip()]


dsn = sys.argv[1]
connection = psycopg2.connect(dsn)
cursor = connection.cursor()
cursor.execute("create table client.items (id int primary key, name text, tags text[], at timestamptz, raw bytea, doc jsonb, n numeric)")
cursor.execute(
    "insert into client.items values (%s, %s, %s, %s, %s, %s, %s) returning *",
    (1, "o'clock %", ["a", None], "2026-01-01 00:00+00", psycopg2.Binary(b"\x00\xff"), psycopg2.extras.Json({"a": 1}), 1.5),
)
row = cursor.fetchone()
tell("insert", [row[:4], bytes(row[4]).hex(), row[5:], cursor.statusmessage, [c.type_code for c in cursor.description]])
cursor.executemany("insert into client.items (id, name) values (%(id)s, %(name)s)", [{"id": n, "name": f"item {n}"} for n in range(2, 10)])
psycopg2.extras.execute_values(cursor, "insert into client.items (id, name) values %s", [(n, "value") for n in range(10, 60)], page_size=20)
psycopg2.extras.execute_batch(cursor, "update client.items set n = %s where id = %s", [(n, n) for n in range(10, 30)], page_size=7)
connection.commit()

with connection.cursor("named", cursor_factory=psycopg2.extras.RealDictCursor) as named:
    named.itersize = 8
    named.execute("select id, name from client.items order by id")
    tell("named cursor", [named.fetchmany(2), sum(1 for _ in named)])
with connection.cursor("held", withhold=True, scrollable=True) as held:
    held.execute("select generate_series(1, 9)")
    connection.commit()
    tell("held cursor", [held.fetchmany(3), held.scroll(-2), held.fetchone()])

cursor.execute(sql.SQL("select {} from {} where id < 3 order by 1").format(sql.Identifier("name"), sql.Identifier("client", "items")))
tell("composed", cursor.fetchall())
cursor.copy_expert("copy client.items (id, name) from stdin with (format csv)", io.StringIO('100,"a, b"\n101,\n'))
out = io.StringIO()
cursor.copy_expert("copy (select id, name from client.items where id >= 100 order by id) to stdout", out)
tell("copy", out.getvalue())
tell("copy fails", failure(lambda: cursor.copy_expert("copy client.items (id) from stdin", io.StringIO("x\n"))))
tell("aborted", failure(lambda: cursor.execute("select 1")))
connection.rollback()
tell("unique", failure(lambda: cursor.execute("insert into client.items (id) values (1)")))
connection.rollback()

connection.set_session(isolation_level="SERIALIZABLE", readonly=True, deferrable=True)
cursor.execute("show transaction_isolation")
tell("isolation", cursor.fetchall())
tell("read only", failure(lambda: cursor.execute("delete from client.items")))
connection.rollback()
connection.set_session(isolation_level="DEFAULT", readonly=False, deferrable=False, autocommit=True)
cursor.callproc("pg_catalog.lower", ("LOUD",))
tell("function", cursor.fetchall())
cursor.execute("do $$ begin raise notice 'told'; end $$")
tell("notices", [notice.strip() for notice in connection.notices])

cursor.execute("listen news")
other = psycopg2.connect(dsn)
other.autocommit = True
other.cursor().execute("notify news, 'hello'")
while not connection.notifies:
    select.select([connection], [], [])
    connection.poll()
tell("notification", [(n.channel, n.payload) for n in connection.notifies])

other_cursor = other.cursor()
started = threading.Event()


def cancel():
    started.wait()
    pid = other.get_backend_pid()
    while True:
        cursor.execute("select count(*) from pg_stat_activity where state = 'active' and query = 'select pg_sleep(600) /* psycopg2 */'")
        if cursor.fetchone()[0] > 0:
            break
    other.cancel()


canceller = threading.Thread(target=cancel)
canceller.start()
started.set()
tell("cancelled", failure(lambda: other_cursor.execute("select pg_sleep(600) /* psycopg2 */")))
canceller.join()
tell("version", [connection.server_version, connection.encoding, connection.get_parameter_status("DateStyle")])
