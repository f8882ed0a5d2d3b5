import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Catalog } from '@sallyport/kernel';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createAnalyzer, loadGrammar } from './analyzer.js';
import type { Lineage, StatementFacts } from './facts.js';
import { neverStatements, plainStatements, readStatements } from './statement-kinds.js';

const column = (name: string, attribute: number) => ({ name, attribute, type: 25 });
const table = (oid: number, name: string, ...columns: readonly string[]) =>
  ({ oid, schema: 'public', name, kind: 'table', columns: columns.map((each, at) => column(each, at + 1)) }) as const;

const catalog: Catalog = {
  database: 'app',
  serverVersion: 180_004,
  searchPath: ['public'],
  functions: [
    {
      oid: 30_000,
      schema: 'public',
      name: 'lower',
      kind: 'function',
      language: 'sql',
      volatility: 'volatile',
      securityDefiner: true,
      arguments: [25],
    },
  ],
  types: [],
  relations: [
    table(20_000, 'users', 'id', 'name', 'ssn'),
    table(20_001, 'orders', 'id', 'user_id', 'total'),
    {
      ...table(20_002, 'v', 'id', 'secret', 'shout'),
      kind: 'view',
      definition: 'SELECT users.id, users.ssn AS secret, upper(users.name) AS shout FROM public.users',
    },
    { ...table(20_003, 'vv', 's'), kind: 'view', definition: 'SELECT v.secret AS s FROM public.v' },
    table(20_006, 'events', 'id', 'note'),
    { ...table(20_004, 'events_2026', 'id', 'note'), parents: [20_006] },
    table(20_007, 'pg_customers', 'ssn'),
    { ...table(20_005, 'ruled', 'id'), hasRules: true },
  ],
};

beforeAll(() => loadGrammar());
const analyzer = createAnalyzer(catalog);

function factsOf(text: string): readonly StatementFacts[] {
  const analysis = analyzer.analyze(text, ['public']);
  if (analysis.kind === 'unreadable') throw new Error(analysis.message);
  return analysis.facts.statements;
}

const one = (text: string): StatementFacts => {
  const [facts] = factsOf(text);
  if (facts === undefined) throw new Error('no statement');
  return facts;
};
const show = ({ columns, complete }: Lineage): string =>
  [...columns.map((each) => `${each.table}.${each.column}`).sort(), ...(complete ? [] : ['?'])].join(' ');
const outputs = (text: string): readonly string[] | string => {
  const { answer } = one(text);
  if (answer.kind === 'columns')
    return answer.columns.map(({ lineage, verbatim }) => `${show(lineage)}${verbatim ? '!' : ''}`);
  return answer.kind === 'none' ? 'none' : `${answer.kind} ${show(answer.reach)}`.trim();
};
/** Everything but reading, which lineage tells better. */
const does = (text: string): readonly string[] =>
  factsOf(text).flatMap(({ effects }) =>
    effects
      .filter(({ action, object }) => action !== 'select' && object.kind !== 'column')
      .map(
        ({ action, object }) =>
          `${action} ${object.kind === 'table' ? object.table : object.kind === 'function' ? object.name : object.kind}`,
      ),
  );

