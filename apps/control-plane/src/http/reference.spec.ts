import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mintId } from '@sallyport/runtime';
import { startIdentityProvider, startPostgres, until } from '@sallyport/testing';
import type { TestIdentityProvider, TestPostgres } from '@sallyport/testing';
import { keepCatalog } from '../../testing/catalog.js';
import { accessTokenType, grant, sendForm } from '../../testing/oauth.js';
import type { Form } from '../../testing/oauth.js';
import { openDatabase, referenceOf, restOf, startPlane, testConfig } from '../../testing/plane.js';
import type { Answer, TestPlane } from '../../testing/plane.js';
import type { Database } from '../db/database.js';
import { startControlPlane } from '../start.js';
import { Logins } from '../logins/logins.service.js';
import { AccessTokens } from '../oauth/access-tokens.js';
import { authorization, isPage } from './authorization.js';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const policies = '@id("reads")\npermit (principal, action in Action::"read", resource);\n';

let postgres: TestPostgres;
let provider: TestIdentityProvider;
let plane: TestPlane;
let database: Database;
beforeAll(async () => {
  postgres = await startPostgres();
  provider = await startIdentityProvider({ clients: [] });
  await postgres.createDatabase('reference');
  plane = await startPlane(postgres.url('reference'), { SALLYPORT_AUDIENCE: 'https://sallyport.test' });
  database = openDatabase(postgres.url('reference'));
});
afterAll(async () => {
  await database.$disconnect();
  await plane.stop();
  await provider.stop();
  await postgres.stop();
});

