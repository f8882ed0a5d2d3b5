import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startPostgres } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import { itemsOf, startPlane } from '../../testing/plane.js';
import type { Rest, TestPlane } from '../../testing/plane.js';

let postgres: TestPostgres;
let plane: TestPlane;
let admin: Rest;
beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.createDatabase('connections');
  plane = await startPlane(postgres.url('connections'), { SALLYPORT_HOLD: '7s' });
  admin = plane.admin;
});
afterAll(async () => {
  await plane.stop();
  await postgres.stop();
});

const wish = {
  protocol: 'postgres',
  environment: 'production',
  host: '127.0.0.1',
  port: 5432,
  tls: 'disable',
  database: 'app',
  agents: ['billing-agent'],
  credential: 'billing',
};
const tag = { schema: 'public', table: 'payments', column: 'card_number', classes: ['card_number'] };

describe('connections', () => {
  test('PUT makes and changes; what is not said gets its default, tags stay', async () => {
    const made = await admin('PUT', '/v1/connections/billing', { ...wish, tags: [tag] });
    expect([made.status, made.body]).toMatchObject([
      201,
      { ...wish, databases: ['app'], audit: 'spool', holdSeconds: 7, detectors: true, unprovable: 'deny', tags: [tag] },
    ]);
    const other = { holdSeconds: 4, audit: 'durable', unprovable: 'mask' };
    const changed = await admin('PUT', '/v1/connections/billing', { ...wish, ...other });
    expect([changed.status, changed.body]).toMatchObject([200, { id: made.body['id'], ...other, tags: [tag] }]);
    expect((await admin('PUT', '/v1/connections/billing', { ...wish, unprovable: 'show' })).status).toBe(400);
    expect(itemsOf(await admin('GET', '/v1/connections'))).toHaveLength(1);
  });

  test('tags are replaced as a whole, or not at all', async () => {
    const other = { table: 'customers', column: 'email', classes: ['email', 'pii'] };
    const put = await admin('PUT', '/v1/connections/billing/tags', { items: [other] });
    expect(itemsOf(put)).toEqual([{ schema: 'public', ...other }]);
    const twice = await admin('PUT', '/v1/connections/billing/tags', { items: [tag, { ...tag, classes: ['x'] }] });
    expect(twice.status).toBe(400);
    expect(itemsOf(await admin('GET', '/v1/connections/billing/tags'))).toEqual([{ schema: 'public', ...other }]);
  });

  test('a wide target has thousands of tags', async () => {
    const items = Array.from({ length: 9_000 }, (_, each) => ({ ...tag, column: `c${String(each).padStart(5, '0')}` }));
    const put = await admin('PUT', '/v1/connections/billing/tags', { items });
    expect(put.status).toBe(200);
    expect(itemsOf(await admin('GET', '/v1/connections/billing/tags'))).toEqual(items);
  });

  test('a wrong one is told where', async () => {
    const wrong: readonly [string, object][] = [
      ['protocol', { ...wish, protocol: 'gopher' }],
      ['databases', { ...wish, databases: ['other'] }],
      ['port', { ...wish, port: 70_000 }],
      ['host', { ...wish, host: 'a b' }],
      ['agents', { ...wish, agents: [] }],
      ['holdSeconds', { ...wish, holdSeconds: 0 }],
      ['password', { ...wish, password: 'hunter2' }],
    ];
    for (const [path, body] of wrong) {
      const answer = await admin('PUT', '/v1/connections/wrong', body);
      expect([path, answer.status, (answer.body['errors'] as readonly { path: string }[])[0]?.path]).toEqual([
        path,
        400,
        path,
      ]);
    }
  });

  test('removing one removes its tags', async () => {
    await admin('PUT', '/v1/connections/gone', { ...wish, tags: [tag] });
    expect((await admin('DELETE', '/v1/connections/gone')).status).toBe(204);
    expect((await admin('GET', '/v1/connections/gone/tags')).status).toBe(404);
    expect((await admin('DELETE', '/v1/connections/gone')).status).toBe(404);
  });
});

describe('classes', () => {
  test('have a mask format', async () => {
    expect((await admin('PUT', '/v1/classes/card_number', { mask: 'partial' })).status).toBe(201);
    expect((await admin('PUT', '/v1/classes/card_number', { mask: 'hash' })).body).toMatchObject({
      name: 'card_number',
      mask: 'hash',
    });
    expect((await admin('PUT', '/v1/classes/card_number', { mask: 'rot13' })).status).toBe(400);
    expect((await admin('POST', '/v1/classes', { name: 'card_number', mask: 'hash' })).status).toBe(409);
    expect((await admin('DELETE', '/v1/classes/card_number')).status).toBe(204);
  });
});

