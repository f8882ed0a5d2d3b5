import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { encodeBind, encodeExecute, encodeParse, encodeQuery, encodeSync } from '@sallyport/postgres';
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

/**
 * Every way to move what a later statement means. `users` of `secure` has a masked column, that of `public` has not; a session
 * begins in `public`. However the name is made to mean the other table, its values never come: they are masked, or the statement
 * is refused; and where nothing moved after all, it is answered as ever.
 */
const policies = `
  permit (principal, action, resource);
  forbid (principal, action == Action::"reveal", resource);
`;

let house: House;
let admin: Client;
beforeAll(async () => {
  house = await openHouse({
    analyses: await loadAnalyses(),
    policies,
    subagents: [subagent('mover')],
    open: openTarget,
    seed: ['create schema secure', 'create role secure superuser'],
    connection: { tags: [{ schema: 'secure', table: 'users', column: 'ssn', classes: ['secret'] }], detectors: false },
    readCatalog: agentsCatalog,
  });
  admin = await house.target.connect('app');
}, 60_000);
afterAll(async () => {
  await admin.end();
  await house.stop();
});

const undo = `
  alter role current_user reset all; alter database app reset all; alter role current_user in database app reset all;
  alter role secure reset all`;
beforeEach(async () => {
  await admin.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  );
  await admin.query(`
    ${undo};
    drop schema if exists public, secure cascade; create schema public; create schema secure;
    create table secure.users (id int, ssn text); insert into secure.users values (1, 'canary-one');
    create table public.users (id int, ssn text); insert into public.users values (1, 'free');
    create function public.move() returns void language sql as $$ select set_config('search_path', 'secure', false) $$;
    create function public.inside() returns void language sql set search_path = secure as $$ select $$;
    create function public.turn() returns void language plpgsql as $$ begin set role secure; end $$`);
  const look = await house.target.connect('app');
  await house.publish({ catalog: await agentsCatalog(look) });
  await look.end();
});
afterEach(() => client?.end());

let client: RawClient | undefined;
const connected = async (parameters: Readonly<Record<string, string>> = {}): Promise<RawClient> => {
  client = await connectRaw({
    port: house.proxy.ports.postgres,
    password: await house.token('mover'),
    parameters: parameters['options']?.includes('search_path') ? parameters : { search_path: 'public', ...parameters },
  });
  return client;
};

const question = 'select upper(ssn) as ssn from users';

/** What the last question came to, in the words of the table. */
const outcome = ({ heard }: RawClient, from: number): string => {
  const messages = heard.slice(from);
  const all = heard.flatMap((message) =>
    message.type === 'row'
      ? message.values.map((value) => (value === null ? '' : Buffer.from(value).toString()))
      : 'fields' in message
        ? [...message.fields.values()]
        : [],
  );
  expect(all.join('\n').toLowerCase()).not.toContain('canary');
  for (const message of messages) {
    if (message.type === 'error') return message.fields.get('C') ?? '';
    if (message.type !== 'row') continue;
    const text = Buffer.from(message.values[0] ?? []).toString();
    return text === '[redacted]' ? 'masked' : text === 'FREE' ? 'free' : text;
  }
  return 'nothing';
};

interface Way {
  readonly way: string;
  /** By somebody else, before the session. */
  readonly before?: string;
  readonly login?: Readonly<Record<string, string>>;
  readonly steps?: readonly string[];
  readonly then: string;
}