/** Every call is held against the reference by `restOf`; here every route is called so that it succeeds. */
test('every route answers as the reference says', async () => {
  const visited = new Map<string, number>();
  const call = async (
    route: string,
    body?: unknown,
    values: Readonly<Record<string, string>> = {},
  ): Promise<Answer> => {
    const [method = '', template = ''] = route.split(' ');
    const path = template.replace(/:(\w+)/g, (_, name: string) => values[name] ?? '');
    const answer = await plane.admin(method, path + (values['query'] ?? ''), body);
    expect([route, answer.status < 300, answer.body['detail']]).toEqual([route, true, undefined]);
    visited.set(route, answer.status);
    return answer;
  };
  await call('GET /healthz');
  await call('GET /readyz');
  await call('GET /v1/me');
  const token = await call('POST /v1/tokens', { name: 'laptop', expiresInSeconds: 60 });
  await call('GET /v1/tokens');
  await call('DELETE /v1/tokens/:id', undefined, { id: String(token.body['id']) });

  const keys = { jwksUri: provider.jwksUri };
  const login = await aLogin();
  await call('GET /v1/logins', undefined, { query: '?all=true' });
  await call('GET /v1/logins/:id', undefined, { id: login });
  await call('DELETE /v1/logins/:id', undefined, { id: login });

  await call('GET /.well-known/oauth-authorization-server');
  await call('GET /oauth/jwks');
  await call('GET /v1/token-keys');
  await call('POST /v1/token-keys/rotate');
  for (const [route, fields] of await oauthForms()) {
    const answer = await sendForm(plane.admin, route.split(' ')[1] ?? '', fields);
    expect([route, answer.status]).toEqual([route, 200]);
    visited.set(route, answer.status);
  }

  for (const word of ['approve', 'deny'] as const) {
    const begun = await sendForm(plane.nobody, '/oauth/device_authorization', { client_id: 'sally' });
    const path = `/v1/device-codes/${String(begun.body['user_code'])}`;
    const browser = plane.bearing((await aLoginWithToken()).token);
    visited.set('GET /v1/device-codes/:code', (await browser('GET', path)).status);
    visited.set(`POST /v1/device-codes/:code/${word}`, (await browser('POST', `${path}/${word}`)).status);
  }

  const idp = { kind: 'oidc', issuer: provider.issuer, clientId: 'sallyport' };
  const nouns: readonly (readonly [string, object, object])[] = [
    ['groups', {}, { description: 'x' }],
    ['users', { role: 'member', groups: ['one'] }, { role: 'auditor', email: 'x@example.com' }],
    ['issuers', { issuer: provider.issuer, ...keys }, { issuer: provider.issuer, ...keys, algorithms: ['ES256'] }],
    ['identity-providers', idp, { ...idp, disabled: true }],
    ['subagents', { issuer: 'one', claims: { sub: 'a' } }, { issuer: 'one', claims: { sub: 'b' }, owner: 'one' }],
    ['classes', { mask: 'partial' }, { mask: 'hash' }],
    ['connections', connection, { ...connection, tags: [{ table: 't', column: 'c', classes: ['one'] }] }],
    ['policy-sets', { text: policies }, { text: `${policies}\n`, publish: true }],
  ];
  for (const [noun, first, second] of nouns) {
    expect((await call(`POST /v1/${noun}`, { name: 'one', ...first })).status).toBe(201);
    expect((await call(`PUT /v1/${noun}/:ref`, second, { ref: 'one' })).status).toBe(200);
    await call(`GET /v1/${noun}`, undefined, { query: '?limit=1' });
    await call(`GET /v1/${noun}/:ref`, undefined, { ref: 'one' });
  }
  const one = { ref: 'one' };
  for (const [route, body] of [
    ['POST /v1/observed-identities/:id/bind', { name: 'knocked' }],
    ['DELETE /v1/observed-identities/:id'],
  ] as const)
    await call(route, body, { id: await anObservedIdentity() });
  await call('GET /v1/observed-identities');
  await call('DELETE /v1/subagents/:ref', undefined, { ref: 'knocked' });
  await call('POST /v1/issuers/:ref/refresh', undefined, one);
  await call('POST /v1/identity-providers/:ref/refresh', undefined, one);
  await call('POST /v1/identity-providers/:ref/client-secret', { clientSecret: 'x' }, one);
  for (const verb of ['disable', 'enable', 'revoke-tokens'])
    await call(`POST /v1/subagents/:ref/${verb}`, undefined, one);
  await call('PUT /v1/connections/:ref/tags', { items: [{ table: 't', column: 'd', classes: ['one'] }] }, one);
  await call('GET /v1/connections/:ref/tags', undefined, one);
  await catalogs(call);
  await call('POST /v1/policy-sets/:ref/validate', { text: policies }, one);
  await call(
    'POST /v1/policy-sets/:ref/validate',
    { text: 'permit (principal, action == Action::"fly", resource);' },
    one,
  );
  await call('POST /v1/policy-sets/:ref/versions', { text: `${policies}\n\n`, comment: 'why' }, one);
  await call('GET /v1/policy-sets/:ref/versions', undefined, one);
  await call('GET /v1/policy-sets/:ref/versions/:version', undefined, { ...one, version: '1' });
  await call('POST /v1/policy-sets/:ref/publish', { version: 1 }, one);
  await call('GET /v1/policy-sets/:ref/diff', undefined, { ...one, query: '?from=1&to=3' });

  const { id: tenantId } = await database.tenant.findFirstOrThrow();
  for (const [kind, noun] of [
    ['agent', 'agents'],
    ['proxy', 'proxies'],
  ] as const) {
    const listeners = [{ protocol: 'postgres', host: '127.0.0.1', port: 7432 }];
    const more = { connectedAt: new Date(), softwareVersion: '1', listeners };
    await database.node.create({ data: { id: mintId('nod'), tenantId, kind, name: 'one', ...more } });
    await call(`GET /v1/${noun}`);
    await call(`GET /v1/${noun}/:ref`, undefined, one);
    await call(`PUT /v1/${noun}/:ref`, { disabled: true }, one);
    await call(`DELETE /v1/${noun}/:ref`, undefined, one);
  }
  const join = await call('POST /v1/join-tokens', { kind: 'agent' });
  await call('GET /v1/join-tokens');
  await call('DELETE /v1/join-tokens/:id', undefined, { id: String(join.body['id']) });

  await sessionsAndApprovals(tenantId, call);
  await call('GET /v1/admin-actions');
  for (const noun of [
    'policy-sets',
    'connections',
    'classes',
    'subagents',
    'identity-providers',
    'issuers',
    'users',
    'groups',
  ])
    expect((await call(`DELETE /v1/${noun}/:ref`, undefined, one)).status).toBe(204);

  await postgres.createDatabase('fresh');
  const fresh = await startControlPlane(testConfig(postgres.url('fresh')), quiet);
  const made = await restOf(fresh.url, undefined)('POST', '/v1/setup', { token: fresh.setupToken, name: 'ada' });
  visited.set('POST /v1/setup', made.status);
  await fresh.stop();
  const inReference = Object.keys(authorization).filter((route) => !isPage(route));
  expect([...visited.keys()].sort()).toEqual(inReference.sort());
}, 120_000);

