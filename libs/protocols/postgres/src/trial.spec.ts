import { execFile } from 'node:child_process';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Attempted, CommandQuestion, TrialTable, Verdict } from '@sallyport/kernel';
import { startPostgres, until } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import { Client } from 'pg';
import { startGate } from '../testing/gate.js';
import type { Gate } from '../testing/gate.js';
import { allow, deny, permit, text } from '../testing/rig.js';

let server: TestPostgres;
let gate: Gate;
let client: Client;
/** Beside the gateway. */
let direct: Client;

const people: TrialTable = { schema: 'public', name: 'people', columns: ['id', 'email'], before: true, after: true };
const order = { lockTimeout: 300, runTimeout: 5_000, idleTimeout: 60_000, tables: [people] };
const isWrite = ({ text: sql, phase }: CommandQuestion): boolean =>
  phase === 'run' && /^\s*(insert|update|delete|merge|with|copy)/i.test(sql);
const trying = (): Verdict => ({ kind: 'try', permit: permit('command'), order });

beforeAll(async () => {
  server = await startPostgres({ settings: ['synchronous_commit=local', 'synchronous_standby_names=nobody'] });
  direct = await server.connect();
  await direct.query(
    'create table people (id int primary key, email text, boss int references people deferrable initially deferred)',
  );
  await direct.query('create table logs (id serial, what text)');
  await direct.query(`create function note() returns trigger language plpgsql as $$ begin
    insert into public.logs (what) values (tg_op); return null; end $$`);
  await direct.query(
    'create trigger noted after insert or update or delete on people for each row execute function note()',
  );
});
afterAll(async () => {
  await direct.end();
  await server.stop();
});
beforeEach(async () => {
  await direct.query('truncate people, logs');
  await direct.query(`insert into people select n, 'p' || n || '@example.com' from generate_series(1, 20) n`);
  await direct.query('truncate logs');
  const { host, port, user, password } = server;
  gate = await startGate({ host, port, user, password, tls: 'disable' });
  gate.decide = (question) => (isWrite(question) ? trying() : allow());
  client = await connect();
});
afterEach(async () => {
  await client.end();
  await gate.stop();
});
const connect = async (): Promise<Client> => {
  const made = new Client({
    host: '127.0.0.1',
    port: gate.port,
    user: 'billing',
    database: 'postgres',
    password: 'token',
  });
  made.on('error', () => undefined);
  await made.connect();
  return made;
};
const count = async (): Promise<number> => {
  const { rows } = await direct.query<{ n: number }>('select count(*)::int as n from people');
  return rows[0]?.n ?? -1;
};
const attempted = (): Attempted => {
  const attempt = gate.attempts.at(-1);
  if (attempt?.kind !== 'ran') throw new Error(`not tried: ${attempt?.why}`);
  return attempt;
};
const failure = (work: Promise<unknown>): Promise<{ code?: string; message: string }> =>
  work.then(
    () => ({ message: 'it worked' }),
    (error: unknown) => error as { code?: string; message: string },
  );
const forms = [
  ['simple', (sql: string) => client.query(sql)],
  ['extended', (sql: string) => client.query({ text: sql.replaceAll('3', '$1'), values: [3] })],
  ['prepared', (sql: string) => client.query({ name: sql, text: sql.replaceAll('3', '$1'), values: [3] })],
] as const;

