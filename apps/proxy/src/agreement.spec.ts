import { Duplex, Transform } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { encodeBind, encodeDescribe, encodeExecute, encodeParse, encodeSync } from '@sallyport/postgres';
import type { BackendMessage } from '@sallyport/postgres';
import { openTarget } from '@sallyport/postgres/login';
import type { Client } from 'pg';
import { agentsCatalog } from '../testing/agents-catalog.js';
import { subagent } from '../testing/billing.js';
import { openHouse } from '../testing/house.js';
import type { House } from '../testing/house.js';
import { connectRaw, endOf } from '../testing/raw-client.js';
import type { RawClient } from '../testing/raw-client.js';
import { loadAnalyses } from './analyses.js';

/**
 * What was proved of an answer rests on a catalog. Where the target describes another answer, either is wrong: nothing of it is
 * shown, and somebody hears of it.
 */
const policies = `
  permit (principal, action == Action::"connect", resource);
  permit (principal, action in [Action::"read", Action::"write", Action::"define"], resource);
`;

/** What the target's RowDescription says instead, in this test: its body, in and out. */
let lie: ((body: Buffer) => Buffer) | undefined;

/** A real server whose descriptions of rows are changed on their way. */
const lying = (target: Duplex): Duplex => {
  let rest = Buffer.alloc(0);
  const ear = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= 5 && rest.length > rest.readInt32BE(1)) {
        const frame = rest.subarray(0, 1 + rest.readInt32BE(1));
        rest = rest.subarray(frame.length);
        const isDescription = frame[0] === 'T'.charCodeAt(0);
        const body = isDescription && lie !== undefined ? lie(frame.subarray(5)) : frame.subarray(5);
        const head = Buffer.from(frame.subarray(0, 5));
        head.writeInt32BE(body.length + 4, 1);
        this.push(Buffer.concat([head, body]));
      }
      done();
    },
  });
  target.on('error', () => ear.destroy()).on('close', () => ear.destroy());
  return Duplex.from({ readable: target.pipe(ear), writable: target });
};

let house: House;
let admin: Client;
beforeAll(async () => {
  house = await openHouse({
    analyses: await loadAnalyses(),
    policies,
    subagents: [subagent('reader')],
    open: async (target) => {
      const opened = await openTarget(target);
      return { ...opened, stream: lying(opened.stream) };
    },
    seed: ['create table people (id int)'],
    connection: { tags: [{ schema: 'public', table: 'people', column: 'ssn', classes: ['secret'] }], detectors: false },
    readCatalog: agentsCatalog,
  });
  admin = await house.target.connect('app');
}, 60_000);
afterAll(async () => {
  await admin.end();
  await house.stop();
});

let client: RawClient;
let alarms: number;
beforeEach(async () => {
  lie = undefined;
  await admin.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  );
  await admin.query(`
    drop schema public cascade; create schema public;
    create table people (id int, name text, ssn text); insert into people values (1, 'ada', 'canary-one');
    create table plain (id int, note text); insert into plain values (1, 'free');
    create view cards as select id, upper(name) as name, lower(ssn) as ssn from people`);
  const look = await house.target.connect('app');
  await house.publish({ catalog: await agentsCatalog(look) });
  await look.end();
  alarms = house.controlPlane.events.filter(isAlarm).length;
  client = await connectRaw({ port: house.proxy.ports.postgres, password: await house.token('reader') });
});
afterEach(() => client.end());

const isAlarm = ({ type }: { readonly type: string }): boolean => type === 'alarm';

const heard = (): string =>
  client.heard
    .flatMap((message) => {
      if (message.type === 'row')
        return message.values.map((value) => (value === null ? '' : Buffer.from(value).toString()));
      return 'fields' in message ? [...message.fields.values()] : [];
    })
    .join('\n');

const errorOf = (messages: readonly BackendMessage[]) =>
  messages.flatMap((message) => (message.type === 'error' ? [message.fields] : []))[0];

const stateOf = (messages: readonly BackendMessage[]) => messages.at(-1);

/** Refused, said to somebody, and the session goes on. */
const disagrees = async (messages: readonly BackendMessage[], transaction = 'idle'): Promise<void> => {
  const error = errorOf(messages);
  expect([error?.get('C'), JSON.parse(error?.get('D') ?? '{}')]).toEqual(['SP007', { code: 'answer_mismatch' }]);
  expect(messages.some(({ type }) => type === 'row' || type === 'copyData')).toBe(false);
  expect(stateOf(messages)).toMatchObject({ type: 'ready', transaction });
  expect(heard()).not.toContain('canary');
  const events = await house.evidence((all) => all.filter(isAlarm).length > alarms);
  const alarm = events.filter(isAlarm).at(-1);
  expect(alarm).toMatchObject({ type: 'alarm', code: 'answer_mismatch' });
  const intent = events.find((event) => event.type === 'statement.intent' && event.command === commandOf(alarm));
  expect(intent).toBeDefined();
  expect(JSON.stringify(alarm)).not.toContain('canary');
  lie = undefined;
  expect(endOf(await client.query('select id from plain'))).toBe('SELECT 1');
};

