import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { MetadataScanner, ModulesContainer } from '@nestjs/core';
import { startIdentityProvider, startPostgres } from '@sallyport/testing';
import type { TestIdentityProvider, TestPostgres } from '@sallyport/testing';
import { itemsOf, startPlane } from '../../testing/plane.js';
import type { Answer, Rest, TestPlane } from '../../testing/plane.js';
import { GroupsService } from '../identity/groups.service.js';
import { UsersService } from '../identity/users.service.js';
import { authorization, isPage as isPageRoute } from './authorization.js';
import { routeOf } from './route.js';

const audience = 'https://sallyport.test';
let postgres: TestPostgres;
let provider: TestIdentityProvider;
let plane: TestPlane;
let admin: Rest;
beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.createDatabase('rest');
  provider = await startIdentityProvider({ clients: [{ id: 'etl', secret: 'etl-secret' }] });
  plane = await startPlane(postgres.url('rest'), { SALLYPORT_AUDIENCE: audience });
  admin = plane.admin;
});
afterAll(async () => {
  await plane.stop();
  await provider.stop();
  await postgres.stop();
});

interface Documented {
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: object }>> }>
  >;
  readonly parameters?: readonly { readonly name: string }[];
  readonly security: unknown;
  readonly requestBody?: unknown;
}
type Paths = Readonly<Record<string, Readonly<Record<string, Documented>>>>;

const isPage = ({ responses }: Documented): boolean => {
  const schema = responses['200']?.content?.['application/json']?.schema as { properties?: object } | undefined;
  return Object.keys(schema?.properties ?? {}).join() === 'items,next';
};

function servedRoutes(): readonly string[] {
  const scanner = new MetadataScanner();
  const controllers = [...plane.app.get(ModulesContainer).values()].flatMap((module) => [
    ...module.controllers.values(),
  ]);
  return controllers.flatMap(({ metatype }) => {
    if (typeof metatype !== 'function') return [];
    const prototype = metatype.prototype as Record<string, object>;
    return scanner.getAllMethodNames(prototype).flatMap((name) => routeOf(metatype, prototype[name] ?? {}) ?? []);
  });
}

describe('the authorization table', () => {
  test('has a line for every route', () => {
    const routes = servedRoutes();
    expect(routes.length).toBeGreaterThan(50);
    expect(routes.filter((route) => !Object.hasOwn(authorization, route))).toEqual([]);
  });

  test('has a route for every line', () => {
    const routes = new Set(servedRoutes());
    expect(Object.keys(authorization).filter((route) => !routes.has(route))).toEqual([]);
  });

  test('is obeyed: who is not listed is refused, on every route', async () => {
    await admin('PUT', '/v1/issuers/idp', { issuer: provider.issuer, jwksUri: provider.jwksUri });
    await admin('PUT', '/v1/subagents/etl', { issuer: 'idp', claims: { sub: 'etl' } });
    const callers = {
      admin,
      auditor: await plane.as('audrey', 'auditor'),
      approver: await plane.as('grace', 'approver'),
      member: await plane.as('linus', 'member'),
      subagent: plane.bearing(await provider.token('etl', audience)),
    };
    const served = new Set(servedRoutes());
    for (const [route, access] of Object.entries(authorization)) {
      if (access === 'public' || !served.has(route)) continue;
      const [method = '', template = ''] = route.split(' ');
      const path = template
        .replace(':ref', 'nothing-of-this-name')
        .replace(':id', 'xxx_00000000000000000000000000')
        .replace(':version', '1');
      const isForm = path.startsWith('/oauth/');
      const body = method !== 'POST' && method !== 'PUT' ? undefined : isForm ? 'nothing=true' : { nothing: true };
      const type: Readonly<Record<string, string>> = isForm
        ? { 'content-type': 'application/x-www-form-urlencoded' }
        : {};
      expect([route, (await plane.nobody(method, path, body, type)).status]).toEqual([route, 401]);
      for (const [role, rest] of Object.entries(callers)) {
        const { status } = await rest(method, path, body, type);
        const allowed = (access as readonly string[]).includes(role);
        expect([route, role, status === 403]).toEqual([route, role, !allowed]);
        expect(status).toBeLessThan(500);
      }
    }
  }, 60_000);

  test('a token that is wrong, revoked, expired or of a disabled user is refused alike', async () => {
    const gone = await plane.as('gone', 'auditor');
    expect((await gone('GET', '/v1/users')).status).toBe(200);
    await admin('PUT', '/v1/users/gone', { role: 'auditor', disabled: true });
    const revoked = await admin('POST', '/v1/tokens', { name: 'short' });
    await admin('DELETE', `/v1/tokens/${String(revoked.body['id'])}`);
    const refusals = await Promise.all([
      gone('GET', '/v1/me'),
      plane.bearing(String(revoked.body['token']))('GET', '/v1/me'),
      plane.bearing('sat_wrong')('GET', '/v1/me'),
      plane.bearing('a.b.c')('GET', '/v1/me'),
      plane
        .bearing('x'.repeat(20_000))('GET', '/v1/me')
        .catch(() => undefined),
    ]);
    const details = refusals.flatMap((answer) => (answer?.status === 401 ? [answer.body['detail']] : []));
    expect(details.length).toBeGreaterThanOrEqual(4);
    expect(new Set(details).size).toBe(1);
  });
});

