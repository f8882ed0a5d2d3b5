import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { CatalogReport } from '@sallyport/contracts';
import { decodeChunk, joinCatalog } from '@sallyport/policy/bundle';
import { atOnce } from '@sallyport/runtime';
import { startPostgres, until } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import { connectionChunk } from '../testing/authority.js';
import { createCatalogs } from './catalogs.js';
import type { Catalogs } from './catalogs.js';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.createDatabase('app');
  const admin = await postgres.connect('app');
  await admin.query('create table public.first (id int)');
  await admin.end();
});
afterAll(() => postgres.stop());

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

const password = 's3cret-of-the-target';
let reports: CatalogReport[] = [];
const start = (
  interval: number,
  read = () => Promise.resolve({ user: postgres.user, password: postgres.password }),
) => {
  reports = [];
  const logged: unknown[] = [];
  const keep = (...words: unknown[]): void => void logged.push(words);
  const catalogs: Catalogs = createCatalogs({
    credentials: { read, refused: () => false },
    ca: undefined,
    interval,
    report: (report) => void reports.push(report),
    log: { info: keep, warn: keep },
  });
  closers.push(() => catalogs.stop());
  return { catalogs, logged };
};
const serve = (catalogs: Catalogs, over = {}): void =>
  catalogs.serve(new Map([['billing', connectionChunk({ port: postgres.port, ...over })]]));

const order = (over = {}) => ({ connection: 'billing', database: 'app', move: 0, whole: false, ...over });
/** Reports that hold something new. */
const told = (): readonly CatalogReport[] => reports.filter(({ unchanged }) => unchanged === '');

/** What was sent so far, put together as it would be elsewhere. */
const tables = ({ content }: CatalogReport): readonly string[] => {
  const head = decodeChunk('catalog', content);
  if (!head.ok) throw new Error(head.problem);
  const sent = new Map(reports.flatMap(({ parts }) => parts).map((bytes) => [sha256(bytes), bytes]));
  const part = (digest: string) => decodeChunk('catalog_part', sent.get(digest) ?? new Uint8Array());
  const joined = atOnce(joinCatalog({ head: head.value, part, before: undefined }));
  if (!joined.ok) throw new Error(joined.problem);
  return joined.value.catalog.relations.map(({ name }) => name).sort();
};
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const query = async (text: string): Promise<void> => {
  const admin = await postgres.connect('app');
  await admin.query(text);
  await admin.end();
};

