import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { encodeCatalog } from '@sallyport/policy/bundle';
import { atOnce } from '@sallyport/runtime';
import { startPostgres } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import { createHash } from 'node:crypto';
import { readCatalog } from './catalog.js';
import {
  castsQuery,
  eventTriggersQuery,
  functionsQuery,
  operatorsQuery,
  relationsQuery,
  schemasQuery,
  settingsQuery,
  startQuery,
  typesQuery,
} from './catalog-queries.js';
import { UnbelievableCatalog } from './unbelievable-catalog.js';

type Row = Readonly<Record<string, unknown>>;
type Forge = (rows: readonly Row[]) => readonly Row[];

/** What a server says to each query; then a target that lies in one of the answers. */
const truth = new Map<string, readonly Row[]>();
let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.createDatabase('app');
  const admin = await postgres.connect('app');
  await admin.query(`
    create type pair as (a int, b int);
    create domain code as text check (length(value) > 2);
    create table canary (id int primary key, ssn code unique, pay int check (pay > 0), half int generated always as (pay / 2) stored);
    create table child () inherits (canary);
    create view seen as select id from canary;
    create function found(int, out id int, out mail text) language sql as 'select 1, null::text';
    create function glue(int, text) returns text language sql as 'select $2';
    create operator <+> (leftarg = int, rightarg = text, function = glue);
    create function pair_text(pair) returns text language sql as 'select null::text';
    create cast (pair as text) with function pair_text(pair);
    alter table canary enable row level security;
    create policy own on canary using (pay < 10);`);
  await readCatalog(
    {
      query: async (text) => {
        const result = await admin.query<Row>(text);
        truth.set(text, result.rows);
        return result;
      },
    },
    undefined,
  );
  await admin.end();
}, 60_000);
afterAll(() => postgres.stop());

/** Why it is not believed; `undefined`: it is. */
async function doubt(about: string, forge: Forge): Promise<string | undefined> {
  const query = (text: string): Promise<{ readonly rows: readonly Row[] }> => {
    const rows = truth.get(text) ?? [];
    return Promise.resolve({ rows: text === about ? forge(rows) : rows });
  };
  try {
    const { catalog } = await readCatalog({ query }, undefined);
    if (catalog === undefined) throw new Error('nothing was read');
    const made = atOnce(encodeCatalog(catalog, (bytes) => createHash('sha256').update(bytes).digest('hex')));
    return made.ok ? undefined : made.problem;
  } catch (error) {
    if (error instanceof UnbelievableCatalog) return error.message;
    throw error;
  }
}

/** In every row, or in that of one name. */
const saying =
  (over: Row | ((row: Row) => Row), name?: string): Forge =>
  (rows) =>
    rows.map((row) =>
      name === undefined || row['name'] === name ? { ...row, ...(typeof over === 'function' ? over(row) : over) } : row,
    );
const without =
  (column: string): Forge =>
  (rows) =>
    rows.map(({ [column]: _, ...rest }) => rest);
const column = (over: readonly unknown[]): Row => ({ columns: [over] });
const long = 'x'.repeat(1_000_000);

test('what the server says is believed', async () => {
  expect(await doubt('', (rows) => rows)).toBeUndefined();
  expect(truth.get(relationsQuery)?.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['canary', 'child', 'seen']),
  );
});

