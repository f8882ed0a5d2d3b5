import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Catalog } from '@sallyport/kernel';
import { startPostgres } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import { keepCatalog } from '../../testing/catalog.js';
import { itemsOf, openDatabase, startPlane } from '../../testing/plane.js';
import type { Rest, TestPlane } from '../../testing/plane.js';

let postgres: TestPostgres;
let plane: TestPlane;
let admin: Rest;
beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.createDatabase('browsing');
  plane = await startPlane(postgres.url('browsing'));
  admin = plane.admin;
  await admin('PUT', '/v1/connections/billing', {
    ...{ protocol: 'postgres', environment: 'production', host: '127.0.0.1', port: 5432, tls: 'disable' },
    ...{ database: 'app', databases: ['app', 'other'], agents: ['a1'], credential: 'billing' },
    tags: [{ table: 'customers', column: 'mail', classes: ['email'] }],
  });
  await know(content);
});
afterAll(async () => {
  await plane.stop();
  await postgres.stop();
});

const column = (attribute: number, name: string, type = 25) => ({ attribute, name, type });
const content: Catalog = {
  ...{ database: 'app', serverVersion: 180_004, searchPath: ['public'] },
  functions: [
    {
      ...{ oid: 20_020, schema: 'sales', name: 'total', kind: 'function', language: 'sql', volatility: 'stable' },
      ...{ securityDefiner: true, arguments: [23, 20_010], owner: 'app', returns: 20 },
    },
    {
      ...{ oid: 20_021, schema: 'sales', name: 'total', kind: 'function', language: 'c', volatility: 'immutable' },
      ...{ securityDefiner: false, arguments: [23, 25], identity: [23], owner: 'app' },
    },
  ],
  operators: [{ schema: 'public', name: '<->', compiled: false, left: 23, right: 20_010, result: 16 }],
  schemas: ['empty', 'public', 'sales'],
  types: [
    { oid: 20_010, schema: 'public', name: 'mood', kind: 'enum' },
    { oid: 20_011, schema: 'public', name: '_mood', kind: 'array', of: 20_010 },
  ],
  relations: [
    {
      ...{ oid: 20_002, schema: 'sales', name: 'Orders', kind: 'partitioned', owner: 'app' },
      columns: [column(1, 'id', 20), column(2, 'note'), column(3, 'feelings', 20_011)],
    },
    {
      ...{ oid: 20_003, schema: 'sales', name: 'orders_2026', kind: 'table', parents: [20_002] },
      columns: [column(1, 'id', 20), column(2, 'note')],
      rowSecurity: { forced: false, policies: [] },
      triggers: [{ name: 't', function: 1 }],
    },
    {
      ...{ oid: 20_001, schema: 'public', name: 'customers', kind: 'table' },
      columns: [column(1, 'id', 23), column(3, 'mail'), column(4, 'many', 1009), column(5, 'strange', 999)],
    },
    {
      ...{ oid: 20_004, schema: 'public', name: 'mails', kind: 'view', definition: ' SELECT mail FROM customers;' },
      columns: [column(1, 'mail')],
    },
  ],
};

async function know(catalog: Catalog): Promise<void> {
  const database = openDatabase(postgres.url('browsing'));
  await keepCatalog(database, 'billing', catalog);
  await database.$disconnect();
}

const path = '/v1/connections/billing/catalog';
const names = async (query: string, field: string): Promise<readonly unknown[]> =>
  itemsOf(await admin('GET', `${path}/${query}`)).map((item) => item[field]);