describe.each(forms)('a command that is tried, %s', (form, query) => {
  test('is shown with rows per table and samples before anybody sees it; agreed to, it stays', async () => {
    gate.settle = async () => {
      expect(await count()).toBe(20);
      return allow();
    };
    const { rows, command, rowCount } = await query('delete from people where id <= 3 returning id, email');
    expect([command, rowCount, rows[0]]).toEqual(['DELETE', 3, { id: 1, email: 'p1@example.com' }]);
    expect(await count()).toBe(17);
    const { tables, samples, remarks } = attempted();
    expect(tables).toEqual([
      { schema: 'public', name: 'people', inserted: 0, updated: 0, deleted: 3 },
      { schema: 'public', name: 'logs', inserted: 3, updated: 0, deleted: 0 },
    ]);
    expect(samples.map(({ after, rows: cells }) => [after, cells.map((row) => row.map(text))])).toEqual([
      [
        false,
        [
          ['1', 'p1@example.com'],
          ['2', 'p2@example.com'],
          ['3', 'p3@example.com'],
        ],
      ],
    ]);
    expect(samples[0]?.columns.map(({ origin }) => origin?.attribute)).toEqual([1, 2]);
    expect(remarks).toEqual([]);
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    expect(gate.notes.filter(({ kind }) => kind === 'alarm')).toEqual([]);
  });

  test('denied, nothing of it stays, and the session goes on', async () => {
    gate.settle = () => deny();
    expect((await failure(query('update people set email = null where id = 3'))).code).toBe('42501');
    expect(
      attempted().samples.map(({ after, rows }) => [after, rows.map((row) => row.map((cell) => cell && text(cell)))]),
    ).toEqual([
      [false, [['3', 'p3@example.com']]],
      [true, [['3', null]]],
    ]);
    expect((await direct.query('select from people where email is null')).rowCount).toBe(0);
    gate.settle = () => allow();
    expect((await query('update people set email = null where id = 3')).rowCount).toBe(1);
    const outcomes = gate.notes.flatMap((note) =>
      note.kind === 'outcome' ? [`${note.status} ${note.error ?? ''} ${note.written}`] : [],
    );
    expect(outcomes).toEqual(['failed 42501 0', 'completed  1']);
  });

  test('in a block: only it is undone, and settings are as they were', async () => {
    await client.query('begin');
    await client.query("set local lock_timeout = '7s'");
    gate.decide = () => allow();
    await client.query("insert into people values (100, 'mine')");
    gate.decide = (question) => (isWrite(question) ? trying() : allow());
    gate.settle = () => deny();
    expect((await failure(query('delete from people where id > 3'))).code).toBe('42501');
    expect(attempted().tables[0]).toMatchObject({ name: 'people', inserted: 0, deleted: 18 });
    gate.settle = () => allow();
    expect((await query('delete from people where id = 3')).rowCount).toBe(1);
    expect((await client.query('show lock_timeout')).rows).toEqual([{ lock_timeout: '7s' }]);
    expect((await client.query('show statement_timeout')).rows).toEqual([{ statement_timeout: '0' }]);
    expect((await client.query('select count(*)::int as n from pg_cursors')).rows).toEqual([{ n: 0 }]);
    await client.query('commit');
    expect(await count()).toBe(20);
    expect((await client.query('show lock_timeout')).rows).toEqual([{ lock_timeout: '0' }]);
  });

  test('that fails by itself asks nobody, and fails as ever', async () => {
    const sql = 'update people set id = 3';
    const told = await failure(query(sql));
    expect([told.code, gate.attempts]).toEqual(['23505', []]);
    await client.query('begin');
    expect((await failure(query(sql))).code).toBe('23505');
    expect((await failure(client.query('select 1'))).code).toBe('25P02');
    await client.query('rollback');
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });

  test('that cannot be committed fails before anybody is asked', async () => {
    const told = await failure(
      query('update people set boss = 33 where id = 3'.replaceAll('33', form === 'simple' ? '33' : '3 * 11')),
    );
    expect([told.code, gate.attempts]).toEqual(['23503', []]);
    expect(await count()).toBe(20);
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });

  test('that waits for the locks of others is refused in time, in a block too', async () => {
    const other = await server.connect();
    await other.query('begin; update people set email = null where id = 3');
    const told = await failure(query('delete from people where id = 3'));
    expect([told.code, told.message]).toEqual(['54000', expect.stringContaining('others hold its locks')]);
    await client.query('begin');
    expect((await failure(query('delete from people where id = 3'))).code).toBe('54000');
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await client.query('rollback');
    await other.query('rollback');
    await other.end();
  });

  test('nothing that a search_path finds runs', async () => {
    await direct.query(`create schema if not exists evil; create or replace function evil.boo(oid, oid) returns bool language plpgsql
      as $$ begin raise exception 'ran'; end $$`);
    for (const [name, type] of [
      ['=', 'xid'],
      ['=', 'text'],
      ['>', 'bigint'],
      ['<>', 'xid'],
      ['=', 'int'],
    ] as const) {
      await direct.query(
        `create or replace function evil.boo(${type}, ${type}) returns bool language plpgsql as $$ begin raise exception 'ran'; end $$`,
      );
      await direct.query(`drop operator if exists evil.${name} (${type}, ${type});
        create operator evil.${name} (leftarg = ${type}, rightarg = ${type}, function = evil.boo)`);
    }
    for (const name of ['set_config', 'has_table_privilege'])
      await direct.query(
        `create or replace function evil.${name}(text, text) returns text language plpgsql as $$ begin raise exception 'ran'; end $$`,
      );
    await client.query('set search_path = evil, pg_catalog, public');
    gate.settle = () => allow();
    expect((await query('update people set email = id + 3')).rowCount).toBe(20);
    expect(attempted().samples.map(({ rows }) => rows.length)).toEqual([5, 5]);
    await direct.query('drop schema evil cascade');
  });
});

test('a client that leaves while people think leaves nothing', async () => {
  const gone = await connect();
  gate.settle = () => new Promise(() => undefined);
  void failure(gone.query('delete from people'));
  await until(() => gate.attempts.length > 0);
  (gone as unknown as { readonly connection: { readonly stream: { destroy(): void } } }).connection.stream.destroy();
  await until(
    async () => (await direct.query("select from pg_stat_activity where state = 'idle in transaction'")).rowCount === 0,
  );
  expect(await count()).toBe(20);
});