test.each<readonly [string, string, Forge]>([
  ['an OID that is negative', relationsQuery, saying({ oid: '-5' }, 'canary')],
  ['an OID that is too large', relationsQuery, saying({ oid: '99999999999' }, 'canary')],
  ['an OID that is no number', relationsQuery, saying({ oid: 'canary' }, 'canary')],
  ['an OID that is not said', relationsQuery, without('oid')],
  ['an OID of the server’s own', relationsQuery, saying({ oid: '1259' }, 'canary')],
  ['a schema of the server’s own', relationsQuery, saying({ schema: 'pg_catalog' }, 'canary')],
  ['a name with NUL', relationsQuery, saying({ name: 'can\0ary' }, 'canary')],
  ['a name of a megabyte', relationsQuery, saying({ name: long }, 'canary')],
  ['a schema of a megabyte', relationsQuery, saying({ schema: long }, 'canary')],
  ['a definition of more', relationsQuery, saying({ definition: `${long}x` }, 'seen')],
  ['a check of more', relationsQuery, saying({ checks: [`${long}x`] }, 'canary')],
  ['more checks than anybody could write', relationsQuery, saying({ checks: Array(1_001).fill('true') }, 'canary')],
  ['relations twice', relationsQuery, (rows) => [...rows, ...rows]],
  ['two of one name', relationsQuery, saying({ name: 'canary', schema: 'public' })],
  ['an answer that was cut', relationsQuery, without('columns')],
  ['no lists of checks', relationsQuery, without('checks')],
  ['columns that are no list', relationsQuery, saying({ columns: 'canary' }, 'canary')],
  ['a column that is no list', relationsQuery, saying({ columns: ['canary'] }, 'canary')],
  ['a column before the first', relationsQuery, saying(column([0, 'canary', 23, null, null]), 'canary')],
  ['a column with a type that is none', relationsQuery, saying(column([1, 'id', -23, null, null]), 'canary')],
  ['a column with a name that has NUL', relationsQuery, saying(column([1, 'can\0ary', 23, null, null]), 'canary')],
  ['a key of no column', relationsQuery, saying({ key: [900] }, 'canary')],
  ['a unique column that is not there', relationsQuery, saying({ matched: [900] }, 'canary')],
  ['itself as a parent', relationsQuery, saying((row) => ({ parents: [row['oid']] }), 'canary')],
  ['a circle of parents', relationsQuery, (rows) => circle(rows)],
  ['parents that are no numbers', relationsQuery, saying({ parents: ['canary'] }, 'child')],
  ['parents that are not said', relationsQuery, without('parents')],
  ['policies that are no list', relationsQuery, saying({ policies: 'canary' }, 'canary')],
  ['functions twice', functionsQuery, (rows) => [...rows, ...rows]],
  ['a function of a negative OID', functionsQuery, saying({ oid: '-1' })],
  ['arguments without end', functionsQuery, saying({ arguments: Array(1_001).fill('23') })],
  ['results that are no list', functionsQuery, saying({ results: 'canary' })],
  ['a result with a name that has NUL', functionsQuery, saying({ results: [['can\0ary', 23]] })],
  ['a result of no type', functionsQuery, saying({ results: [['canary', -1]] })],
  ['types twice', typesQuery, (rows) => [...rows, ...rows]],
  ['constraints that are no list', typesQuery, saying({ constraints: 'canary' }, 'code')],
  ['an operator on no type', operatorsQuery, saying({ left: 'canary' })],
  ['a cast from no type', castsQuery, saying({ source: '-1' })],
  ['a schema with NUL', schemasQuery, (rows) => [...rows, { name: 'can\0ary' }]],
  ['no version', settingsQuery, without('version')],
  ['a path with NUL', startQuery, saying({ path: ['can\0ary'] })],
  ['more schemas than anybody could have', schemasQuery, () => Array<Row>(100_001).fill({ name: 'canary' })],
  ['more rows than anybody could hold', relationsQuery, (rows) => Array<Row>(500_001).fill(rows[0] ?? {})],
  ['an event trigger of no function', eventTriggersQuery, () => [{ name: 'canary', event: 'x', function: 'canary' }]],
])('a target that tells %s is not believed, in words of ours', async (_, about, forge) => {
  const problem = await doubt(about, forge);
  expect(problem).toMatch(/.+/);
  expect(problem).not.toMatch(/canary|xxx/);
});

/** The first inherits from the second, and the second from the first. */
const circle: Forge = (rows) => {
  const oids = ['canary', 'child'].map((name) => rows.find((row) => row['name'] === name)?.['oid']);
  return rows.map((row) =>
    oids.includes(row['oid']) ? { ...row, parents: oids.filter((oid) => oid !== row['oid']) } : row,
  );
};
