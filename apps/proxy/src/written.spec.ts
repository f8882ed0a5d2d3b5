import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  encodeBind,
  encodeCopyData,
  encodeCopyDone,
  encodeExecute,
  encodeParse,
  encodeQuery,
  encodeSync,
} from '@sallyport/postgres';
import type { BackendMessage } from '@sallyport/postgres';
import { openTarget } from '@sallyport/postgres/login';
import { until } from '@sallyport/testing';
import type { Client } from 'pg';
import { agentsCatalog } from '../testing/agents-catalog.js';
import { subagent } from '../testing/billing.js';
import { openHouse } from '../testing/house.js';
import type { House } from '../testing/house.js';
import { connectRaw, endOf } from '../testing/raw-client.js';
import type { RawClient } from '../testing/raw-client.js';
import { loadAnalyses } from './analyses.js';

/** A limit on written rows holds for every way to write them, whatever the target's tag says. */
const policies = `
  permit (principal, action == Action::"connect", resource);
  @id("few") @budget("writes=10/1h")
  permit (principal, action in [Action::"read", Action::"write", Action::"define"], resource);
`;

/** Each has a budget of its own. */
const loaders = Array.from({ length: 16 }, (_, at) => `loader_${at}`);

let house: House;
let client: Client;
beforeAll(async () => {
  house = await openHouse({
    analyses: await loadAnalyses(),
    policies,
    subagents: [subagent('writer'), ...loaders.map((name) => subagent(name))],
    open: openTarget,
    seed: [
      'create table notes (id int)',
      'insert into notes select generate_series(1, 20)',
      'create table loads (id int, note text)',
      'create table picky (id int, note text)',
      'create function pick() returns trigger language plpgsql as $$ begin return null; end $$',
      'create trigger picks before insert on picky for each row execute function pick()',
    ],
    readCatalog: agentsCatalog,
    connection: { detectors: false },
  });
  client = await house.client(await house.token('writer'));
}, 60_000);
afterAll(() => house.stop());

const codeOf = (text: string): Promise<string> =>
  client.query(text).then(
    () => 'done',
    (error: unknown) => `${(error as { code: string }).code} ${(error as Error).message}`,
  );

describe('a budget on written rows', () => {
  test.each([
    'with gone as (delete from notes returning id) select id from gone',
    'with gone as (delete from notes returning id) insert into notes select id from gone',
    'explain analyze delete from notes',
    'copy (delete from notes returning id) to stdout',
    'truncate notes',
    'execute hidden',
  ])('refuses what nobody counts: %s', async (text) => {
    if (text.startsWith('execute'))
      expect(await codeOf('prepare hidden as with gone as (delete from notes returning id) select id from gone')).toBe(
        'done',
      );
    expect(await codeOf(text)).toBe(
      '42501 it writes rows that the target does not count, and a budget limits those (policy few)',
    );
    expect((await client.query('select count(*)::int as left from notes')).rows).toEqual([{ left: 20 }]);
  });

  test('counts the rows of a table that is made of a query', async () => {
    expect(await codeOf('create table six as select id from notes where id <= 6')).toBe('done');
    expect(await codeOf('select id into others from notes where id <= 3')).toBe('done');
    expect(await codeOf('insert into notes values (21)')).toBe('done');
    expect(await codeOf('insert into notes values (22)')).toContain('54000');
    expect(await codeOf('create table more as select 1 as id')).toContain('54000');
    expect(await codeOf('select id from notes')).toBe('done');
  });
});