async function aLogin(): Promise<string> {
  const { id: userId, tenantId } = await database.user.findFirstOrThrow({ where: { name: 'ada' } });
  const expiresAt = new Date(Date.now() + 60_000);
  return (await plane.app.get(Logins).begin({ tenantId, whose: { userId }, how: 'browser', expiresAt })).id;
}

async function aLoginWithToken(): Promise<{ readonly token: string }> {
  const login = await database.login.findUniqueOrThrow({ where: { id: await aLogin() } });
  return plane.app.get(AccessTokens, { strict: false }).mint(login);
}

/** Each route that takes a form, with one that it takes. */
async function oauthForms(): Promise<readonly (readonly [string, Form])[]> {
  const { token } = await aLoginWithToken();
  return [
    ['POST /oauth/introspect', { token }],
    ['POST /oauth/device_authorization', { client_id: 'sally' }],
    ['POST /oauth/token', { grant_type: grant.exchange, subject_token: token, subject_token_type: accessTokenType }],
    ['POST /oauth/revoke', { token }],
  ];
}

async function anObservedIdentity(): Promise<string> {
  const { id: issuerId, tenantId } = await database.issuer.findFirstOrThrow({ where: { name: 'one' } });
  const data = { id: mintId('obs'), tenantId, issuerId, subject: 'knocked', claims: { sub: 'knocked' } };
  return (await database.observedIdentity.create({ data })).id;
}

async function catalogs(
  call: (route: string, body?: unknown, values?: Readonly<Record<string, string>>) => Promise<Answer>,
): Promise<void> {
  const ref = { ref: 'one' };
  await call('PUT /v1/connections/:ref', { ...connection, sampling: true }, ref);
  await keepCatalog(database, 'one', {
    ...{ database: connection.database, serverVersion: 180_004, functions: [], types: [], searchPath: [] },
    relations: [
      {
        ...{ oid: 20_001, schema: 'public', name: 'people', kind: 'table' },
        columns: [{ attribute: 1, name: 'email', type: 25 }],
      },
    ],
  });
  for (const part of ['', '/schemas', '/relations', '/columns', '/functions', '/types', '/operators'])
    await call(`GET /v1/connections/:ref/catalog${part}`, undefined, ref);
  await call('POST /v1/connections/:ref/catalog/read', undefined, ref);
  await call('GET /v1/connections/:ref/suggestions', undefined, ref);
  await call('GET /v1/connections/:ref/suggestions/sampling', undefined, ref);
  await call('POST /v1/connections/:ref/suggestions/sample', undefined, ref);
  const items = [{ table: 'people', column: 'email', class: 'email' }];
  await call('POST /v1/connections/:ref/suggestions/accept', { items }, ref);
}

