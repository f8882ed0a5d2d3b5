import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { SampleReport } from '@sallyport/contracts';
import { startPostgres } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import type { AgentConnectionChunk } from '@sallyport/policy/bundle';
import { connectionChunk } from '../testing/authority.js';
import { createSamples } from './samples.js';

const card = '4111 1111 1111 1111';
const mail = 'canary@example.com';

let postgres: TestPostgres;
const query = async (text: string) => {
  const admin = await postgres.connect('app');
  try {
    return await admin.query(text);
  } finally {
    await admin.end();
  }
};
beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.createDatabase('app');
  await query(`
    create role reader login password 'reader';
    create schema "Sales ""x""";
    create table "Sales ""x"""."Orders" (id int, "Pay; with" text, note text, told jsonb);
    insert into "Sales ""x"""."Orders" select n, '${card}', 'fine', '{"to": "${mail}"}' from generate_series(1, 150) n;
    insert into "Sales ""x"""."Orders" select n, null, '${mail}', null from generate_series(1, 10) n;
    create table public.hidden (mail text);
    insert into public.hidden values ('${mail}');
    create table public.half (mail text, more text);
    insert into public.half values ('${mail}', '${mail}');
    create table public.log (what text);
    create function public.spy() returns bool language sql security definer as 'insert into public.log values (1); select true';
    create table public.guarded (mail text);
    insert into public.guarded values ('${mail}');
    alter table public.guarded enable row level security;
    create policy p on public.guarded using (public.spy());
    create view public.seen as select mail, public.spy() from public.guarded;
    create domain public.address as text;
    create table public.parts (at date, mail public.address) partition by range (at);
    create table public.parts_1 partition of public.parts for values from ('2026-01-01') to ('2027-01-01');
    insert into public.parts values ('2026-02-01', '${mail}');
    grant usage on schema public, "Sales ""x""" to reader;
    grant select on all tables in schema public, "Sales ""x""" to reader;
    revoke all on public.hidden, public.half from reader;
    grant select (more) on public.half to reader`);
});
afterAll(() => postgres.stop());

async function take(over: Partial<AgentConnectionChunk> = {}, order = { connection: 'billing', database: 'app' }) {
  const reports: SampleReport[] = [];
  const logged: unknown[] = [];
  const keep = (...words: unknown[]): void => void logged.push(words);
  const samples = createSamples({
    credentials: { read: () => Promise.resolve({ user: 'reader', password: 'reader' }) },
    ca: undefined,
    connection: (name) =>
      name === 'billing' ? connectionChunk({ port: postgres.port, sampling: true, ...over }) : undefined,
    report: (report) => void reports.push(report),
    log: { info: keep, warn: keep },
  });
  await samples.take(order);
  return { reports, logged };
}

describe('samples', () => {
  test('say which class a column holds, of what the role may read and nobody else wrote code for; no value is told', async () => {
    const { reports, logged } = await take();
    const verdict = (schema: string, table: string, column: string, found: string, share: number, sampled: number) => ({
      ...{ schema, table, column, class: found, share, sampled },
    });
    expect(reports).toEqual([
      {
        ...{ connection: 'billing', database: 'app', problem: '' },
        verdicts: [
          verdict('Sales "x"', 'Orders', 'Pay; with', 'card_number', 100, 100),
          verdict('Sales "x"', 'Orders', 'told', 'email', 100, 100),
          verdict('public', 'half', 'more', 'email', 100, 1),
          verdict('public', 'parts', 'mail', 'email', 100, 1),
        ],
      },
    ]);
    expect(JSON.stringify([reports, logged])).not.toMatch(/canary|4111/);
    expect((await query('select * from public.log')).rows).toEqual([]);
  });

  test('a table that is locked is left out, the others are not', async () => {
    const admin = await postgres.connect('app');
    await admin.query('begin; lock table public.half in access exclusive mode');
    const { reports } = await take();
    await admin.query('rollback');
    await admin.end();
    expect(reports[0]?.verdicts.map(({ table }) => table)).toEqual(['Orders', 'Orders', 'parts']);
  });

  test.each([
    ['the database is none of it', {}, { connection: 'billing', database: 'postgres' }],
    ['the connection is another agent’s', {}, { connection: 'other', database: 'app' }],
  ])('are not taken where %s', async (_, over, order) => {
    expect((await take(over, order)).reports).toEqual([]);
  });

  test('that the connection does not allow are not taken, and it is said why', async () => {
    const { reports } = await take({ sampling: false });
    expect(reports).toMatchObject([{ problem: expect.stringContaining('does not allow it'), verdicts: [] }]);
  });

  test('that fail say so in our words', async () => {
    const { reports, logged } = await take({ port: 1 });
    expect(reports).toMatchObject([{ problem: 'columns cannot be sampled', verdicts: [] }]);
    expect(JSON.stringify(logged)).not.toContain('ECONN');
  });
});
