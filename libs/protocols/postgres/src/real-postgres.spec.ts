import { execFile } from 'node:child_process';
import { connect as connectSocket } from 'node:net';
import { existsSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Note } from '@sallyport/kernel';
import { startPostgres, untilRunning } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import { Client } from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import Cursor from 'pg-cursor';
import { startGate } from '../testing/gate.js';
import type { Gate } from '../testing/gate.js';
import { allow, deny, maskOf, summary } from '../testing/rig.js';
import {
  createBackendDecoder,
  encodeBind,
  encodeCopyData,
  encodeCopyDone,
  encodeDescribe,
  encodeExecute,
  encodeFlush,
  encodeParse,
  encodePassword,
  encodeQuery,
  encodeStartup,
  encodeSync,
} from './client.js';
import type { BackendMessage } from './client.js';

let server: TestPostgres;
let gate: Gate;
let client: Client;

beforeAll(async () => {
  server = await startPostgres();
  const direct = await server.connect();
  await direct.query('create table people (id int primary key, email text, amount numeric)');
  await direct.query(`insert into people select n, 'p' || n || '@example.com', n * 1.5 from generate_series(1, 500) n`);
  await direct.end();
});
afterAll(() => server.stop());
beforeEach(async () => {
  gate = await startGate({
    host: server.host,
    port: server.port,
    user: server.user,
    password: server.password,
    tls: 'disable',
  });
  client = await connect();
});
afterEach(async () => {
  await client.end();
  await gate.stop();
});
const connect = async (more: object = {}): Promise<Client> => {
  const made = new Client({
    host: '127.0.0.1',
    port: gate.port,
    user: 'billing',
    database: 'postgres',
    password: 'token',
    ...more,
  });
  made.on('error', () => undefined);
  await made.connect();
  return made;
};