async function sessionsAndApprovals(
  tenantId: string,
  call: (route: string, body?: unknown, values?: Readonly<Record<string, string>>) => Promise<Answer>,
): Promise<void> {
  const id = mintId('ses');
  const caller = { callerKind: 'subagent', callerId: 'sub_1', callerName: 'etl' };
  const place = { connectionName: 'one', database: 'app' };
  const session = { id, tenantId, proxy: 'gate-1', ...place, ...caller, clientAddress: '::1', openedAt: new Date() };
  await database.session.create({ data: session });
  const content = {
    command: 'cmd_1',
    connection: 'one',
    database: 'app',
    caller: { kind: 'subagent', id: 'sub_1', name: 'etl', onBehalfOf: [] },
    text: 'select 1',
    digest: 'd',
    kinds: ['select'],
    tables: [],
    policyVersion: 1,
    policies: ['reads'],
    verdict: 'allowed',
    laterVersion: 'shown as it was recorded',
  };
  const head = { id: `${id}:1`, sessionId: id, sequence: 1, type: 'statement.intent' };
  const type = 'statement.intent';
  const at = new Date();
  const data = {
    tenantId,
    ...head,
    at,
    commandId: 'cmd_1',
    content: { ...content, type, sequence: 1, at: at.getTime() },
  };
  await database.auditRecord.create({ data });
  for (const route of ['GET /v1/sessions', 'GET /v1/sessions/:id', 'GET /v1/sessions/:id/statements', 'GET /v1/audit'])
    await call(route, undefined, { id });
  await database.budgetUse.create({
    data: {
      ...{
        tenantId,
        connection: 'one',
        principal: 'Subagent::"etl"',
        policy: 'one/p',
        measure: 'rows',
        window: 3_600_000,
      },
      ...{
        slot: 1,
        nodeId: 'nod_1',
        life: 'a',
        used: 7,
        leavesAt: new Date(Date.now() + 600_000),
        changedAt: new Date(),
      },
    },
  });
  expect((await call('GET /v1/budgets')).body['items']).toMatchObject([{ used: 7, limit: null }]);
  expect((await call('POST /v1/sessions/:id/end', undefined, { id })).status).toBe(202);

  const { id: connectionId } = await database.connection.findFirstOrThrow({ where: { name: 'one' } });
  const approving = 'permit (principal, action == Action::"approve", resource);';
  await call('PUT /v1/policy-sets/:ref', { text: approving, publish: true }, { ref: 'one' });
  const held = [{ action: 'delete', kind: 'table', schema: 'public', name: 't', column: '' }];
  const approval = async (state: string): Promise<string> => {
    const row = {
      ...{ id: mintId('apr'), tenantId, state, sessionId: id, commandId: 'cmd_1', ...caller, onBehalfOf: [] },
      ...{
        connectionId,
        held,
        ...place,
        binding: new Uint8Array(32),
        shape: 's',
        policyVersion: 1,
        policies: ['w'],
      },
      ...{ reason: 'r', effect: 'e', shownText: 'delete', shownParameters: ['1'], needed: 1 },
      ...{ sealedCommand: new Uint8Array(), expiresAt: new Date(Date.now() + 60_000) },
    };
    return (await database.approval.create({ data: row })).id;
  };
  await call('POST /v1/approvals/:id/approve', { reason: 'yes' }, { id: await approval('pending') });
  await call('POST /v1/approvals/:id/deny', { reason: 'no' }, { id: await approval('pending') });
  const approved = await approval('approved');
  const run = call('POST /v1/approvals/:id/run', undefined, { id: approved });
  const where = { approvalId: approved };
  await until(async () => (await database.approvalRun.count({ where })) === 1);
  await database.approvalRun.updateMany({
    where,
    data: { state: 'completed', finishedAt: new Date(), result: { completed: true } },
  });
  expect((await run).body).toMatchObject({ state: 'completed' });
  await call('GET /v1/approvals');
  await call('GET /v1/approvals/:id', undefined, { id: approved });
}

const connection = {
  protocol: 'postgres',
  environment: 'production',
  host: '127.0.0.1',
  port: 5432,
  tls: 'disable',
  database: 'app',
  agents: ['one'],
  credential: 'one',
};

test('an answer that is not as documented is seen', async () => {
  const reference = await referenceOf(plane.url);
  const exchange = { method: 'GET', path: '/v1/me', status: 200, contentType: 'application/json; charset=utf-8' };
  const body = { kind: 'user', id: 'usr_1', name: 'ada', groups: [], role: 'admin' };
  expect(reference.faults({ ...exchange, body })).toEqual([]);
  expect(reference.faults({ ...exchange, body: { ...body, extra: 1 } })).not.toEqual([]);
  expect(reference.faults({ ...exchange, body: { ...body, groups: [1] } })).not.toEqual([]);
  expect(reference.faults({ ...exchange, body, status: 201 })).not.toEqual([]);
  expect(reference.faults({ ...exchange, body, contentType: 'text/html' })).not.toEqual([]);
  expect(reference.faults({ ...exchange, body, path: '/v1/you' })).not.toEqual([]);
  const problem = { type: 'urn:x', title: 't', status: 401, detail: 'd', code: 'unauthenticated', instance: 'i' };
  const refused = { ...exchange, status: 401, contentType: 'application/problem+json', body: problem };
  expect(reference.faults(refused)).toEqual([]);
  expect(reference.faults({ ...refused, body: { ...problem, code: 'conflict' } })).not.toEqual([]);
});