describe('nodes and join tokens', () => {
  test('a join token is shown once and kept as a hash', async () => {
    const made = await admin('POST', '/v1/join-tokens', { kind: 'proxy', nodeName: 'gate-1' });
    expect(made.body).toMatchObject({ kind: 'proxy', nodeName: 'gate-1', usedAt: null, token: expect.any(String) });
    const [listed] = itemsOf(await admin('GET', '/v1/join-tokens'));
    expect(listed).not.toHaveProperty('token');
    const client = await postgres.connect('connections');
    const { rows } = await client.query('select "JoinToken"::text as text from "JoinToken"');
    expect(JSON.stringify(rows)).not.toContain(String(made.body['token']));
    await client.query(
      `insert into "Node" (id, "tenantId", kind, name) select 'nod_00000000000000000000000000', id, 'agent', 'billing-agent' from "Tenant"`,
    );
    await client.end();
    expect((await admin('DELETE', `/v1/join-tokens/${String(made.body['id'])}`)).status).toBe(204);
  });

  test('a certificate that should have been renewed is told from one that need not be yet', async () => {
    const client = await postgres.connect('connections');
    // Of 24 hours: renewed before 8 are left.
    for (const [hours, overdue] of [
      [9, false],
      [5, true],
      [-1, true],
    ] as const) {
      await client.query(`update "Node" set "certificateExpiry" = now() + $1::int * interval '1 hour'`, [hours]);
      expect((await admin('GET', '/v1/agents/billing-agent')).body['certificateOverdue']).toBe(overdue);
    }
    await client.query('update "Node" set "certificateExpiry" = null');
    await client.end();
  });

  test('what agents found at the target is told, without the catalog itself', async () => {
    const { body } = await admin('POST', '/v1/connections', {
      ...wish,
      name: 'looked-at',
      databases: ['app', 'b'],
      agents: ['a1'],
    });
    expect(body['catalogs']).toEqual([]);
    const client = await postgres.connect('connections');
    for (const [database, digest, problem] of [
      ['b', '', 'the catalog cannot be read (ECONNREFUSED)'],
      ['app', 'f00d', null],
    ])
      await client.query(
        `insert into "CatalogSnapshot" (id, "tenantId", "connectionId", database, digest, content, "readBy", "readAt", problem)
         select 'cat_' || $2, "tenantId", id, $2, $3, 'secret', 'a1', '2026-01-01', $4 from "Connection" where id = $1`,
        [body['id'], database, digest, problem],
      );
    await client.end();
    const found = (await admin('GET', '/v1/connections/looked-at')).body;
    expect(found['catalogs']).toEqual([
      {
        ...{ database: 'app', state: 'current', advice: null, version: 0, digest: 'f00d' },
        ...{ readBy: 'a1', readAt: '2026-01-01T00:00:00.000Z', problem: null },
      },
      {
        ...{
          database: 'b',
          state: 'absent',
          advice: expect.stringContaining('is the target up'),
          version: 0,
          digest: null,
        },
        ...{ readBy: 'a1', readAt: null, problem: 'the catalog cannot be read (ECONNREFUSED)' },
      },
    ]);
    await admin('DELETE', '/v1/connections/looked-at');
  });

  test('nodes are seen under their kind only, and can be turned away', async () => {
    expect((await admin('GET', '/v1/proxies/billing-agent')).status).toBe(404);
    expect((await admin('PUT', '/v1/agents/billing-agent', { disabled: true })).body).toMatchObject({
      disabled: true,
      manifestVersion: 0,
    });
    const [agent] = itemsOf(await admin('GET', '/v1/agents'));
    expect(agent).toMatchObject({ name: 'billing-agent', certificateOverdue: false });
    // Any change makes a newer bundle; what the node has is told beside what it should have.
    await admin('POST', '/v1/groups', { name: 'newer' });
    const { body } = await admin('GET', '/v1/agents/billing-agent');
    expect(body['newestManifest']).toBeGreaterThan(Number(body['manifestVersion']));
    expect(body['newestManifest']).toBeGreaterThanOrEqual(Number(agent?.['newestManifest']));
    expect((await admin('PUT', '/v1/agents/nobody', { disabled: true })).status).toBe(404);
    expect((await admin('DELETE', '/v1/agents/billing-agent')).status).toBe(204);
  });
});