describe('a real client and a real target', () => {
  test('simple, prepared, binary and several statements', async () => {
    expect((await client.query('select id from people where id < 3 order by id')).rows).toEqual([{ id: 1 }, { id: 2 }]);
    for (const id of [7, 8])
      expect(
        (await client.query({ name: 'by-id', text: 'select email from people where id = $1', values: [id] })).rows,
      ).toEqual([{ email: `p${id}@example.com` }]);
    const binary = await client.query({
      text: 'select id, amount from people where id = $1',
      values: [2],
      binary: true,
    } as { text: string });
    expect(binary.rows[0]).toMatchObject({ id: 2 });
    const several = (await client.query('select 1 as a; select 2 as b')) as unknown as { rows: unknown[] }[];
    expect(several.map(({ rows }) => rows)).toEqual([[{ a: 1 }], [{ b: 2 }]]);
    expect(gate.questions.filter(({ phase }) => phase === 'prepare')).toHaveLength(2);
    const outcomes = gate.notes.filter((note) => note.kind === 'outcome');
    expect(outcomes.every(({ status }) => status === 'completed')).toBe(true);
    expect(gate.notes.filter((note) => note.kind === 'named').map(({ of }) => of)).toContain('statement');
  });

  test('errors leave the session as it was, also in a transaction', async () => {
    await expect(client.query('select nonsense')).rejects.toMatchObject({ code: '42703' });
    await client.query('begin');
    await expect(client.query('select $1::int / 0', [1])).rejects.toMatchObject({ code: '22012' });
    await expect(client.query('select 1')).rejects.toMatchObject({ code: '25P02' });
    await client.query('rollback');
    expect((await client.query('select 1 as a')).rows).toEqual([{ a: 1 }]);
  });

  test('a denial inside a transaction: nothing runs, and COMMIT works', async () => {
    gate.decide = ({ text, phase }) => (/delete/.test(text) && phase === 'run' ? deny() : allow());
    await client.query('begin');
    await client.query('insert into people values (9001, $1, 0)', ['new@example.com']);
    await expect(client.query('delete from people')).rejects.toMatchObject({ code: '42501' });
    await expect(client.query('delete from people where id = $1', [1])).rejects.toMatchObject({ code: '42501' });
    await client.query('commit');
    expect((await client.query('select count(*)::int as n from people')).rows).toEqual([{ n: 501 }]);
    gate.decide = () => allow();
    await client.query('delete from people where id > 9000');
  });

  test('a held command holds no lock', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    gate.decide = ({ text, phase }) => (/update/.test(text) && phase === 'run' ? held.then(() => allow()) : allow());
    const update = client.query('update people set amount = $1 where id = 1', [3]);
    const other = await server.connect();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const locks = await other.query(
      `select 1 from pg_locks where relation = 'people'::regclass and pid <> pg_backend_pid()`,
    );
    expect(locks.rows).toHaveLength(0);
    await other.end();
    release();
    expect((await update).rowCount).toBe(1);
  });

  test('COPY both ways', async () => {
    await client.query('create temp table t (id int, name text)');
    await pipeline(Readable.from(['1\tone\n2\tt', 'wo\n']), client.query(copyFrom('copy t from stdin')));
    const chunks: Buffer[] = [];
    const out = client.query(copyTo('copy t to stdout'));
    for await (const chunk of out) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).toBe('1\tone\n2\ttwo\n');
    await expect(
      pipeline(Readable.from(['nonsense\n']), client.query(copyFrom('copy t from stdin'))),
    ).rejects.toMatchObject({ code: '22P02' });
    expect((await client.query('select count(*)::int as n from t')).rows).toEqual([{ n: 2 }]);
  });

  test('a cursor reads in slices', async () => {
    const cursor = client.query(new Cursor('select id from people order by id'));
    expect(await cursor.read(2)).toEqual([{ id: 1 }, { id: 2 }]);
    expect(await cursor.read(1)).toEqual([{ id: 3 }]);
    await cursor.close();
    expect((await client.query('select 1 as a')).rows).toEqual([{ a: 1 }]);
  });

  test('LISTEN and NOTIFY', async () => {
    const heard = new Promise((resolve) => client.once('notification', ({ payload }) => resolve(payload)));
    await client.query('listen news');
    await client.query(`notify news, 'hello'`);
    expect(await heard).toBe('hello');
  });

  test('a cancel on a connection of its own', async () => {
    const slow = client.query('select pg_sleep(20)');
    const watching = await server.connect();
    await untilRunning(watching, 'pg_sleep(20)');
    await watching.end();
    const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
    const canceller = new Client({ host: '127.0.0.1', port: gate.port });
    const { connection } = canceller as unknown as {
      connection: {
        connect(port: number, host: string): void;
        cancel(a: number, b: number): void;
        on(event: string, listener: () => void): void;
      };
    };
    connection.on('connect', () => connection.cancel(processID, secretKey));
    connection.on('error', () => undefined);
    connection.connect(gate.port, '127.0.0.1');
    await expect(slow).rejects.toMatchObject({ code: '57014' });
  });

  describe('an answer that is cut off at its limit: the target is stopped, the session goes on', () => {
    /** Years of rows. */
    const endless = `select generate_series(1, 1000000000000), 'cut'`;
    const busy = async (): Promise<number> => {
      const { rows } = await client.query(
        `select count(*)::int as n from pg_stat_activity where query ~ 'cut' and state = 'active' and pid <> pg_backend_pid()`,
      );
      return (rows as { n: number }[])[0]?.n ?? -1;
    };
    const cuts = (): readonly Note[] => gate.notes.filter((note) => note.kind === 'outcome' && note.error === '54000');
    beforeEach(() => {
      gate.decide = ({ text }) => {
        let left = 3;
        const verdict = allow();
        if (verdict.kind === 'deny' || !text.includes('generate_series')) return verdict;
        return { ...verdict, limit: { admit: (rows) => (left -= rows) >= 0 } };
      };
    });

    test.each([
      ['simple', () => client.query(endless)],
      ['extended', () => client.query({ text: `${endless} where $1`, values: [true] })],
      [
        'COPY',
        async () =>
          pipeline(client.query(copyTo(`copy (${endless}) to stdout`)), async (rows) => {
            for await (const row of rows) expect(String(row).length).toBeLessThan(100);
          }),
      ],
    ])('%s', async (_form, run) => {
      await expect(run()).rejects.toMatchObject({ code: '54000' });
      expect(await busy()).toBe(0);
      expect(cuts()).toEqual([expect.objectContaining({ status: 'failed', returned: 3 })]);
      expect((await client.query('select 1 as a')).rows).toEqual([{ a: 1 }]);
    });

    test('in a transaction: it has failed, as the target says, and nothing that it wrote stays', async () => {
      await client.query('begin');
      const writes = `insert into people select n + 10000, 'cut', n from generate_series(1, 100) n returning id`;
      await expect(client.query(writes)).rejects.toMatchObject({ code: '54000' });
      const then = await client.query('select 1').then(
        () => 'open',
        ({ code }: { code: string }) => code,
      );
      // A target that was done before it could be stopped is in an open block still.
      expect(['25P02', 'open']).toContain(then);
      await client.query('rollback');
      expect((await client.query('select count(*)::int as n from people')).rows).toEqual([{ n: 500 }]);
    });
  });

  test('masked alike: simple, prepared, binary, cursor, COPY', async () => {
    const stars = (value: Uint8Array): Uint8Array => new Uint8Array(Math.min(3, value.length)).fill(0x2a);
    const options = { format: 'csv', header: true, delimiter: 0x2c, null: new Uint8Array(0) } as const;
    const rows = maskOf({ email: stars });
    gate.decide = () => allow(rows);
    const expected = [{ id: 5, email: '***' }];
    expect((await client.query('select id, email from people where id = 5')).rows).toEqual(expected);
    expect(
      (await client.query({ name: 'p', text: 'select id, email from people where id = $1', values: [5] })).rows,
    ).toEqual(expected);
    const binary = await client.query({
      text: 'select id, email from people where id = $1',
      values: [5],
      binary: true,
    } as { text: string });
    expect(binary.rows).toEqual(expected);
    const cursor = client.query(new Cursor('select id, email from people where id = 5'));
    expect(await cursor.read(1)).toEqual(expected);
    await cursor.close();
    const bare = client.query({ text: 'select id, email from people where id = $1', values: [5], rowMode: 'array' });
    expect((await bare).rows).toEqual([[5, '***']]);
    gate.decide = () => allow(maskOf({ 1: stars }, { copyOptions: () => options }));
    const chunks: Buffer[] = [];
    const out = client.query(
      copyTo('copy (select id, email from people where id < 3 order by id) to stdout (format csv, header)'),
    );
    for await (const chunk of out) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).toBe('id,email\n1,***\n2,***\n');
  });

  test('many rows', async () => {
    const { rows } = await client.query('select repeat(md5(n::text), 40) as t from generate_series(1, 5000) n');
    expect(rows).toHaveLength(5000);
    expect(gate.notes.at(-1)).toMatchObject({ status: 'completed', rows: 5000 });
  });
});