describe('problems', () => {
  test('are RFC 9457, for every kind of error', async () => {
    const problems = await Promise.all([
      admin('GET', '/v1/nowhere'),
      admin('GET', '/v1/users/nobody-here'),
      admin('POST', '/v1/users', '{"name": '),
      admin('POST', '/v1/users', 'name=x', { 'content-type': 'application/x-www-form-urlencoded' }),
      admin('POST', '/v1/users', { name: 'x'.repeat(3_000_000) }),
      plane.nobody('GET', '/v1/users'),
      admin('GET', '/v1/users/%ff'),
    ]);
    expect(problems.map((answer) => answer.status)).toEqual([404, 404, 400, 415, 413, 401, 400]);
    for (const { body, headers, status } of problems) {
      expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(body).toMatchObject({
        type: `urn:sallyport:problem:${String(body['code'])}`,
        status,
        title: expect.any(String),
        detail: expect.any(String),
        instance: expect.stringMatching(/^urn:sallyport:request:req_/),
      });
    }
  });

  test('name an unknown field, wherever it is', async () => {
    const answer = await admin('POST', '/v1/connections', {
      nonsense: 1,
      tags: [{ table: 't', column: 'c', classes: ['x'], extra: 1 }],
    });
    expect(answer.status).toBe(400);
    const errors = answer.body['errors'] as readonly { readonly path: string; readonly message: string }[];
    expect(errors).toContainEqual({ path: 'nonsense', message: 'unknown field' });
    expect(errors).toContainEqual({ path: 'tags.0.extra', message: 'unknown field' });
    const query = await admin('GET', '/v1/users?limt=3');
    expect(query.body).toMatchObject({ status: 400, errors: [{ path: 'limt', message: 'unknown field' }] });
  });

  test('hostile references never get through to the database', async () => {
    const hostile = [
      '%00',
      "a'%20or%20'1'='1",
      '..%2f..%2fetc',
      '%F0%9F%92%A9',
      'a'.repeat(5_000),
      '%0d%0aset-cookie:x',
      '__proto__',
      'constructor',
    ];
    for (const noun of [
      'users',
      'groups',
      'issuers',
      'subagents',
      'connections',
      'classes',
      'policy-sets',
      'agents',
      'proxies',
    ])
      for (const ref of hostile) {
        const { status, body } = await admin('GET', `/v1/${noun}/${ref}`);
        expect([noun, ref, status === 400 || status === 404, body['code'] !== 'internal']).toEqual([
          noun,
          ref,
          true,
          true,
        ]);
      }
    for (const id of hostile) expect([400, 404]).toContain((await admin('GET', `/v1/sessions/${id}`)).status);
    const nul = await admin('PUT', '/v1/groups/fine', { description: 'a\0b' });
    expect(nul.body).toMatchObject({ status: 400, errors: [{ path: 'description' }] });
    const surrogate = await admin('PUT', '/v1/groups/fine', '{"description":"\\ud800"}');
    expect(surrogate.status).toBe(400);
    const proto = await admin('PUT', '/v1/groups/fine', '{"__proto__":{"admin":true},"description":"x"}');
    expect(proto.status).toBe(201);
    const name = await admin('POST', '/v1/groups', { name: 'usr_01M84BK4VWQ65QWVHPDDBTP0CS' });
    expect(name.body).toMatchObject({ status: 400, errors: [{ path: 'name', message: 'must not look like an id' }] });
  });

  test('an error of ours tells nothing of our inside', async () => {
    const users = plane.app.get(UsersService, { strict: false });
    Object.assign(users, {
      list: () => {
        throw new Error('password=hunter2 at /srv/secret.ts');
      },
    });
    try {
      const answer = await admin('GET', '/v1/users');
      expect(answer.status).toBe(500);
      expect(JSON.stringify(answer.body)).not.toMatch(/hunter2|secret/);
      const reference = String(answer.body['instance']).split(':').at(-1) ?? '';
      expect(plane.logged.some((line) => line.includes(reference))).toBe(true);
    } finally {
      delete (users as { list?: unknown }).list;
    }
  });
});

