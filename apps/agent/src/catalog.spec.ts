import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Catalog } from '@sallyport/kernel';
import { type TestPostgres, startPostgres } from '@sallyport/testing';
import type { Client } from 'pg';
import { readCatalog } from './catalog.js';

let postgres: TestPostgres;
let admin: Client;
beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.createDatabase('app');
  admin = await postgres.connect('app');
  await admin.query(`
    create schema sales;
    create type mood as enum ('a', 'b');
    create domain email as text check (value like '%@%');
    create table public.customers (id int primary key, dropped int, mail email, feelings mood[]);
    alter table public.customers drop column dropped;
    create table sales.events (at date not null, note text) partition by range (at);
    create table sales.events_2026 partition of sales.events for values from ('2026-01-01') to ('2027-01-01');
    create view public.mails as select id, mail as address from customers;
    create materialized view sales.counted as select count(*) as n from customers;
    create function public.leak(int) returns text language sql security definer as 'select mail from customers where id = $1';
    create table public.staff (pay int, id bigint primary key, half int generated always as (pay / 2) stored);
    create function public.plus(int, text) returns text language sql as 'select $2';
    create operator public.<+> (leftarg = int, rightarg = text, function = public.plus);
    create operator public.<&> (leftarg = int, rightarg = int, function = int4and);
    create type public.pair as (a int, b int);
    create function public.pair_text(public.pair) returns text language sql as 'select ($1).a::text';
    create cast (public.pair as text) with function public.pair_text(public.pair);
    create function pg_catalog.lower(public.pair) returns text language sql as 'select null::text';
    create function public.note() returns trigger language plpgsql security definer as 'begin return new; end';
    create trigger noted before update on public.staff for each row execute function public.note();
    alter table public.customers add constraint known foreign key (id) references public.staff;
    alter table public.staff enable row level security;
    alter table public.staff force row level security;
    create policy own on public.staff for select using (pay < 10);
    create policy little on public.staff as restrictive for insert with check (pay < 100);
    create type public.letters as range (subtype = public.email);
    create function public.found(inout int, out text) returns record stable strict language plpgsql as 'begin end';
    create function public.guard() returns event_trigger language plpgsql as 'begin end';
    create event trigger guarded on ddl_command_end execute function public.guard();
    create rule extra as on insert to public.customers do also notify moved;
    create table public.rows (id int primary key, code varchar(9) unique, pay int, bonus int, staff bigint references public.staff,
      constraint more check (pay > bonus), constraint few check (bonus < 9));
    create index on public.rows ((100 / pay), lower(code)) where bonus > 0;
    create table public.placed (a text, "B" text, c text) partition by range (lower(a), "B");
    create function public.rows_of(int, variadic text[]) returns table (id int, mail text) language sql as 'select 1, null::text';
    create role reader login password 'reader';
    grant connect on database app to reader;`);
});
afterAll(async () => {
  await admin.end();
  await postgres.stop();
});

async function read(known?: string): Promise<Awaited<ReturnType<typeof readCatalog>>> {
  const client = new (admin.constructor as new (options: object) => Client)({
    host: '127.0.0.1',
    port: postgres.port,
    user: 'reader',
    password: 'reader',
    database: 'app',
  });
  await client.connect();
  try {
    return await readCatalog(client, known);
  } finally {
    await client.end();
  }
}

const relation = (catalog: Catalog | undefined, name: string): Catalog['relations'][number] | undefined =>
  catalog?.relations.find((each) => each.name === name);