describe('a catalog', () => {
  test('says how it is known and how much is in it', async () => {
    expect((await admin('GET', path)).body).toMatchObject({
      ...{ database: 'app', state: 'current', version: 1, readBy: 'a1', problem: null, advice: null },
      ...{ schemas: 3, relations: 4, columns: 10, functions: 2, types: 2 },
    });
  });

  test('lists schemas, tables and columns by name, with what is tagged', async () => {
    expect(itemsOf(await admin('GET', `${path}/schemas`))).toEqual([
      { name: 'empty', relations: 0 },
      { name: 'public', relations: 2 },
      { name: 'sales', relations: 2 },
    ]);
    expect(await names('relations', 'name')).toEqual(['customers', 'mails', 'Orders', 'orders_2026']);
    expect(itemsOf(await admin('GET', `${path}/relations?schema=sales&name=orders_`))).toEqual([
      {
        ...{ schema: 'sales', name: 'orders_2026', kind: 'table', owner: null, columns: 2, tagged: 0 },
        ...{ parents: ['sales.Orders'], triggers: 1, rules: 0, rowSecurity: true, definition: null },
      },
    ]);
    expect(await names('relations?name=mails', 'definition')).toEqual([' SELECT mail FROM customers;']);
    expect(itemsOf(await admin('GET', `${path}/columns?schema=public&relation=customers`))).toEqual(
      [
        { column: 'id', type: 'int4', classes: [] },
        { column: 'mail', type: 'text', classes: ['email'] },
        { column: 'many', type: 'text[]', classes: [] },
        { column: 'strange', type: 'type 999', classes: [] },
      ].map((each) => ({ schema: 'public', relation: 'customers', generated: false, ...each })),
    );
    expect(await names('columns?relation=Orders&name=FEEL', 'type')).toEqual(['public.mood[]']);
    expect(await names('columns?tagged=true', 'relation')).toEqual(['customers']);
    expect(await names('columns?tagged=false&name=mail', 'relation')).toEqual(['mails']);
  });

  test('lists functions, types and operators that users made', async () => {
    expect(itemsOf(await admin('GET', `${path}/functions?schema=sales`))).toEqual([
      {
        ...{ schema: 'sales', name: 'total', arguments: ['int4'], returns: null, kind: 'function', language: 'c' },
        ...{ volatility: 'immutable', owner: 'app', securityDefiner: false },
      },
      expect.objectContaining({ arguments: ['int4', 'public.mood'], returns: 'int8', securityDefiner: true }),
    ]);
    expect(await names('types?name=MOOD', 'name')).toEqual(['_mood', 'mood']);
    expect(itemsOf(await admin('GET', `${path}/types?limit=1`))).toEqual([
      { schema: 'public', name: '_mood', kind: 'array', of: 'public.mood', constraints: [] },
    ]);
    expect(itemsOf(await admin('GET', `${path}/operators`))).toEqual([
      { schema: 'public', name: '<->', left: 'int4', right: 'public.mood', result: 'bool', compiled: false },
    ]);
    expect(await names('operators?schema=none', 'name')).toEqual([]);
  });

  test('in pages that go on where the last one ended', async () => {
    for (const [list, field, whole] of [
      ['schemas', 'name', 3],
      ['relations', 'name', 4],
      ['columns', 'column', 10],
    ] as const) {
      const all = await names(list, field);
      expect(all).toHaveLength(whole);
      const seen: unknown[] = [];
      let cursor = '';
      do {
        const { body } = await admin('GET', `${path}/${list}?limit=1${cursor}`);
        seen.push(...(body['items'] as readonly Readonly<Record<string, unknown>>[]).map((item) => item[field]));
        cursor = typeof body['next'] === 'string' ? `&cursor=${encodeURIComponent(body['next'])}` : '';
      } while (cursor !== '');
      expect(seen).toEqual(all);
    }
    expect((await admin('GET', `${path}/columns?cursor=nonsense`)).status).toBe(400);
  });

  test('of which nothing is known says so', async () => {
    const { body } = await admin('GET', `${path}?database=other`);
    expect(body).toMatchObject({ state: 'absent', readAt: null, advice: expect.stringContaining('no agent') });
    const listed = await admin('GET', `${path}/columns?database=other`);
    expect([listed.status, listed.body['detail']]).toEqual([404, expect.stringContaining('was not read yet')]);
    expect((await admin('GET', `${path}?database=nowhere`)).status).toBe(400);
    expect((await admin('GET', '/v1/connections/nobody/catalog')).status).toBe(404);
  });

  test('is ordered anew, and what came anew is shown', async () => {
    expect((await admin('POST', `${path}/read`)).body).toMatchObject({ database: 'app', state: 'current' });
    await know({ ...content, relations: content.relations.slice(2) });
    expect(await names('relations', 'name')).toEqual(['customers', 'mails']);
  });
});