describe('a target that goes in the middle', () => {
  const outcomes = (): readonly string[] =>
    gate.notes.flatMap((note) =>
      note.kind === 'outcome' ? [`${note.status} ${note.error ?? ''} ${note.written}`] : [],
    );
  /** Of a session that waits so at the target. */
  const waiting = (event: string): Promise<number | undefined> =>
    direct
      .query<{ pid: number }>('select pid from pg_stat_activity where wait_event = $1 and usename = $2', [
        event,
        server.user,
      ])
      .then(({ rows }) => rows.find(({ pid }) => pid !== (direct as unknown as { processID: number }).processID)?.pid);
  const terminate = async (event: string): Promise<void> => {
    let pid: number | undefined;
    await until(async () => (pid = await waiting(event)) !== undefined, event);
    await direct.query('select pg_terminate_backend($1)', [pid]);
  };
  const over = (): Promise<void> => until(() => outcomes().length > 0, 'its end is told');

  test('while it runs: the target says so itself, and nothing stays', async () => {
    const told = failure(client.query('delete from people where pg_sleep(4) is not null'));
    await terminate('PgSleep');
    expect((await told).code).toBe('57P01');
    await over();
    expect([outcomes(), gate.attempts, await count()]).toEqual([['failed 57P01 0'], [], 20]);
  });

  test('while people think: the same, and it is no unknown end', async () => {
    gate.settle = () => new Promise(() => undefined);
    const told = failure(client.query('delete from people'));
    await until(() => gate.attempts.length > 0);
    await terminate('ClientRead');
    expect((await told).code).toBe('57P01');
    await over();
    expect([outcomes(), await count()]).toEqual([['failed 57P01 0'], 20]);
  });

  test('when it was told to commit: nobody knows, and all are told that', async () => {
    gate.settle = () => allow();
    // A replica that never answers, for which nobody else waits.
    await client.query('set synchronous_commit = on');
    const told = failure(client.query('delete from people where id = 3'));
    await terminate('SyncRep');
    const { code, message, detail } = (await told) as { code?: string; message: string; detail?: string };
    expect([code, JSON.parse(detail ?? '{}')]).toEqual(['08007', { code: 'target_unavailable', outcome: 'unknown' }]);
    expect(message).toMatch(/not known whether the command took effect/);
    expect(outcomes().at(-1)).toBe('unknown  1');
    // And it did: the target was only not heard.
    expect(await count()).toBe(19);
  });

  test('in a block of the client its end is known: it was not committed', async () => {
    gate.settle = async () => {
      await terminate('ClientRead');
      return allow();
    };
    await client.query('begin');
    expect((await failure(client.query('delete from people where id = 3'))).code).toBe('57P01');
    await until(() => outcomes().length > 1, 'its end is told');
    expect([outcomes().at(-1), await count()]).toEqual(['failed 57P01 0', 20]);
  });
});

test('a COMMIT of ours that cannot be serialized: the client hears it, and nothing stays', async () => {
  await client.query('set default_transaction_isolation = serializable');
  gate.settle = async () => {
    const other = await server.connect();
    await other.query('begin isolation level serializable');
    await other.query('select * from people where id = 3');
    await other.query("update people set email = 'other' where id = 4");
    await other.query('commit');
    await other.end();
    return allow();
  };
  const text = 'update people set email = (select p.email from people p where p.id = 4) where id = 3 returning id';
  for (const query of [(): Promise<unknown> => client.query(text), () => client.query({ text, values: [] })]) {
    expect((await failure(query())).code).toBe('40001');
    expect(
      (await direct.query('select from people where id = 3 and email is distinct from $1', ['p3@example.com']))
        .rowCount,
    ).toBe(0);
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  }
  gate.settle = () => allow();
  expect(((await client.query(text)) as { rowCount: number }).rowCount).toBe(1);
});

test('COPY from the client cannot be tried, and is refused', async () => {
  const told = await failure(client.query('copy people from stdin'));
  expect(told.code).toBe('0A000');
  expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
});

test('an answer that is too long to be kept back is refused', async () => {
  const told = await failure(client.query("update people set email = repeat('x', 100000) returning *"));
  expect([told.code, told.message]).toEqual(['54000', expect.stringContaining('too long to be kept back')]);
  expect((await direct.query("select from people where email like 'x%'")).rowCount).toBe(0);
});

test('several statements, and rows that are too long to be shown', async () => {
  gate.settle = () => allow();
  const answer = (await client.query(
    "insert into people values (50, repeat('x', 20000)); insert into people values (51, 'short')",
  )) as unknown as readonly { readonly command: string }[];
  expect(answer.map(({ command }) => command)).toEqual(['INSERT', 'INSERT']);
  expect(attempted().remarks).toEqual(['1 rows of public.people are too long to be shown']);
  expect(attempted().samples.map(({ rows }) => rows.map((row) => row.map(text)))).toEqual([[['51', 'short']]]);
});

test('psql shows what it always shows', async () => {
  const { env } = process;
  const run = await new Promise<string>((resolve, reject) =>
    execFile(
      'psql',
      [
        '-X',
        '-At',
        '-h',
        '127.0.0.1',
        '-p',
        String(gate.port),
        '-U',
        'billing',
        '-d',
        'postgres',
        '-c',
        'delete from people where id < 3 returning id',
      ],
      { env: { ...env, PGPASSWORD: 'token' } },
      (error, stdout) => (error ? reject(error) : resolve(stdout)),
    ),
  );
  expect(run).toBe('1\n2\nDELETE 2\n');
});