const ways: readonly Way[] = [
  { way: 'nothing', then: 'free' },
  { way: 'start-up parameter', login: { search_path: 'secure' }, then: 'masked' },
  { way: 'start-up options', login: { options: '-c search_path=secure' }, then: 'masked' },
  { way: 'start-up options, the other form', login: { options: '--search_path=secure' }, then: 'masked' },
  { way: 'SET', steps: ['set search_path = secure'], then: 'masked' },
  { way: 'SET to a list in one literal', steps: [`set search_path = 'secure, public'`], then: '0A000' },
  { way: 'SET and RESET', steps: ['set search_path = secure', 'reset search_path'], then: 'free' },
  { way: 'SET and SET TO DEFAULT', steps: ['set search_path = secure', 'set search_path to default'], then: 'free' },
  { way: 'SET and RESET ALL', steps: ['set search_path = secure', 'reset all'], then: 'free' },
  { way: 'SET and DISCARD ALL', steps: ['set search_path = secure', 'discard all'], then: 'free' },
  { way: 'SET and DISCARD PLANS', steps: ['set search_path = secure', 'discard plans'], then: 'masked' },
  { way: 'SET LOCAL', steps: ['begin', 'set local search_path = secure'], then: 'masked' },
  { way: 'SET LOCAL, committed', steps: ['begin', 'set local search_path = secure', 'commit'], then: 'free' },
  { way: 'SET LOCAL outside of a block', steps: ['set local search_path = secure'], then: 'free' },
  {
    way: 'SET LOCAL outside of a block, the other way',
    login: { search_path: 'secure' },
    steps: ['set local search_path = public'],
    then: 'masked',
  },
  {
    way: 'the same behind a block of one text',
    login: { search_path: 'secure' },
    steps: ['begin; commit', 'set local search_path = public'],
    then: 'masked',
  },
  {
    way: 'set_config, local and outside of a block',
    login: { search_path: 'secure' },
    steps: [`select set_config('search_path', 'public', true)`],
    then: 'masked',
  },
  { way: 'SET, rolled back', steps: ['begin', 'set search_path = secure', 'rollback'], then: 'free' },
  { way: 'SET, committed', steps: ['begin', 'set search_path = secure', 'commit'], then: 'masked' },
  {
    way: 'RESET, rolled back',
    login: { search_path: 'public' },
    steps: ['set search_path = secure', 'begin', 'reset search_path', 'rollback'],
    then: 'masked',
  },
  {
    way: 'SET after a savepoint, rolled back to it',
    steps: ['begin', 'savepoint a', 'set search_path = secure', 'rollback to a'],
    then: 'free',
  },
  {
    way: 'SET before a savepoint, rolled back to it',
    steps: ['begin', 'set search_path = secure', 'savepoint a', 'rollback to a'],
    then: 'masked',
  },
  {
    way: 'SET in a savepoint that is released',
    steps: ['begin', 'savepoint a', 'set search_path = secure', 'release a'],
    then: 'masked',
  },
  { way: 'SET, and an error', steps: ['begin', 'set search_path = secure', 'select 1/0', 'rollback'], then: 'free' },
  {
    way: 'SET, and an error taken back',
    steps: ['begin', 'savepoint a', 'set search_path = secure', 'select 1/0', 'rollback to a'],
    then: 'free',
  },
  {
    way: 'SET, in a commit that fails',
    steps: ['begin', 'set search_path = secure', 'select 1/0', 'commit'],
    then: 'free',
  },
  { way: 'set_config', steps: [`select set_config('search_path', 'secure', false)`], then: 'masked' },
  { way: 'set_config, local', steps: ['begin', `select set_config('search_path', 'secure', true)`], then: 'masked' },
  {
    way: 'set_config of what is read',
    steps: [`select set_config('search_path', ssn, false) from public.users`],
    then: 'free',
  },
  {
    way: 'set_config of a name that is made',
    steps: [`select set_config('search' || '_path', 'secure', false)`],
    then: 'free',
  },
  {
    way: 'set_config beside the question',
    steps: [`select set_config('search_path', 'secure', false), (select count(*) from users)`],
    then: 'masked',
  },
  {
    way: 'UPDATE pg_settings',
    steps: [`update pg_settings set setting = 'secure' where name = 'search_path'`],
    then: 'masked',
  },
  { way: 'DO', steps: [`do $$ begin perform set_config('search_path', 'secure', false); end $$`], then: 'masked' },
  { way: 'DO with SET', steps: ['do $$ begin set search_path = secure; end $$'], then: 'masked' },
  { way: 'a function', steps: ['select move()'], then: 'masked' },
  { way: 'a function, rolled back', steps: ['begin', 'select move()', 'rollback'], then: 'free' },
  { way: 'a function that sets it for itself', steps: ['select inside()'], then: 'free' },
  {
    way: 'ALTER ROLE SET, and RESET',
    before: 'alter role current_user set search_path = secure',
    steps: ['reset search_path'],
    then: 'free',
  },
  {
    way: 'ALTER ROLE SET by the session itself',
    steps: ['alter role current_user set search_path = secure'],
    then: 'free',
  },
  {
    way: '$user, as a role that is set',
    steps: [`set search_path = '$user', public`, 'set role secure'],
    then: 'masked',
  },
  {
    way: '$user, as another session authorization',
    steps: [`set search_path = '$user', public`, 'set session authorization secure'],
    then: 'masked',
  },
  {
    way: '$user, and the role is taken back',
    steps: [`set search_path = '$user', public`, 'set role secure', 'reset role'],
    then: 'free',
  },
  {
    way: '$user, SET LOCAL ROLE',
    steps: [`set search_path = '$user', public`, 'begin', 'set local role secure', 'commit'],
    then: 'free',
  },
  {
    way: '$user, set_config of the role',
    steps: [`set search_path = '$user', public`, `select set_config('role', 'secure', false)`],
    then: 'masked',
  },
  {
    way: '$user, a function sets the role',
    steps: [`set search_path = '$user', public`, 'select turn()'],
    then: '0A000',
  },
  {
    way: '$user, a function sets the role to another schema of the path',
    steps: [`set search_path = '$user', public, secure`, 'select turn()'],
    then: '0A000',
  },
  {
    way: '$user, a function sets the role, and it is set again',
    steps: [`set search_path = '$user', public`, 'select turn()', 'set role none'],
    then: 'free',
  },
  { way: 'pg_temp first', steps: ['set search_path = pg_temp, public'], then: 'free' },
  { way: 'a temporary table before it', steps: ['create temp table users (id int, ssn text)'], then: '0A000' },
  {
    way: 'a temporary view before it',
    steps: ['create temp view users as select id, id::text as ssn from secure.users'],
    then: '0A000',
  },
  {
    way: 'a schema before it',
    steps: [
      'set search_path = nowhere, public',
      'create schema nowhere',
      'create table nowhere.users (id int, ssn text)',
    ],
    then: '0A000',
  },
  { way: 'row_security', steps: ['set row_security = off'], then: 'free' },
  { way: 'session_replication_role', steps: ['set session_replication_role = replica'], then: 'free' },
  { way: 'standard_conforming_strings', steps: ['set standard_conforming_strings = off'], then: 'free' },
  { way: 'client_encoding', steps: [`set client_encoding = 'SJIS'`], then: 'free' },
  {
    way: 'standard_conforming_strings, by DO',
    steps: [`do $$ begin perform set_config('standard_conforming_strings', 'off', false); end $$`],
    then: 'SP008',
  },
  {
    way: 'client_encoding, by DO',
    steps: [`do $$ begin perform set_config('client_encoding', 'LATIN1', false); end $$`],
    then: 'SP008',
  },
];

