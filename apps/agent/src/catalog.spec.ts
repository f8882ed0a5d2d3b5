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
    create rule extra as on insert to public.customers do also notify moved;
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
    expect(catalog?.operators).toEqual([
      { schema: 'public', name: '<&>', compiled: true },
      { schema: 'public', name: '<+>', compiled: false },
    ]);
    expect(catalog?.casts).toEqual([expect.objectContaining({ target: 25, schema: 'public', name: 'pair_text' })]);
    expect(catalog?.user).toBe('reader');
    expect(catalog?.schemas).toEqual(['public', 'sales']);
    const kinds = Object.fromEntries(catalog?.types.map(({ name, kind }) => [name, kind]) ?? []);
    expect(kinds).toMatchObject({ mood: 'enum', email: 'domain', _mood: 'array', customers: 'composite' });
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
    'alter role reader set search_path = sales',
  ];
  test.each(moves)('notices %s', async (move) => {
    const before = await read();
    expect((await read(before.fingerprint)).catalog).toBeUndefined();
    await admin.query(move);
    expect((await read(before.fingerprint)).catalog).toBeDefined();
  });
});