describe('lineage', () => {
  const cases: readonly (readonly [string, readonly string[] | string])[] = [
    ['select id, ssn as x from users', ['users.id!', 'users.ssn!']],
    ['select * from users', ['users.id!', 'users.name!', 'users.ssn!']],
    ['select u.* from users u, orders', ['users.id!', 'users.name!', 'users.ssn!']],
    ['select count(*) from users', ['']],
    ['select count(ssn) from users', ['users.ssn']],
    [
      "select ssn || 'x', upper(ssn), ssn::bytea, substr(ssn, 1, 1) from users",
      ['users.ssn', 'users.ssn', 'users.ssn', 'users.ssn'],
    ],
    ['select u from users u', ['users.id users.name users.ssn']],
    [
      'select to_jsonb(u), row_to_json(u), u::text from users u',
      Array(3).fill('users.id users.name users.ssn') as string[],
    ],
    ['select (u).ssn from users u', ['users.id users.name users.ssn']],
    ['select (u).* from users u', 'unproved users.id users.name users.ssn'],
    ['select s.x from (select ssn as x from users) s', ['users.ssn!']],
    ['with a as (select ssn x from users), b as (select x from a) select x from b', ['users.ssn!']],
    [
      'with recursive r as (select ssn c, 1 n from users union all select c, n + 1 from r where n < 3) select c, n from r',
      ['users.ssn', ''],
    ],
    ['select name from users union select ssn from users', ['users.name users.ssn']],
    ['select (select ssn from users where id = 1)', ['users.ssn']],
    ['select exists (select ssn from users)', ['']],
    ['select l.s from orders o, lateral (select ssn as s from users where id = o.user_id) l', ['users.ssn!']],
    ['select id from users join orders using (id)', ['orders.id users.id']],
    [
      'select * from users natural join orders',
      ['orders.id users.id', 'users.name!', 'users.ssn!', 'orders.user_id!', 'orders.total!'],
    ],
    ['select secret, shout from v', ['users.ssn v.secret!', 'users.name v.shout']],
    ['select s from vv', ['users.ssn v.secret vv.s!']],
    ['select note from events_2026', ['events.note events_2026.note!']],
    ['select note from events', ['events.note events_2026.note!']],
    // A bypass found once stays here for ever.
    ['select (select ssn from users limit 1) s, g.* from generate_series(1, 1) g', 'unproved users.ssn'],
    ['select (select ssn from users limit 1) s, * from pg_class', 'unproved users.ssn'],
    ['select ((select u from users u limit 1)).*', 'unproved users.id users.name users.ssn'],
    ["select (select ssn from generate_series(1, 1) g limit 1) || '' from users", ['users.ssn']],
    [
      'select unnest.unnest from users unnest, lateral (select unnest.unnest from unnest(array[1])) x',
      ['users.id users.name users.ssn'],
    ],
    [
      "with recursive a as (select total || '' x from orders), orders as (select ssn as total from users) select x from a",
      ['?'],
    ],
    [
      'merge into orders o using users u on u.id = o.id when matched then delete returning *',
      ['users.id!', 'users.name!', 'users.ssn!', 'orders.id!', 'orders.user_id!', 'orders.total!'],
    ],
    ['select ssn from pg_customers', ['?']],
    ['values (1, 2)', ['', '']],
    ['select array_agg(ssn), json_agg(u) from users u', ['users.ssn', 'users.id users.name users.ssn']],
    ['select first_value(ssn) over (order by id) from users', ['users.id users.ssn']],
    ['insert into orders (id) values (1) returning *', ['orders.id!', 'orders.user_id!', 'orders.total!']],
    ['update users set name = $1 returning old.ssn, new.ssn', ['users.ssn!', 'users.ssn!']],
    ['delete from users using orders where users.id = orders.id returning users.ssn', ['users.ssn!']],
    ['copy users (ssn, id) to stdout', ['users.ssn!', 'users.id!']],
    ['copy (delete from users returning ssn) to stdout', ['users.ssn!']],
    ['select * from nowhere', 'unproved ?'],
    ['select * from generate_series(1, 3)', 'unproved'],
    ['select most_common_vals from pg_stats', ['?']],
    ['explain select ssn from users where name = $1', 'report users.name users.ssn'],
    ['select nothing_known from users', ['?']],
  ];
  test.each(cases)('%s', (text, expected) => {
    expect(outputs(text)).toEqual(expected);
  });
});

describe('filters', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['select 1 from users where ssn like $1', 'users.ssn'],
    ['select id from users order by ssn', 'users.id users.ssn'.replace('users.id ', '')],
    ['select id from users order by 1', 'users.id'],
    ['select ssn as x from users order by x', 'users.ssn'],
    ['select count(*) from users group by ssn', 'users.ssn'],
    ['select distinct ssn from users', 'users.ssn'],
    ['select distinct on (ssn) id from users', 'users.ssn'],
    ['select id from users group by id having max(ssn) > $1', 'users.id users.ssn'],
    ['select case when ssn > $1 then 1 / 0 end from users', 'users.ssn'],
    ['select id from users u join orders o on u.ssn = o.total', 'orders.total users.ssn'],
    ['select ssn from users intersect select total from orders', 'orders.total users.ssn'],
    ['select 1 where $1 in (select ssn from users)', 'users.ssn'],
    ['select rank() over (order by ssn) from users', 'users.ssn'],
    ['select count(*) filter (where ssn = $1) from users', 'users.ssn'],
    ['delete from users where ssn = $1', 'users.ssn'],
    ['update orders set total = 1 from users where users.ssn = $1', 'users.ssn'],
    ['merge into orders o using users u on u.ssn = o.total when matched then delete', 'orders.total users.ssn'],
    ['values (1) limit (select ascii(ssn) - 82 from users limit 1)', 'users.ssn'],
    ['select ssn from users', ''],
    ['select ssn from users union all select name from users', ''],
  ];
  test.each(cases)('%s', (text, expected) => {
    expect(show(one(text).filters)).toBe(expected);
  });
});

describe('copies', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['insert into orders (total) select ssn from users', 'users.ssn'],
    ['create table t as select ssn from users', 'users.ssn'],
    ['select ssn into t from users', 'users.ssn'],
    ['create view w as select ssn from users', 'users.ssn'],
    ["select ssn || '' x into leak from users union all select null", 'users.ssn'],
    ['update users set name = ssn', 'users.ssn'],
    ['update users set ssn = upper(ssn)', ''],
    ['update orders set total = u.ssn from users u', 'users.ssn'],
    ['merge into orders o using users u on u.id = o.id when matched then update set total = u.ssn', 'users.ssn'],
    ["insert into orders (total) values ('x')", ''],
  ];
  test.each(cases)('%s', (text, expected) => {
    expect(show(one(text).copies)).toBe(expected);
  });
});