describe('what a later statement means', () => {
  test.each(ways)('$way: $then', async ({ before, login, steps = [], then }) => {
    if (before !== undefined) await admin.query(before);
    const session = await connected(login);
    for (const step of steps) await session.query(step);
    for (const form of ['simple', 'extended'] as const) {
      const from = session.heard.length;
      await (form === 'simple' ? session.query(question) : session.run(question));
      expect([form, outcome(session, from)]).toEqual([form, then]);
    }
    // Where texts are read otherwise, nothing goes there any more.
    expect(endOf(await session.query('rollback'))).toBe(then === 'SP008' ? 'SP008' : 'ROLLBACK');
  });

  test('ALTER DATABASE and ALTER ROLE, where the session says nothing itself', async () => {
    for (const whose of ['database app', 'role current_user']) {
      await admin.query(`${undo}; alter ${whose} set search_path = secure`);
      const session = await connectRaw({ port: house.proxy.ports.postgres, password: await house.token('mover') });
      await session.query(question);
      expect(outcome(session, 0)).toBe('masked');
      session.end();
    }
    await admin.query(undo);
  });

  test('in one text: what stands behind it was read under the old one', async () => {
    const session = await connected();
    const from = session.heard.length;
    await session.query(`set search_path = secure; ${question}`);
    expect(outcome(session, from)).toBe('SP008');
  });

  test('in a pipeline, in one stretch and behind a Sync', async () => {
    for (const groups of [[['set search_path = secure', question]], [['set search_path = secure'], [question]]]) {
      const session = await connected();
      const answers = await session.pipeline(...groups);
      expect(answers.flat().flatMap((message) => (message.type === 'error' ? [message.fields.get('C')] : []))).toEqual(
        [],
      );
      expect(outcome(session, 0)).toBe('masked');
      session.end();
    }
  });

  test('all sent at once, as simple queries', async () => {
    const session = await connected();
    const ready = (): number => session.heard.filter(({ type }) => type === 'ready').length;
    const [from, before] = [session.heard.length, ready()];
    session.send(encodeQuery('set search_path = secure'), encodeQuery(question));
    await until(() => ready() === before + 2);
    expect(outcome(session, from)).toBe('masked');
  });

  test('a statement that was prepared under another path is planned anew', async () => {
    const session = await connected();
    await session.ask(encodeParse(question, 'p'), encodeSync());
    await session.query(`prepare q as ${question}`);
    await session.query('set search_path = secure');
    for (const messages of [
      [encodeBind({ statement: 'p' }), encodeExecute(), encodeSync()],
      [encodeQuery('execute q')],
    ]) {
      const from = session.heard.length;
      await session.ask(...messages);
      expect(outcome(session, from)).toBe('masked');
    }
  });

  test.each([
    [{ standard_conforming_strings: 'off' }],
    [{ client_encoding: 'SJIS' }],
    [{ options: '-c standard_conforming_strings=off' }],
    [{ options: '-c session_replication_role=replica' }],
    [{ role: 'secure' }],
    [{ options: '-c role=secure' }],
  ])('%j at start-up ends the login', async (parameters) => {
    const session = await connected(parameters);
    expect(endOf(session.heard)).toMatch(/^(?!COMPLETE).{5}$/);
    expect(session.heard.some(({ type }) => type === 'ready')).toBe(false);
  });

  test.each(['standard_conforming_strings = off', "client_encoding = 'LATIN1'"])(
    'ALTER ROLE SET %s: nothing is read in such a session',
    async (setting) => {
      await admin.query(`alter role current_user set ${setting}`);
      const session = await connected();
      const from = session.heard.length;
      if (!session.socket.destroyed) await session.query(question);
      expect(['SP008', 'nothing', 'masked', 'free']).toContain(outcome(session, from));
    },
  );
});
