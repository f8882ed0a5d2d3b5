import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mintId } from '@sallyport/runtime';
import { startPostgres } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import { itemsOf, openDatabase, startPlane } from '../../testing/plane.js';
import type { TestPlane } from '../../testing/plane.js';
import type { Database } from './database.js';
import { authorization } from '../http/authorization.js';

const policies = '@id("theirs")\npermit (principal, action in Action::"read", resource);\n';
const theirs = 'ten_theirs';

let postgres: TestPostgres;
let plane: TestPlane;
let database: Database;
/** Id of the other tenant's one, by the noun of its route. */
let ids: Readonly<Record<string, string>>;
beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.createDatabase('tenancy');
  plane = await startPlane(postgres.url('tenancy'));
  database = openDatabase(postgres.url('tenancy'));
  ids = await fillOtherTenant();
});
afterAll(async () => {
  await database.$disconnect();
  await plane.stop();
  await postgres.stop();
});

/** One of everything, under names that the tenant of the caller does not have. */
async function fillOtherTenant(): Promise<Readonly<Record<string, string>>> {
  const own = (prefix: string) => ({ id: mintId(prefix), tenantId: theirs });
  const name = 'theirs';
  await database.tenant.create({ data: { id: theirs, name } });
  const user = await database.user.create({ data: { ...own('usr'), name, role: 'admin' } });
  const group = await database.group.create({ data: { ...own('grp'), name } });
  await database.groupMember.create({ data: { ...own('mem'), groupId: group.id, userId: user.id } });
  const issuer = await database.issuer.create({
    data: { ...own('iss'), name, issuer: 'https://theirs.test', jwksUri: 'http://127.0.0.1:1/', audiences: ['a'] },
  });
  const idp = await database.identityProvider.create({
    data: { ...own('idp'), name, kind: 'oidc', issuer: 'https://theirs.test', clientId: 'x' },
  });
  const subagent = await database.subagent.create({
    data: { ...own('sub'), name, issuerId: issuer.id, claims: { sub: 'x' }, ownerId: user.id },
  });
  const observed = await database.observedIdentity.create({
    data: { ...own('obs'), issuerId: issuer.id, subject: name, claims: { sub: name } },
  });
  const token = await database.apiToken.create({ data: { ...own('tok'), name, userId: user.id, hash: 'theirs' } });
  const login = await database.login.create({
    data: {
      ...own('log'),
      userId: user.id,
      chain: [user.id],
      how: 'browser',
      expiresAt: new Date(Date.now() + 600_000),
    },
  });
  const dataClass = await database.dataClass.create({ data: { ...own('cls'), name, mask: 'redact' } });
  const place = { protocol: 'postgres', environment: 'x', host: 'h', port: 1, tls: 'disable', database: 'd' };
  const connection = await database.connection.create({
    data: { ...own('con'), name, ...place, databases: ['d'], agents: ['a'], credential: 'c' },
  });
  const tag = { connectionId: connection.id, schema: 's', table: 't', column: 'c', classes: [name] };
  await database.columnTag.create({ data: { ...own('tag'), ...tag } });
  const set = await database.policySet.create({ data: { ...own('pol'), name, publishedVersion: 1 } });
  for (const version of [1, 2])
    await database.policyVersion.create({
      data: { ...own('pov'), policySetId: set.id, version, text: policies, compiled: [], author: name },
    });
  const node = (kind: string) => database.node.create({ data: { ...own('nod'), kind, name } });
  const join = { kind: 'agent', hash: name, expiresAt: new Date(Date.now() + 600_000), createdBy: name };
  const joinToken = await database.joinToken.create({ data: { ...own('jtk'), ...join } });
  const caller = { callerKind: 'subagent', callerId: subagent.id, callerName: name };
  const at = { connectionName: name, database: 'd' };
  const session = await database.session.create({
    data: { ...own('ses'), proxy: 'p', ...at, ...caller, clientAddress: '::1', openedAt: new Date() },
  });
  const approval = await database.approval.create({
    data: {
      ...{ ...own('apr'), state: 'pending', sessionId: session.id, commandId: 'c', ...caller, ...at },
      ...{ connectionId: connection.id, binding: new Uint8Array(32), shape: 's', policyVersion: 1, reason: '' },
      ...{ effect: '', shownText: '', needed: 1, sealedCommand: new Uint8Array() },
      expiresAt: new Date(Date.now() + 600_000),
    },
  });
  const record = { sessionId: session.id, sequence: 0, type: 'session.opened', at: new Date(), content: {} };
  await database.auditRecord.create({ data: { ...own('aud'), ...record } });
  await database.adminAction.create({
    data: { ...own('act'), userName: name, action: 'x', noun: 'x', outcome: 'done' },
  });
  await database.budgetUse.create({
    data: {
      ...{ tenantId: theirs, connection: name, principal: name, policy: name, measure: 'rows', window: 1_000, slot: 1 },
      ...{ nodeId: name, life: name, used: 1, leavesAt: new Date(Date.now() + 600_000), changedAt: new Date() },
    },
  });
  return {
    'identity-providers': idp.id,
    ...{ users: user.id, groups: group.id, issuers: issuer.id, subagents: subagent.id, tokens: token.id },
    logins: login.id,
    'observed-identities': observed.id,
    ...{ classes: dataClass.id, connections: connection.id, 'policy-sets': set.id, 'join-tokens': joinToken.id },
    ...{ agents: (await node('agent')).id, proxies: (await node('proxy')).id },
    ...{ sessions: session.id, approvals: approval.id },
  };
}

