"""psycopg 3 as programs use it. Argument: the connection string. Tells what came, a line each."""
import asyncio
import json
import logging
import sys
import threading

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb


def tell(what, value):
    print(json.dumps([what, value], default=str), flush=True)


def failure(work):
    try:
        work()
        return None
    except psycopg.Error as error:
        return [type(error).__name__, error.sqlstate, error.diag.message_primary or str(error)]


# A warning about a pipeline that failed depends on how much of its answer was there already.
logging.getLogger("psycopg").setLevel(logging.ERROR)
dsn = sys.argv[1]
connection = psycopg.connect(dsn, autocommit=True)
connection.execute("create table client.items (id int primary key, name text, tags text[], at timestamptz, raw bytea, doc jsonb, n numeric)")
for binary in (False, True):
    cursor = connection.cursor(binary=binary)
    cursor.execute(
        "insert into client.items values (%s, %s, %b, %s, %s, %s, %s) returning *",
        (int(binary), "o'clock %", ["a", None], "2026-01-01 00:00+00", b"\x00\xff", Jsonb({"a": 1}), "1.5"),
    )
    tell(f"insert, binary {binary}", [cursor.fetchone(), cursor.statusmessage, [c.type_code for c in cursor.description]])
for n in range(8):
    cursor = connection.execute("select name from client.items where id = %s", (n,), prepare=True)
tell("prepared", [connection.execute("select count(*) from pg_prepared_statements").fetchone()[0] > 0])
with connection.cursor() as cursor:
    cursor.executemany("insert into client.items (id, name) values (%s, %s) returning id", [(n, f"item {n}") for n in range(2, 300)], returning=True)
    ids = [cursor.fetchone()]
    while cursor.nextset():
        ids.append(cursor.fetchone())
    tell("many", [len(ids), ids[-1]])

with connection.pipeline() as pipeline:
    first = connection.execute("select count(*) from client.items")
    second = connection.execute("select max(id) from client.items")
    pipeline.sync()
    tell("pipeline", [first.fetchone(), second.fetchone()])


def broken():
    with connection.pipeline():
        connection.execute("insert into client.items (id) values (1000)")
        connection.execute("select 1 / 0")
        connection.execute("insert into client.items (id) values (1001)")


tell("pipeline fails", failure(broken))
tell("nothing of it", connection.execute("select count(*) from client.items where id >= 1000").fetchone())

with connection.transaction():
    connection.execute("insert into client.items (id) values (2000)")
    with connection.transaction(force_rollback=True):
        connection.execute("delete from client.items")


def inner():
    with connection.transaction("named"):
        connection.execute("insert into client.items (id) values (2000)")


tell("unique", failure(inner))
with connection.transaction():
    with connection.cursor("named", row_factory=dict_row) as named:
        named.itersize = 50
        named.execute("select id, name from client.items where id < %s order by id", (200,))
        tell("named cursor", [named.fetchmany(1), sum(1 for _ in named)])
    with connection.cursor("b", binary=True, scrollable=True) as named:
        named.execute("select n, now() is null from generate_series(1, 9) n")
        named.scroll(4)
        tell("binary cursor", named.fetchone())
tell("streamed", sum(1 for _ in connection.cursor().stream("select * from client.items")))

with connection.cursor() as cursor:
    with cursor.copy("copy client.items (id, name) from stdin") as copy:
        for n in range(3000, 3100):
            copy.write_row((n, f"copied\t{n}"))
    with cursor.copy("copy client.items (id, n, at) from stdin (format binary)") as copy:
        copy.set_types(["int4", "numeric", "timestamptz"])
        copy.write_row((4000, 1, None))
    with cursor.copy("copy (select id, name from client.items where id >= 3098 order by id) to stdout") as copy:
        tell("copy", [bytes(chunk).decode() for chunk in copy])
    with cursor.copy("copy (select id from client.items where id >= 3098 order by id) to stdout (format binary)") as copy:
        copy.set_types(["int4"])
        tell("binary copy", list(copy.rows()))


def abandoned():
    with connection.cursor().copy("copy client.items (id) from stdin") as copy:
        copy.write("5000\n")
        raise psycopg.DataError("thought better of it")


tell("copy given up", [failure(abandoned), connection.execute("select count(*) from client.items where id = 5000").fetchone()])

connection.execute("listen news")
with psycopg.connect(dsn, autocommit=True) as other:
    other.execute("select pg_notify('news', 'hello')")
    notification = next(connection.notifies())
    tell("notification", [notification.channel, notification.payload])
    running = "select count(*) from pg_stat_activity where state = 'active' and query = 'select pg_sleep(600) /* psycopg3 */'"

    def cancel():
        while connection.execute(running).fetchone()[0] == 0:
            pass
        other.cancel()

    canceller = threading.Thread(target=cancel)
    canceller.start()
    tell("cancelled", failure(lambda: other.execute("select pg_sleep(600) /* psycopg3 */")))
    canceller.join()
    tell("alive", other.execute("select 1").fetchone())


async def together():
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as one:
        cursor = await one.execute("select generate_series(1, %s)", (5,))
        return [row async for row in cursor]


tell("async", asyncio.run(together()))
connection.close()