describe('catalog', () => {
  test('runs nothing that users made, whatever search_path the role starts with', async () => {
    await admin.query(`
      create schema evil;
      create table evil.heard (what pg_catalog.text);
      create function evil.spy(pg_catalog.text) returns bool language plpgsql security definer as
        'begin insert into evil.heard values (current_query()); return true; end';
      create function evil.spy(pg_catalog.name, pg_catalog.name) returns bool language sql security definer as
        'insert into evil.heard values (current_query()); select true';
      create domain evil.text as pg_catalog.text check (evil.spy(value));
      create operator evil.<> (leftarg = pg_catalog.name, rightarg = pg_catalog.name, function = evil.spy);
      grant usage on schema evil to reader;
      alter role reader set search_path = evil, public, pg_catalog;`);
    try {
      const { catalog } = await read();
      expect(catalog?.searchPath).toEqual(['evil', 'public', 'pg_catalog']);
      expect((await admin.query('select * from evil.heard')).rows).toEqual([]);
    } finally {
      await admin.query('alter role reader reset search_path; drop schema evil cascade');
    }
  });

  test('needs no rights but to connect, and holds what proof needs', async () => {
    const { catalog } = await read();
    expect(catalog).toMatchObject({ database: 'app', searchPath: ['public'] });
    expect(Math.trunc((catalog?.serverVersion ?? 0) / 10_000)).toBe(18);
    expect(relation(catalog, 'customers')).toMatchObject({
      schema: 'public',
      kind: 'table',
      hasRules: true,
      columns: [
        { attribute: 1, name: 'id', type: 23 },
        { attribute: 3, name: 'mail' },
        { attribute: 4, name: 'feelings' },
      ],
    });
    expect(relation(catalog, 'mails')?.definition).toContain('mail AS address');
    expect(relation(catalog, 'mails')?.hasRules).toBeUndefined();
    expect(relation(catalog, 'events_2026')?.parents).toEqual([relation(catalog, 'events')?.oid]);
    expect(relation(catalog, 'counted')?.kind).toBe('materialized');
    expect(catalog?.functions).toContainEqual(
      expect.objectContaining({ name: 'leak', language: 'sql', securityDefiner: true, arguments: [23] }),
    );
    // Whatever is not the server's own, wherever it stands.
    expect(catalog?.functions.map(({ schema, name }) => `${schema}.${name}`)).toEqual(
      expect.arrayContaining(['pg_catalog.lower', 'public.plus', 'public.pair_text']),
    );
    expect(catalog?.functions.some(({ schema, name }) => schema === 'pg_catalog' && name !== 'lower')).toBe(false);
    expect(relation(catalog, 'staff')).toMatchObject({
      key: [2],
      columns: [{ name: 'pay' }, { name: 'id' }, { name: 'half', generated: '(pay / 2)' }],
    });
    const plus = catalog?.functions.find(({ name }) => name === 'plus');
    expect(catalog?.operators).toEqual([
      { schema: 'public', name: '<+>', compiled: false, left: 23, right: 25, result: 25, function: plus?.oid },
      { schema: 'public', name: '<&>', compiled: true, left: 23, right: 23, result: 23, function: 1898 },
    ]);
    expect(catalog?.casts).toEqual([expect.objectContaining({ target: 25, schema: 'public', name: 'pair_text' })]);
    expect(catalog?.user).toBe('reader');
    expect(catalog?.schemas).toEqual(['public', 'sales']);
    const kinds = Object.fromEntries(catalog?.types.map(({ name, kind }) => [name, kind]) ?? []);
    expect(kinds).toMatchObject({ mood: 'enum', email: 'domain', _mood: 'array', customers: 'composite' });
    expect(kinds).toMatchObject({ letters: 'range', letters_multirange: 'range' });
  });

  test('tells what runs beside a statement: triggers, rules, row security, constraints of domains', async () => {
    const { catalog } = await read();
    const oid = (name: string) => catalog?.functions.find((each) => each.name === name)?.oid;
    expect(relation(catalog, 'staff')).toMatchObject({
      owner: postgres.user,
      triggers: [{ name: 'noted', function: oid('note') }],
      rowSecurity: {
        forced: true,
        policies: [
          { name: 'little', command: 'insert', check: '(pay < 100)' },
          { name: 'own', command: 'select', using: '(pay < 10)' },
        ],
      },
    });
    // A foreign key's own triggers are the server's.
    expect(relation(catalog, 'customers')).toMatchObject({ hasTriggers: true });
    expect(relation(catalog, 'customers')).not.toHaveProperty('triggers');
    expect(relation(catalog, 'customers')?.rules).toEqual([
      { name: 'extra', event: 'insert', definition: expect.stringContaining('NOTIFY moved') },
    ]);
    const type = (name: string) => catalog?.types.find((each) => each.name === name);
    expect(type('email')?.constraints).toEqual([expect.stringContaining("~~ '%@%'")]);
    expect(type('letters')?.of).toBe(type('email')?.oid);
    expect(type('letters_multirange')?.of).toBe(type('letters')?.oid);
    expect(catalog?.eventTriggers).toEqual([{ name: 'guarded', event: 'ddl_command_end', function: oid('guard') }]);
    expect(catalog?.functions.find(({ name }) => name === 'found')).toMatchObject({
      ...{ owner: postgres.user, identity: [23], arguments: [23, 25], returns: 2249, language: 'plpgsql' },
    });
    expect(catalog?.functions.find(({ name }) => name === 'leak')).not.toHaveProperty('identity');
  });

  const moves = [
    'alter table public.customers rename mail to email_address',
    'alter table public.customers rename to clients',
    'alter view public.mails rename address to a',
    'create or replace view sales.v as select 1 as one',
    'create or replace view sales.v as select 1 as one, 2 as two',
    'create or replace function public.leak(int) returns text language sql as $$ select null::text $$',
    'drop function public.leak(int)',
    'alter table sales.events detach partition sales.events_2026',
    'alter schema sales rename to trade',
    'create domain phone as text',
    'create operator public.<-> (leftarg = int, rightarg = text, function = public.plus)',
    'drop cast (public.pair as text)',
    'alter table public.staff alter column half set expression as (pay)',
    'drop trigger noted on public.staff',
    'alter policy own on public.staff using (pay < 11)',
    'alter table public.staff no force row level security',
    'alter domain email drop constraint email_check',
    'alter event trigger guarded disable',
    'alter function public.plus(int, text) owner to reader',
    'alter role reader set search_path = sales',
  ];
  test.each(moves)('notices %s', async (move) => {
    const before = await read();
    expect((await read(before.fingerprint)).catalog).toBeUndefined();
    await admin.query(move);
    expect((await read(before.fingerprint)).catalog).toBeDefined();
  });

  test('says what rows must fit, and what functions give', async () => {
    const { catalog } = await read();
    const rows = relation(catalog, 'rows');
    expect(rows).toMatchObject({
      key: [1],
      matched: [2, 5],
      checks: ['(bonus < 9)', '(pay > bonus)'],
      indexed: ['(100 / pay), lower((code)::text), (bonus > 0)'],
    });
    expect(rows?.columns.map(({ limited }) => limited)).toEqual([undefined, true, undefined, undefined, undefined]);
    expect(relation(catalog, 'placed')?.partitionedBy).toBe('"B", lower(a)');
    const staff = relation(catalog, 'staff');
    expect([staff?.matched, staff?.checks, staff?.indexed, staff?.partitionedBy]).toEqual(Array(4).fill(undefined));
    const results = (name: string): unknown => catalog?.functions.find((each) => each.name === name)?.results;
    expect(results('rows_of')).toEqual([
      { name: 'id', type: 23 },
      { name: 'mail', type: 25 },
    ]);
    expect(results('found')).toEqual([
      { name: '', type: 23 },
      { name: '', type: 25 },
    ]);
    expect(results('leak')).toBeUndefined();
  });
});