/** Bodies that the route would take for one of its own. */
const bodies: Readonly<Record<string, object>> = {
  'PUT /v1/users/:ref': { role: 'member' },
  'PUT /v1/groups/:ref': { description: 'taken over' },
  'PUT /v1/issuers/:ref': { issuer: 'https://taken.test', audiences: ['a'], keys: [key()] },
  'PUT /v1/identity-providers/:ref': { kind: 'oidc', issuer: 'https://theirs.test', clientId: 'y' },
  'POST /v1/identity-providers/:ref/client-secret': { clientSecret: 'y' },
  'PUT /v1/subagents/:ref': { issuer: 'theirs', claims: { sub: 'y' } },
  'POST /v1/observed-identities/:id/bind': { name: 'ours' },
  'PUT /v1/classes/:ref': { mask: 'null' },
  'PUT /v1/connections/:ref': connection(),
  'PUT /v1/connections/:ref/tags': { items: [] },
  'POST /v1/connections/:ref/suggestions/accept': { items: [{ table: 't', column: 'c', class: 'email' }] },
  'PUT /v1/policy-sets/:ref': { text: policies },
  'POST /v1/policy-sets/:ref/versions': { text: policies },
  'POST /v1/policy-sets/:ref/publish': { version: 2 },
  'PUT /v1/agents/:ref': { disabled: true },
  'PUT /v1/proxies/:ref': { disabled: true },
  'POST /v1/approvals/:id/approve': {},
  'POST /v1/approvals/:id/deny': { reason: 'no' },
};

/** Checks a text; it names no set. */
const ofNoTenant = new Set(['POST /v1/policy-sets/:ref/validate']);

const dump = async (): Promise<string> => {
  const client = await postgres.connect('tenancy');
  const tables = await client.query<{ name: string }>(
    `select table_name as name from information_schema.columns where column_name = 'tenantId' and table_schema = 'public'`,
  );
  expect(tables.rows.length).toBeGreaterThan(18);
  const rows: unknown[] = [];
  for (const { name } of tables.rows)
    rows.push([
      name,
      (await client.query(`select t.* from "${name}" t where "tenantId" = $1 order by t::text`, [theirs])).rows,
    ]);
  await client.end();
  return JSON.stringify(rows);
};

describe("another tenant's things", () => {
  test('are found by no route, and changed by none', async () => {
    const before = await dump();
    const named = Object.keys(authorization).filter((route) => /:(ref|id)\b/.test(route) && !ofNoTenant.has(route));
    expect(named.length).toBeGreaterThan(40);
    for (const route of named) {
      const [method = '', template = ''] = route.split(' ');
      const id = ids[template.split('/')[2] ?? ''] ?? 'no id for this noun';
      const path = template.replace(/:(ref|id)\b/, id).replace(':version', '1');
      const query = template.endsWith('/diff') ? '?from=1&to=2' : '';
      const answer = await plane.admin(method, path + query, bodies[route]);
      expect([route, answer.status, answer.body['code']]).toEqual([route, 404, 'not_found']);
    }
    expect(await dump()).toBe(before);
  });

  test('are in no list, whatever it is asked', async () => {
    const lists = Object.keys(authorization).filter(
      (route) => /^GET \/v1\/[a-z-]+$/.test(route) && !/\/me$/.test(route),
    );
    for (const route of lists) {
      const path = route.slice('GET '.length);
      const filters = ['', ...(path === '/v1/tokens' || path === '/v1/logins' ? ['&user=theirs'] : [])];
      for (const filter of [...filters, ...(path === '/v1/audit' ? [`&session=${ids['sessions'] ?? ''}`] : [])]) {
        const answer = await plane.admin('GET', `${path}?limit=200${filter}`);
        expect([path, answer.status]).toEqual([path, 200]);
        // What we tried on them is ours to see.
        if (path === '/v1/admin-actions') expect(itemsOf(answer).filter(({ user }) => user !== 'ada')).toEqual([]);
        else
          for (const id of Object.values(ids))
            expect([path, JSON.stringify(answer.body).includes(id)]).toEqual([path, false]);
      }
    }
  });

  test('cannot be referred to by name', async () => {
    const refused = async (method: string, path: string, body: object) =>
      (await plane.admin(method, path, body)).body['code'];
    await plane.admin('PUT', '/v1/issuers/ours', { issuer: 'https://ours.test', audiences: ['a'], keys: [key()] });
    const ours = { issuer: 'ours', claims: { sub: 'x' } };
    expect(await refused('PUT', '/v1/subagents/x', { ...ours, issuer: 'theirs' })).toBe('invalid_request');
    expect(await refused('PUT', '/v1/subagents/x', { ...ours, owner: 'theirs' })).toBe('invalid_request');
    expect(await refused('PUT', '/v1/subagents/x', { ...ours, groups: ['theirs'] })).toBe('invalid_request');
    expect(await refused('PUT', '/v1/users/x', { role: 'member', groups: ['theirs'] })).toBe('invalid_request');
    expect(await refused('PUT', '/v1/groups/x', { members: { users: ['theirs'] } })).toBe('invalid_request');
    expect(await refused('PUT', '/v1/groups/x', { members: { subagents: ['theirs'] } })).toBe('invalid_request');
    expect(await refused('POST', '/v1/tokens', { name: 'x', user: 'theirs' })).toBe('not_found');
    // The same names and the same iss are free.
    const iss = { issuer: 'https://theirs.test', audiences: ['a'], keys: [key()] };
    expect((await plane.admin('PUT', '/v1/issuers/theirs', iss)).status).toBe(201);
    expect((await plane.admin('PUT', '/v1/connections/theirs', connection())).status).toBe(201);
  });
});

function key(): object {
  return { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };
}

function connection(): object {
  return {
    ...{ protocol: 'postgres', environment: 'production', host: '127.0.0.1', port: 5432, tls: 'disable' },
    ...{ database: 'app', agents: ['one'], credential: 'one' },
  };
}