const commandOf = (event: object | undefined): unknown =>
  event !== undefined && 'command' in event ? event.command : '';

describe('a table that was changed behind the gateway', () => {
  const changes: readonly (readonly [string, string, string])[] = [
    ['a column was added', 'alter table people add more text', 'select * from people'],
    ['a column was dropped', 'drop view cards; alter table people drop name', 'select * from people'],
    [
      'columns changed their names',
      'alter table people rename name to n; alter table people rename ssn to name; alter table people rename n to ssn',
      'select id, name from people',
    ],
    [
      'the same, with names of its own',
      'alter table people rename name to n; alter table people rename ssn to name',
      'select name as who from people',
    ],
    [
      'a column of a view has another name',
      'alter view cards rename name to n; alter view cards rename ssn to name',
      'select name from cards',
    ],
    ['a table nobody tagged', 'alter table plain rename note to words', 'select * from plain'],
    ['a type', 'drop view cards; alter table people alter id type bigint', 'select id from people'],
  ];
  test.each(changes)('%s', async (_name, change, query) => {
    await admin.query(change);
    await disagrees(await client.query(query));
    await disagrees(
      await client.ask(encodeParse(query), encodeBind(), encodeDescribe('portal'), encodeExecute(), encodeSync()),
    );
    await disagrees(await client.ask(encodeParse(query), encodeBind(), encodeExecute(), encodeSync()));
    expect(house.controlPlane.moved).toContain('billing/app');
  });

  test('COPY, where the number of columns is all that it tells', async () => {
    await admin.query('alter table people add more text');
    await disagrees(await client.query('copy people to stdout'));
  });

  test('in a transaction block, which goes on', async () => {
    await admin.query('alter table people add more text');
    await client.query('begin');
    await disagrees(await client.query('select * from people'), 'open');
    await client.query('rollback');
  });

  test('the next look puts it right', async () => {
    await admin.query('alter table people add more text');
    await disagrees(await client.query('select * from people'));
    const look = await house.target.connect('app');
    await house.publish({ catalog: await agentsCatalog(look) });
    await look.end();
    expect(endOf(await client.query('select * from people'))).toBe('SELECT 1');
    expect(heard()).toContain('[redacted]');
    expect(heard()).not.toContain('canary');
  });
});

describe('a target that lies about its rows', () => {
  /** Of the second column, where its name ends. */
  const after = (body: Buffer, name: string): number => body.indexOf(`${name}\0`) + name.length + 1;
  const lies: readonly (readonly [string, (body: Buffer) => Buffer])[] = [
    ['a name', (body) => Buffer.from(body.toString('latin1').replace('ssn\0', 'abc\0'), 'latin1')],
    ['an origin', (body) => change(body, (copy) => copy.writeInt16BE(2, after(body, 'ssn') + 4))],
    ['a type', (body) => change(body, (copy) => copy.writeInt32BE(23, after(body, 'ssn') + 6))],
    ['fewer columns', (body) => change(body, (copy) => copy.writeInt16BE(1, 0)).subarray(0, after(body, 'id') + 18)],
  ];
  const change = (body: Buffer, how: (copy: Buffer) => void): Buffer => {
    const copy = Buffer.from(body);
    how(copy);
    return copy;
  };
  test.each(lies)('%s', async (_name, told) => {
    lie = told;
    await disagrees(await client.query('select id, ssn from people'));
  });
});

describe('what came through the gateway itself', () => {
  test.each([
    ['alter table plain add more text', 'select * from plain'],
    ['alter table plain rename note to words', 'select * from plain'],
    ['alter table plain rename note to words', 'select words from plain'],
    ['alter table plain alter id type bigint', 'select id, note from plain'],
  ])('is no alarm: %s; %s', async (definition, query) => {
    await client.query('begin');
    expect(endOf(await client.query(definition))).toBe('ALTER TABLE');
    expect(endOf(await client.query(query))).toBe('SELECT 1');
    await client.query('commit');
    expect(endOf(await client.query(query))).toBe('SELECT 1');
    expect(endOf(await client.query('copy plain to stdout'))).toMatch(/^(COPY 1|SP007)$/);
    client.end();
    await house.evidence((all) => all.at(-1)?.type === 'session.closed');
    expect(house.controlPlane.events.filter(isAlarm)).toHaveLength(alarms);
  });
});