describe('a COPY from the client is counted while it comes', () => {
  let next = 0;
  const login = async (): Promise<RawClient> =>
    connectRaw({ port: house.proxy.ports.postgres, password: await house.token(loaders[(next += 1)] ?? '') });
  const count = async (table = 'loads'): Promise<number> => {
    const direct = await house.target.connect('app');
    const { rows } = await direct.query<{ n: number }>(`select count(*)::int as n from ${table}`);
    await direct.query(`truncate ${table}`);
    await direct.end();
    return rows[0]?.n ?? -1;
  };
  const lines = (from: number, to: number): Uint8Array =>
    Buffer.from(Array.from({ length: to - from + 1 }, (_, at) => `${from + at},"a\nb"\n`).join(''));
  const texts = (from: number, to: number): Uint8Array =>
    Buffer.from(Array.from({ length: to - from + 1 }, (_, at) => `${from + at}\ta\\\nb\n`).join(''));
  const tuple = (id: number): number[] => [0, 2, 0, 0, 0, 4, 0, 0, 0, id, 255, 255, 255, 255];
  const tuples = (from: number, to: number): Uint8Array =>
    Buffer.from([
      ...(from === 1 ? [...Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), 0, 0, 0, 0, 0, 0, 0, 0] : []),
      ...Array.from({ length: to - from + 1 }, (_, at) => tuple(from + at)).flat(),
    ]);
  const shapes = [
    ['text', 'copy loads from stdin', texts],
    ['csv', 'copy loads from stdin (format csv)', lines],
    ['binary', 'copy loads from stdin (format binary)', tuples],
  ] as const;
  const forms = [
    ['simple', (text: string) => [encodeQuery(text)], []],
    ['extended', (text: string) => [encodeParse(text), encodeBind(), encodeExecute()], [encodeSync()]],
  ] as const;
  const all = shapes.flatMap(([format, text, data]) =>
    forms.map(([form, ask, end]) => ({ format, text, data, form, ask, end })),
  );

  test.each(all)(
    '$format, $form: cut in the middle, nothing of it is written, and the session goes on',
    async ({ text, data, ask, end }) => {
      const client = await login();
      client.send(...ask(text), encodeCopyData(data(1, 6)), encodeCopyData(data(7, 11)));
      const error = await client.hears(
        (message): message is Extract<BackendMessage, { type: 'error' | 'notice' }> => message.type === 'error',
      );
      expect([error.fields.get('C'), error.fields.get('M'), error.fields.get('H')]).toEqual([
        '54000',
        'the budget of 10 writes per 1h is used up (policy few)',
        'Nothing of this COPY was written.',
      ]);
      // A client may only hear of it later.
      client.send(encodeCopyData(data(12, 99)), encodeCopyDone(), ...end);
      await until(() => client.heard.at(-1)?.type === 'ready');
      expect(client.heard.filter(({ type }) => type === 'error')).toHaveLength(1);
      expect(await count()).toBe(0);
      // It was counted as one write, and no more.
      const rest = [
        ...ask(text),
        encodeCopyData(data(1, 9)),
        ...(data === tuples ? [encodeCopyData(Buffer.from([255, 255]))] : []),
      ];
      expect(endOf(await client.ask(...rest, encodeCopyDone(), ...end))).toBe('COPY 9');
      expect(await count()).toBe(9);
      expect(endOf(await client.query('insert into loads values (1)'))).toBe('54000');
      client.end();
    },
  );

  test('rows that may not stay count at the end: a condition, a trigger; so does what others cannot read', async () => {
    const client = await login();
    const load = (text: string): Promise<readonly BackendMessage[]> =>
      client.ask(encodeQuery(text), encodeCopyData(lines(1, 30)), encodeCopyDone());
    expect(endOf(await load('copy loads from stdin (format csv) where id > 26'))).toBe('COPY 4');
    expect(endOf(await load('copy picky from stdin (format csv)'))).toBe('COPY 0');
    expect([await count(), await count('picky')]).toEqual([4, 0]);
    client.end();
  });

  test('in a block the transaction is failed by it, as by any error of a COPY', async () => {
    const client = await login();
    await client.query('begin');
    const heard = await client.ask(
      encodeQuery('copy loads from stdin (format csv)'),
      encodeCopyData(lines(1, 30)),
      encodeCopyDone(),
    );
    expect(heard.map((message) => (message.type === 'ready' ? message.transaction : message.type))).toEqual([
      'other',
      'error',
      'failed',
    ]);
    expect(endOf(await client.query('commit'))).toBe('ROLLBACK');
    client.end();
  });

  test('a message that is too long to be kept counts when it is through', async () => {
    const client = await login();
    const long = Buffer.from(Array.from({ length: 18 }, (_, at) => `${at},${'x'.repeat(1 << 20)}\n`).join(''));
    const heard = await client.ask(
      encodeQuery('copy loads from stdin (format csv)'),
      encodeCopyData(long),
      encodeCopyDone(),
    );
    expect(endOf(heard)).toBe('54000');
    expect(endOf(await client.query('select 1'))).toBe('SELECT 1');
    expect(await count()).toBe(0);
    client.end();
  });
});