describe('pages', () => {
  test('hold everything once, in order, to the end', async () => {
    for (let each = 0; each < 7; each++) await admin('PUT', `/v1/groups/page-${each}`, {});
    const seen: unknown[] = [];
    let cursor: unknown = null;
    do {
      const page = await admin('GET', `/v1/groups?limit=3${cursor === null ? '' : `&cursor=${String(cursor)}`}`);
      expect(itemsOf(page).length).toBeLessThanOrEqual(3);
      seen.push(...itemsOf(page).map((item) => item['name']));
      cursor = page.body['next'];
    } while (cursor !== null);
    expect(seen.filter((name) => String(name).startsWith('page-'))).toEqual(
      [0, 1, 2, 3, 4, 5, 6].map((each) => `page-${each}`),
    );
    expect(new Set(seen).size).toBe(seen.length);
  });

  test('do not shift when something comes or goes between them', async () => {
    const namesOn = (page: Answer) => itemsOf(page).map((item) => String(item['name']));
    for (const name of ['s1', 's2', 's3', 's4', 's5']) await admin('PUT', `/v1/classes/${name}`, { mask: 'redact' });
    const first = await admin('GET', '/v1/classes?limit=2');
    // What was seen goes, what is next goes, the cursor's own goes, and something new comes.
    for (const name of ['s1', 's2', 's3']) await admin('DELETE', `/v1/classes/${name}`);
    await admin('PUT', '/v1/classes/s6', { mask: 'redact' });
    const second = await admin('GET', `/v1/classes?limit=2&cursor=${String(first.body['next'])}`);
    const third = await admin('GET', `/v1/classes?limit=2&cursor=${String(second.body['next'])}`);
    expect([namesOn(first), namesOn(second), namesOn(third)]).toEqual([['s1', 's2'], ['s4', 's5'], ['s6']]);
    expect(third.body['next']).toBeNull();
    const actions = await admin('GET', '/v1/admin-actions?limit=2');
    await admin('PUT', '/v1/classes/s7', { mask: 'redact' });
    const older = await admin('GET', `/v1/admin-actions?limit=2&cursor=${String(actions.body['next'])}`);
    const seen = [...itemsOf(actions), ...itemsOf(older)].map(({ nounId, action }) => [nounId === null, action]);
    expect(seen.map(([, action]) => action)).toEqual([
      'PUT /v1/classes/:ref',
      'DELETE /v1/classes/:ref',
      'DELETE /v1/classes/:ref',
      'DELETE /v1/classes/:ref',
    ]);
  });

  test('newest first lists go on after their last item', async () => {
    const first = await admin('GET', '/v1/admin-actions?limit=2');
    const second = await admin('GET', `/v1/admin-actions?limit=2&cursor=${String(first.body['next'])}`);
    const ids = [...itemsOf(first), ...itemsOf(second)].map((item) => String(item['id']));
    expect(new Set(ids).size).toBe(4);
    expect(ids).toEqual([...ids].sort().reverse());
  });

  test('a wrong limit or cursor is told', async () => {
    for (const query of ['limit=0', 'limit=201', 'limit=x', 'cursor=!!', 'cursor=e30', 'cursor=WyJcdTAwMDAiXQ'])
      expect([query, (await admin('GET', `/v1/groups?${query}`)).status]).toEqual([query, 400]);
    expect((await admin('GET', '/v1/admin-actions?cursor=WyJ4Iiwi eSJd')).status).toBe(400);
  });
});