describe('effects', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ["select 'DROP TABLE users'", []],
    ['select 1 /* delete from users */ -- drop table users', []],
    ['explain delete from users', []],
    ['explain analyze delete from users', ['delete users']],
    ['with d as (delete from users returning id) select * from d', ['delete users']],
    ['insert into users (id) values (1) on conflict (id) do update set name = $1', ['insert users', 'update users']],
    ['merge into users u using orders o on u.id = o.id when matched then delete', ['merge users', 'delete users']],
    ['drop table public.users, orders', ['drop users', 'drop orders']],
    ['truncate users', ['truncate users']],
    ['alter table users add x int', ['alter users']],
    ['do $$ begin delete from users; end $$', ['opaque database']],
    ['call p()', ['opaque database']],
    ["select pg_read_file('/etc/passwd')", ['server_file pg_read_file']],
    ["copy users to program 'sh'", ['server_program database']],
    ["copy users to '/tmp/x'", ['server_file database']],
    ["select set_config('role', 'x', false)", ['configure set_config']],
    ['select lower(name) from users', ['call lower']],
    ['select pg_catalog.lower(name) from users', []],
    ['select my_function(1)', ['call my_function']],
    ['select 1 operator(evil.+) 1', ['call +']],
    ["select query_to_xml('delete from users', true, true, '')", ['opaque query_to_xml']],
    ["select ('/etc/hostname'::text).pg_read_file", ['server_file pg_read_file']],
    ['select (0).pg_sleep', ['call pg_sleep']],
    ['select u.danger from users u', ['call danger']],
    ['select g.pg_sleep from generate_series(1, 2) g', ['call pg_sleep']],
    ["values (1) limit (select length(pg_read_file('x')))", ['server_file pg_read_file']],
    ["select ssn || '' x into leak from users union all select null", ['create database']],
    ["alter table users alter name type text using pg_read_file('x')", ['server_file pg_read_file', 'alter users']],
    ["create table t (a text default pg_read_file('x'))", ['server_file pg_read_file', 'create t']],
    ["update users set name[(select length(pg_read_file('x')))] = 'x'", ['update users', 'server_file pg_read_file']],
    [
      "insert into users (name[(select length(pg_read_file('x')))]) values ('x')",
      ['insert users', 'server_file pg_read_file'],
    ],
    ['select "Upper"(name) from users', ['call Upper']],
    ['select id from users order by id using operator(evil.<)', ['call <']],
    ['select 1 operator(evil.=) any (select id from users)', ['call =']],
    ['set role admin', ['set_role database']],
    ['set session authorization x', ['set_role database']],
    ['set session_replication_role = replica', ['configure database']],
    ['set standard_conforming_strings = off', ['configure database']],
    ['set search_path = a, b', []],
    ['grant select on users to x', ['grant database']],
    ['select * from pg_authid', ['configure pg_authid']],
    ['select * from ruled', ['opaque ruled']],
    ['prepare p as delete from users', ['delete users']],
    ['select 1; drop table users', ['drop users']],
    ['load $$x$$', ['server_program database']],
    ['alter system set x = 1', ['configure database']],
  ];
  test.each(cases)('%s', (text, expected) => {
    expect(does(text)).toEqual(expected);
  });
});

describe('unknown is said', () => {
  test.each([
    "prepare transaction 'x'",
    'copy users from stdin where id > 1',
    'create schema s create view v as select ssn from users',
    'create schema s grant select on t to x',
  ])('%s', (text) => {
    expect(one(text).unknown).toBeDefined();
  });
  test.each(['selec 1', 'select (', "select 'a", `select ${'('.repeat(50_000)}1`, 'select 1\0', 'select \ud800'])(
    'unreadable',
    (text) => {
      expect(analyzer.analyze(text, ['public']).kind).toBe('unreadable');
      expect(analyzer.analyze('select 1', ['public']).kind).toBe('facts');
    },
  );
  test('every statement that the grammar knows is in the table', () => {
    const types = readFileSync(
      join(dirname(createRequire(import.meta.url).resolve('@pgsql/types')), 'types.d.ts'),
      'utf8',
    );
    const kinds = [...types.matchAll(/export interface (\w+Stmt) /g)].map(([, kind]) => kind ?? '');
    const listed = (kind: string): boolean =>
      Object.hasOwn(plainStatements, kind) || readStatements.has(kind) || neverStatements.has(kind);
    expect(kinds.length).toBeGreaterThan(90);
    expect(kinds.filter((kind) => !listed(kind))).toEqual([]);
  });
});

describe('session', () => {
  test('names are followed', () => {
    expect(one('prepare p as select ssn from users').session).toMatchObject({
      kind: 'prepare',
      name: 'p',
      facts: { kind: 'select' },
    });
    expect(one('declare c cursor with hold for select 1').session).toMatchObject({
      kind: 'declare',
      name: 'c',
      hold: true,
    });
    expect(one('fetch all from c').session).toEqual({ kind: 'fetch', name: 'c' });
    expect(one('set search_path = a, b').session).toEqual({
      kind: 'set',
      name: 'search_path',
      value: 'a, b',
      local: false,
    });
    expect(one('discard all').session).toEqual({ kind: 'discard' });
    expect(factsOf('begin; commit').map(({ transaction }) => transaction)).toEqual(['begin', 'commit']);
    expect(factsOf('  ')).toEqual([]);
  });
});