/** A target that answers a start-up as told, and keeps what it hears after that. */
const fakeTarget = async (answer: Buffer) => {
  const heard: Buffer[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.on('data', (bytes: Buffer) => void heard.push(bytes));
      socket.write(answer);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, heard };
};
const message = (type: string, body: Buffer): Buffer => {
  const head = Buffer.alloc(5);
  head.write(type, 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
};

describe('catalogs', () => {
  test('are read at once, and again on the schedule, and reported when they changed', async () => {
    const { catalogs } = start(50);
    serve(catalogs);
    await until(() => reports.length === 1);
    expect(reports[0]).toMatchObject({ connection: 'billing', database: 'app', problem: '' });
    await until(() => reports.length === 4);
    // That it is still so is said each time, in a few bytes.
    const digest = sha256(reports[0]?.content ?? new Uint8Array());
    expect(reports.slice(1).map(({ unchanged, content }) => [unchanged, content.length])).toEqual(
      [1, 2, 3].map(() => [digest, 0]),
    );
    await query('create table public.second (id int)');
    await until(() => told().length === 2);
    expect(told().map(tables)).toEqual([['first'], ['first', 'second']]);
  });

  test('are read again on order, long before their time', async () => {
    const { catalogs } = start(1_000_000);
    serve(catalogs);
    await until(() => reports.length === 1);
    await query('create table public.third (id int)');
    catalogs.read(order());
    catalogs.read(order());
    catalogs.read(order({ connection: 'nobody' }));
    await until(() => told().length === 2);
    expect(told().slice(1).map(tables)).toEqual([['first', 'second', 'third']]);
  });

  test('tell which orders came before the look began, and all of it where that is asked for', async () => {
    const { catalogs } = start(1_000_000);
    serve(catalogs);
    await until(() => reports.length === 1);
    expect(reports[0]?.move).toBe(0);
    catalogs.read(order({ move: 7 }));
    await until(() => reports.length === 2);
    expect(reports[1]).toMatchObject({ move: 7, content: Buffer.alloc(0) });
    catalogs.read(order({ move: 5, whole: true }));
    await until(() => reports.length === 3);
    expect(reports[2]).toMatchObject({ move: 7, unchanged: '' });
    expect(tables(reports[2] ?? CatalogReport.fromPartial({}))).toEqual(reports[0] && tables(reports[0]));
  });

  test('are sent in parts: only those that differ, unless all are asked for', async () => {
    const { catalogs } = start(1_000_000);
    await query(
      `do $$ begin for i in 1..200 loop execute format('create table public.many_%s (id int)', i); end loop; end $$`,
    );
    try {
      serve(catalogs);
      await until(() => reports.length === 1);
      const all = reports[0]?.parts.length ?? 0;
      expect(all).toBeGreaterThan(5);
      await query('alter table public.many_100 add column more int');
      catalogs.read(order());
      await until(() => reports.length === 2);
      expect(reports[1]?.parts).toHaveLength(1);
      expect(reports[1] && tables(reports[1])).toEqual(reports[0] && tables(reports[0]));
      catalogs.read(order({ whole: true }));
      await until(() => reports.length === 3);
      expect(reports[2]?.parts).toHaveLength(all);
    } finally {
      await query(`do $$ begin for i in 1..200 loop execute format('drop table public.many_%s', i); end loop; end $$`);
    }
  });

  test('that cannot be true are refused, in words of ours', async () => {
    const admin = await postgres.connect('app');
    // No user can make this; a target that lies can.
    await admin.query(`create table public.canary (id int);
      insert into pg_inherits values ('public.canary'::regclass, 'public.canary'::regclass, 1, false)`);
    try {
      const { catalogs, logged } = start(1_000_000);
      serve(catalogs);
      await until(() => reports.length === 1);
      expect(reports[0]).toMatchObject({
        refused: true,
        content: Buffer.alloc(0),
        problem: expect.stringMatching(/^the catalog is not believed: relations\.\d+\.parents: go in a circle/),
      });
      expect(JSON.stringify([reports, logged])).not.toContain('canary');
    } finally {
      await admin.query(`delete from pg_inherits where inhrelid = 'public.canary'::regclass`);
      await admin.query('drop table public.canary');
      await admin.end();
    }
  });

  test('an order that comes while reading is not lost', async () => {
    let reads = 0;
    const { catalogs } = start(1_000_000, () => {
      reads += 1;
      return Promise.resolve({ user: postgres.user, password: postgres.password });
    });
    serve(catalogs);
    catalogs.read(order());
    await until(() => reads === 2);
  });

  test('a connection that is taken away is not read or reported any more', async () => {
    const { catalogs } = start(20);
    serve(catalogs);
    catalogs.serve(new Map());
    await delay(500);
    expect(reports).toEqual([]);
  });

  test('a refused login is a problem with a code and without a value; a later good look clears it', async () => {
    let right = false;
    const { catalogs, logged } = start(50, () =>
      Promise.resolve({ user: postgres.user, password: right ? postgres.password : password }),
    );
    serve(catalogs);
    await until(() => reports.length > 0);
    expect(reports[0]).toMatchObject({ problem: 'the catalog cannot be read (28P01)' });
    expect(JSON.stringify([reports, logged])).not.toContain(password);
    right = true;
    await until(() => reports.at(-1)?.problem === '');
  });

  test('a target that is away is a problem, and so is a credential', async () => {
    const away = start(1_000_000);
    serve(away.catalogs, { port: 1 });
    await until(() => reports.length === 1);
    expect(reports[0]?.problem).toBe('the catalog cannot be read (ECONNREFUSED)');
    const without = start(1_000_000, () => Promise.reject(new Error(password)));
    serve(without.catalogs);
    await until(() => reports.length === 1);
    expect(reports[0]?.problem).toBe('the catalog cannot be read');
    expect(JSON.stringify(without.logged)).not.toContain(password);
  });

  test('what a hostile target calls its error code is not repeated', async () => {
    const body = Buffer.from('SERROR\0C4111-1111-1111-1111\0Mplanted canary\0\0');
    const { port } = await fakeTarget(message('E', body));
    const { catalogs, logged } = start(1_000_000);
    serve(catalogs, { port });
    await until(() => reports.length === 1);
    expect(reports[0]?.problem).toBe('the catalog cannot be read');
    expect(JSON.stringify([reports, logged])).not.toMatch(/canary|4111/);
  });

  test.each([
    ['in clear', Buffer.from([0, 0, 0, 3])],
    ['as MD5', Buffer.from([0, 0, 0, 5, 1, 2, 3, 4])],
  ])('a target that nobody has verified does not get the password %s', async (_how, method) => {
    const { port, heard } = await fakeTarget(message('R', method));
    const { catalogs } = start(1_000_000, () => Promise.resolve({ user: 'app', password }));
    serve(catalogs, { port });
    await until(() => reports.length === 1);
    expect(reports[0]?.problem).toContain('the catalog cannot be read');
    expect(Buffer.concat(heard).length).toBe(0);
  });
});