describe('idempotency keys', () => {
  test('a repeated creation gets the first answer, secrets included, and makes nothing', async () => {
    const key = { 'idempotency-key': 'once-1' };
    const first = await admin('POST', '/v1/tokens', { name: 'same' }, key);
    const again = await admin('POST', '/v1/tokens', { name: 'same' }, key);
    expect(first.status).toBe(201);
    expect(again.status).toBe(201);
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    const made = itemsOf(await admin('GET', '/v1/tokens?limit=200')).filter((token) => token['name'] === 'same');
    expect(made).toHaveLength(1);
    const database = await postgres.connect('rest');
    const kept = await database.query('select response::text as text from "IdempotencyKey"');
    await database.end();
    expect(JSON.stringify(kept.rows)).not.toContain(String(first.body['token']));
  });

  test('a key with another body, and a malformed one, are refused', async () => {
    const key = { 'idempotency-key': 'once-2' };
    await admin('POST', '/v1/groups', { name: 'idem' }, key);
    expect((await admin('POST', '/v1/groups', { name: 'other' }, key)).body).toMatchObject({
      status: 422,
      code: 'idempotency_key_reused',
    });
    expect((await admin('POST', '/v1/groups', { name: 'x' }, { 'idempotency-key': 'a b' })).status).toBe(400);
  });

  test('of many at once one does the work', async () => {
    const key = { 'idempotency-key': 'race' };
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => admin('POST', '/v1/groups', { name: 'raced' }, key)),
    );
    const statuses = answers.map((answer) => `${answer.status} ${String(answer.body['code'] ?? '')}`);
    expect(statuses.filter((status) => !['201 ', '409 in_progress'].includes(status))).toEqual([]);
    expect(new Set(answers.flatMap((answer) => (answer.status === 201 ? [answer.body['id']] : []))).size).toBe(1);
  });

  test('a key belongs to its caller, its route and its address', async () => {
    const key = { 'idempotency-key': 'shared' };
    const second = await plane.as('augusta', 'admin');
    const [one, two] = [
      await admin('POST', '/v1/tokens', { name: 't' }, key),
      await second('POST', '/v1/tokens', { name: 't' }, key),
    ];
    expect([one.status, two.status]).toEqual([201, 201]);
    expect(two.headers.get('idempotency-replayed')).toBeNull();
    expect(two.body['token']).not.toBe(one.body['token']);
    expect((await admin('POST', '/v1/groups', { name: 'keyed' }, key)).status).toBe(201);
    await admin('POST', '/v1/subagents', { name: 'k1', issuer: 'idp', claims: { sub: 'k1' } });
    const there = { 'idempotency-key': 'address' };
    expect((await admin('POST', '/v1/subagents/k1/disable', {}, there)).status).toBe(200);
    expect((await admin('POST', '/v1/subagents/etl/disable', {}, there)).body['code']).toBe('idempotency_key_reused');
    expect((await admin('GET', '/v1/subagents/etl')).body['disabled']).toBe(false);
  });

  test('a right that was lost is not given back by a key', async () => {
    const key = { 'idempotency-key': 'lost' };
    const former = await plane.as('former', 'admin');
    expect((await former('POST', '/v1/groups', { name: 'by-former' }, key)).status).toBe(201);
    await admin('PUT', '/v1/users/former', { role: 'member' });
    expect((await former('POST', '/v1/groups', { name: 'by-former' }, key)).status).toBe(403);
  });

  test('a failure leaves the key free', async () => {
    const key = { 'idempotency-key': 'free' };
    expect(
      (await admin('POST', '/v1/subagents', { name: 'late', issuer: 'later', claims: { sub: 'x' } }, key)).status,
    ).toBe(400);
    expect((await admin('POST', '/v1/groups', { name: 'free' }, key)).status).toBe(201);
  });
});

