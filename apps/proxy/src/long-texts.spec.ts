import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { openTarget } from '@sallyport/postgres/login';
import { until } from '@sallyport/testing';
import type { Client, QueryConfig } from 'pg';
import pg from 'pg';
import { agentsCatalog } from '../testing/agents-catalog.js';
import { subagent } from '../testing/billing.js';
import { openHouse } from '../testing/house.js';
import type { House } from '../testing/house.js';
import { loadAnalyses } from './analyses.js';

/** Texts that are read in a thread of their own, over the wire and against a real target. */
let house: House;
let client: Client;
beforeAll(async () => {
  house = await openHouse({
    analyses: await loadAnalyses(),
    policies: `
      permit (principal, action, resource) unless { action == Action::"reveal" };
      @id("no-drop") forbid (principal, action == Action::"drop", resource);`,
    subagents: [subagent('etl')],
    open: openTarget,
    seed: ['create table people (id int, mail text)', `insert into people values (1, 'canary-mail'), (2, null)`],
    connection: {
      tags: [{ schema: 'public', table: 'people', column: 'mail', classes: ['secret'] }],
      detectors: false,
    },
    readCatalog: agentsCatalog,
  });
  client = await house.client(await house.token('etl'));
}, 60_000);
afterAll(async () => {
  await client.end();
  await house.stop();
});

const list = (length: number, item: (at: number) => string): string =>
  Array.from({ length }, (_, at) => item(at)).join();
const among = `select id, mail from people where id in (${list(20_000, String)}) order by id`;
const many = `insert into people values ${list(60_000, (at) => `(${at + 100}, 'x')`)}`;
const failure = (promise: Promise<unknown>): Promise<{ readonly code: string; readonly message: string }> =>
  promise.then(
    () => ({ code: '00000', message: 'it was done' }),
    (error: unknown) => error as { code: string; message: string },
  );
const count = async (by: Client): Promise<unknown> =>
  (await by.query<{ n: number }>('select count(*)::int as n from people')).rows[0]?.n;

/** Before that a cancel would be for nothing, as it would be with the target itself. */
const whileItIsRead = async (): Promise<void> => {
  const read = jest.spyOn(house.proxy.gate.reader, 'read');
  await until(() => read.mock.calls.length > 0, 'it is being read');
  read.mockRestore();
};

test('they are decided and masked as short ones are: simple, extended, and by their names', async () => {
  const extended: QueryConfig & { readonly queryMode: string } = { text: among, queryMode: 'extended' };
  const masked = [
    { id: 1, mail: '[redacted]' },
    { id: 2, mail: null },
  ];
  expect((await client.query<object>(among)).rows).toEqual(masked);
  expect((await client.query<object>(extended)).rows).toEqual(masked);
  await client.query(`prepare long as ${among}`);
  expect((await client.query<object>('execute long')).rows).toEqual(masked);
  expect(await failure(client.query(`${among}; drop table people`))).toMatchObject({ code: '42501' });
  expect(await failure(client.query(`${among} and`))).toMatchObject({ code: '42601' });
  expect(await count(client)).toBe(2);
});

test('neighbours are answered while one is read that is refused', async () => {
  const neighbour = await house.client(await house.token('etl'));
  let over = false;
  const refused = failure(client.query('select 1;'.repeat(60_000))).finally(() => (over = true));
  let answers = 0;
  for (; !over; answers += 1) await neighbour.query('select 1');
  expect(answers).toBeGreaterThan(5);
  expect(await refused).toMatchObject({ code: '42601', message: expect.stringContaining('10000 statements') });
  expect(await count(client)).toBe(2);
  await neighbour.end();
});

test('who cancels while it is read has run nothing, and goes on', async () => {
  const refused = failure(client.query(many));
  await whileItIsRead();
  const { processID, secretKey } = client as unknown as { readonly processID: number; readonly secretKey: number };
  const canceller = new pg.Client({ host: '127.0.0.1', port: client.port });
  const { connection } = canceller as unknown as {
    readonly connection: {
      connect(port: number, host: string): void;
      cancel(process: number, key: number): void;
      on(event: string, listener: () => void): void;
    };
  };
  connection.on('connect', () => connection.cancel(processID, secretKey));
  connection.connect(client.port, '127.0.0.1');
  expect((await refused).message).toContain('cancelled');
  expect(await count(client)).toBe(2);
});

test('who leaves while it is read has run nothing, and its session is over', async () => {
  const leaver = await house.client(await house.token('etl'));
  const sessions = house.proxy.gate.sessions.size;
  const left = failure(leaver.query(many));
  await whileItIsRead();
  (leaver as unknown as { readonly connection: { readonly stream: { destroy(): void } } }).connection.stream.destroy();
  await left;
  await until(() => house.proxy.gate.sessions.size === sessions - 1, 'its session is over');
  expect(await count(client)).toBe(2);
});