/** A client that pipelines as it likes. */
const raw = async (
  ...messages: Uint8Array[]
): Promise<{
  send(...more: Uint8Array[]): Promise<string>;
  sendUntil(shown: RegExp, ...more: Uint8Array[]): Promise<string>;
  end(): void;
}> => {
  const socket = connectSocket(gate.port, '127.0.0.1');
  const decode = createBackendDecoder(1 << 24);
  let heard: BackendMessage[] = [];
  let wake: () => void = () => undefined;
  socket.on('data', (chunk: Buffer) => {
    heard.push(...decode(chunk));
    wake();
  });
  /** Writes, and waits until the answer, in short, shows this. */
  const sendUntil = async (shown: RegExp, ...more: Uint8Array[]): Promise<string> => {
    heard = [];
    socket.write(Buffer.concat(more));
    while (!shown.test(summary(heard))) await new Promise<void>((resolve) => (wake = resolve));
    return summary(heard);
  };
  const send = (...more: Uint8Array[]): Promise<string> => sendUntil(/Z\(/, ...more);
  await send(encodeStartup({ user: 'billing', database: 'postgres' }), encodePassword('token'), ...messages);
  return { send, sendUntil, end: () => socket.destroy() };
};
const statement = (sql: string): Uint8Array[] => [encodeParse(sql), encodeBind(), encodeExecute()];

describe('pipelines at a real target', () => {
  test('a denial in an implicit transaction rolls back what ran before it', async () => {
    gate.decide = ({ text }) => (/drop/.test(text) ? deny() : allow());
    const { send, end } = await raw();
    const insert = 'insert into people values (7001, null, 0)';
    expect(await send(...statement(insert), ...statement('drop table people'), encodeSync())).toBe(
      '1 2 C(INSERT 0 1) E(42501) Z(idle)',
    );
    expect(await send(encodeQuery('select count(*) from people where id = 7001'))).toBe('T D(0) C(SELECT 1) Z(idle)');
    expect(
      await send(...statement('begin'), ...statement(insert), ...statement('drop table people'), encodeSync()),
    ).toBe('1 2 C(BEGIN) 1 2 C(INSERT 0 1) E(42501) Z(open)');
    expect(await send(encodeQuery('commit'))).toBe('C(COMMIT) Z(idle)');
    expect(await send(encodeQuery('delete from people where id = 7001'))).toBe('C(DELETE 1) Z(idle)');
    end();
  });

  test('a refused answer in an implicit transaction is rolled back too', async () => {
    gate.decide = ({ text }) =>
      /returning/.test(text)
        ? allow(maskOf({}, { choose: () => ({ kind: 'refuse', refusal: { code: 'unmaskable', message: 'no' } }) }))
        : allow();
    const { send, sendUntil, end } = await raw();
    const update = statement('update people set amount = -1 where id = 2 returning email');
    await sendUntil(/E\(/, ...update, encodeFlush());
    expect(await send(encodeSync())).toBe('Z(idle)');
    expect(await send(encodeQuery('select amount from people where id = 2'))).toBe('T D(3.0) C(SELECT 1) Z(idle)');
    end();
  });

  test('COPY in the extended protocol, with a Sync sent ahead', async () => {
    const { send, sendUntil, end } = await raw();
    await send(encodeQuery('create temp table c (id int)'));
    await sendUntil(/G/, ...statement('copy c from stdin'), encodeSync());
    expect(await send(encodeCopyData(Buffer.from('1\n')), encodeCopyDone(), encodeSync())).toBe('C(COPY 1) Z(idle)');
    await sendUntil(/G/, ...statement('copy c from stdin'), encodeSync());
    expect(await send(encodeCopyData(Buffer.from('x\n')), encodeCopyDone(), encodeSync())).toBe('E(22P02) Z(idle)');
    expect(await send(encodeQuery('select count(*) from c'))).toBe('T D(1) C(SELECT 1) Z(idle)');
    end();
  });

  test('a text that fails in the middle, names that are reused, an unknown portal', async () => {
    const { send, end } = await raw();
    expect(await send(encodeQuery('select 1; select 1/0; select 2'))).toBe('T D(1) C(SELECT 1) E(22012) Z(idle)');
    expect(await send(encodeParse('select 1', 's'), encodeSync())).toBe('1 Z(idle)');
    expect(await send(encodeParse('select 2', 's'), encodeSync())).toBe('E(42P05) Z(idle)');
    expect(await send(encodeBind({ statement: 's' }), encodeExecute(), encodeSync())).toBe(
      '2 D(1) C(SELECT 1) Z(idle)',
    );
    expect(await send(encodeQuery('deallocate s'))).toContain('C(DEALLOCATE)');
    expect(await send(encodeExecute('nowhere'), encodeSync())).toBe('E(34000) Z(idle)');
    end();
  });

  test('what SQL declared and prepared is described as at a server: psycopg asks so for its cursors', async () => {
    const { send, end } = await raw();
    await send(encodeQuery('begin; declare c cursor for select id, email from people'));
    expect(await send(encodeDescribe('portal', 'c'), encodeSync())).toBe('T Z(open)');
    await send(encodeQuery('prepare p (int) as select $1 as n'));
    expect(await send(encodeDescribe('statement', 'p'), encodeSync())).toBe('t T Z(open)');
    // A server would take these, so that they are not taken here fails nothing there.
    expect(await send(encodeExecute('c'), encodeSync())).toBe('E(0A000) Z(open)');
    expect(await send(encodeBind({ statement: 'p' }), encodeSync())).toBe('E(0A000) Z(open)');
    expect(await send(encodeQuery('fetch 1 from c'))).toMatch(/C\(FETCH 1\) Z\(open\)$/);
    await send(encodeQuery('close all; deallocate all'));
    expect(await send(encodeExecute('c'), encodeSync())).toBe('E(34000) Z(failed)');
    expect(await send(encodeDescribe('portal', 'nowhere'), encodeSync())).toBe('E(34000) Z(failed)');
    end();
  });
});

// Where it is installed.
const installed = ['/usr/bin/psql', '/usr/local/bin/psql'].filter((path) => existsSync(path));
if (installed.length > 0)
  describe('psql', () => {
    test.each(installed)('%s runs what people type', async (psql) => {
      const url = `host=127.0.0.1 port=${gate.port} user=billing dbname=postgres sslmode=prefer`;
      const script = ['select count(*) from people;', 'select nonsense;', '\\d people', 'copy (select 7) to stdout;'];
      const { stdout, stderr } = await promisify(execFile)(
        psql,
        ['-X', '-A', '-t', ...script.flatMap((line) => ['-c', line]), url],
        { env: { ...process.env, PGPASSWORD: 'token' } },
      );
      expect(stdout).toContain('500');
      expect(stdout).toContain('email');
      expect(stdout).toContain('7');
      expect(stderr).toContain('nonsense');
    });
  });