describe('what people do is recorded', () => {
  test('every mutation with its outcome, and no secret', async () => {
    await admin('PUT', '/v1/groups/recorded', { description: 'x' });
    await admin('PUT', '/v1/groups/recorded', { description: 'x', wrong: { password: 'hunter2' } });
    const actions = itemsOf(await admin('GET', '/v1/admin-actions?noun=groups&limit=2'));
    expect(actions.map((action) => [action['user'], action['action'], action['outcome']])).toEqual([
      ['ada', 'PUT /v1/groups/:ref', 'invalid_request'],
      ['ada', 'PUT /v1/groups/:ref', 'done'],
    ]);
    const all = JSON.stringify(itemsOf(await admin('GET', '/v1/admin-actions?limit=200')));
    expect(all).toContain('POST /v1/setup');
    expect(all).not.toMatch(/hunter2|sps_|sat_/);
  });
});

describe('docs and health', () => {
  test('every route is described: its body, its answers, its problems, its callers', async () => {
    const { paths } = (await (await fetch(`${plane.url}/docs-json`)).json()) as { paths: Paths };
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => {
        const route = `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`;
        return { route, operation };
      }),
    );
    expect(described.map(({ route }) => route).sort()).toEqual(
      servedRoutes()
        .filter((route) => !isPageRoute(route))
        .sort(),
    );
    for (const { route, operation } of described) {
      const statuses = Object.keys(operation.responses);
      const done = statuses.filter((status) => status.startsWith('2'));
      expect([route, done.length > 0]).toEqual([route, true]);
      for (const status of done) {
        const shape = operation.responses[status]?.content?.['application/json']?.schema;
        expect([route, status, JSON.stringify(shape ?? {}).length > 2]).toEqual([route, status, status !== '204']);
      }
      const isPublic = authorization[route] === 'public';
      const isOAuth = route.includes(' /oauth/');
      expect([route, operation.security]).toEqual([route, isPublic ? [] : [{ bearer: [] }]]);
      const problems = ['500', ...(isPublic ? [] : ['401', '403']), ...(route.includes(':') ? ['404'] : [])];
      for (const status of problems) {
        const content = operation.responses[status]?.content ?? {};
        const form = isOAuth ? 'application/json' : 'application/problem+json';
        expect([route, status, Object.keys(content)]).toEqual([route, status, [form]]);
      }
      const names = (operation.parameters ?? []).map((parameter) => parameter.name);
      const takesKey = route.startsWith('POST ') && !isPublic && !isOAuth;
      expect([route, names.includes('Idempotency-Key')]).toEqual([route, takesKey]);
      expect([route, names.includes('limit'), names.includes('cursor')]).toEqual([
        route,
        ...(isPage(operation) ? [true, true] : [false, false]),
      ]);
      if (route.startsWith('PUT ')) expect([route, operation.requestBody]).toEqual([route, expect.anything()]);
    }
    expect(described.filter(({ operation }) => isPage(operation)).length).toBeGreaterThan(12);
    expect(JSON.stringify(paths['/v1/subagents']?.['post']?.requestBody)).toContain('claims');
    const page = await fetch(`${plane.url}/docs`);
    expect(page.status).toBe(200);
  });

  test('a field that is not documented does not leave', async () => {
    const groups = plane.app.get(GroupsService, { strict: false });
    const { body } = await admin('PUT', '/v1/groups/discreet', {});
    const { get } = groups;
    Object.assign(groups, { get: async () => ({ ...body, createdAt: new Date(), hash: 'inside' }) });
    try {
      const answer = await admin('GET', '/v1/groups/discreet');
      expect(answer.body).toMatchObject({ name: 'discreet' });
      expect(answer.body).not.toHaveProperty('hash');
    } finally {
      Object.assign(groups, { get });
    }
  });

  test('health is always told, readiness by its parts', async () => {
    expect((await plane.nobody('GET', '/healthz')).body).toEqual({ status: 'ok' });
    const ready = await plane.nobody('GET', '/readyz');
    expect(ready.body).toMatchObject({ status: 'ready', checks: { database: 'ok', migrations: 'ok' } });
  });

  test('answers are never stored', async () => {
    const { headers } = await admin('GET', '/v1/me');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });
});
