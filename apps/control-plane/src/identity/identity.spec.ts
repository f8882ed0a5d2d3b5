import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startIdentityProvider, startPostgres, until } from '@sallyport/testing';
import type { TestIdentityProvider, TestPostgres } from '@sallyport/testing';
import { itemsOf, restOf, startPlane, testConfig } from '../../testing/plane.js';
import type { Rest, TestPlane } from '../../testing/plane.js';
import { changesChannel } from '../configuration/changes.js';
import { startControlPlane } from '../start.js';
import { KeyRefresh } from './key-refresh.js';

const audience = 'https://sallyport.test';
const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

let postgres: TestPostgres;
let provider: TestIdentityProvider;
let plane: TestPlane;
let admin: Rest;
beforeAll(async () => {
  postgres = await startPostgres();
  provider = await startIdentityProvider({
    clients: [
      { id: 'etl', secret: 'etl-secret' },
      { id: 'stranger', secret: 'stranger-secret' },
    ],
  });
  await postgres.createDatabase('identity');
  plane = await startPlane(postgres.url('identity'), { SALLYPORT_AUDIENCE: audience });
  admin = plane.admin;
});
afterAll(async () => {
  await plane.stop();
  await provider.stop();
  await postgres.stop();
});

const issuer = () => ({ issuer: provider.issuer, jwksUri: provider.jwksUri });

describe('set-up', () => {
  test('works once, for one of many, and says nothing of a wrong token', async () => {
    await postgres.createDatabase('setup');
    const fresh = await startControlPlane(testConfig(postgres.url('setup')), quiet);
    try {
      const nobody = restOf(fresh.url, undefined);
      const wrong = await nobody('POST', '/v1/setup', { token: 'sps_wrong', name: 'eve' });
      expect(wrong.status).toBe(401);
      const names = ['one', 'two', 'three', 'four'];
      const answers = await Promise.all(
        names.map((name) => nobody('POST', '/v1/setup', { token: fresh.setupToken, name })),
      );
      expect(answers.map((answer) => answer.status).sort()).toEqual([201, 401, 401, 401]);
      const token = String(answers.find((answer) => answer.status === 201)?.body['token']);
      expect(itemsOf(await restOf(fresh.url, token)('GET', '/v1/users'))).toHaveLength(1);
      const again = await nobody('POST', '/v1/setup', { token: fresh.setupToken, name: 'late' });
      expect(again.body['detail']).toBe(wrong.body['detail']);
    } finally {
      await fresh.stop();
    }
  });

  test('guessing is slowed down', async () => {
    await postgres.createDatabase('guessing');
    const fresh = await startControlPlane(testConfig(postgres.url('guessing')), quiet);
    try {
      const nobody = restOf(fresh.url, undefined);
      const statuses: number[] = [];
      for (let guess = 0; guess < 12; guess++)
        statuses.push((await nobody('POST', '/v1/setup', { token: `sps_${guess}`, name: 'eve' })).status);
      expect(statuses.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => 401));
      expect(statuses.slice(10)).toEqual([429, 429]);
    } finally {
      await fresh.stop();
    }
  });
});

describe('users and groups', () => {
  test('PUT by name makes, then changes, and is idempotent', async () => {
    const wish = { role: 'approver', email: 'grace@example.com' };
    const made = await admin('PUT', '/v1/users/grace', wish);
    expect([made.status, made.body['role'], made.body['groups']]).toEqual([201, 'approver', []]);
    const same = await admin('PUT', '/v1/users/grace', wish);
    expect([same.status, same.body['id']]).toEqual([200, made.body['id']]);
    const byId = await admin('PUT', `/v1/users/${String(made.body['id'])}`, { ...wish, role: 'auditor' });
    expect([byId.status, byId.body['name'], byId.body['role']]).toEqual([200, 'grace', 'auditor']);
    expect((await admin('PUT', '/v1/users/usr_00000000000000000000000000', wish)).status).toBe(404);
    expect((await admin('POST', '/v1/users', { name: 'grace', ...wish })).body).toMatchObject({
      status: 409,
      code: 'conflict',
    });
  });

  test('memberships can be written from both sides, and stay where nothing is said', async () => {
    await admin('PUT', '/v1/groups/dba', { description: 'on call' });
    await admin('PUT', '/v1/users/grace', { role: 'approver', groups: ['dba'] });
    expect((await admin('GET', '/v1/groups/dba')).body['members']).toEqual({ users: ['grace'], subagents: [] });
    await admin('PUT', '/v1/users/grace', { role: 'approver' });
    expect((await admin('GET', '/v1/users/grace')).body['groups']).toEqual(['dba']);
    await admin('PUT', '/v1/groups/dba', { members: { users: ['ada'] } });
    expect((await admin('GET', '/v1/users/grace')).body['groups']).toEqual([]);
    const missing = await admin('PUT', '/v1/users/grace', { role: 'approver', groups: ['nowhere'] });
    expect(missing.body).toMatchObject({
      status: 400,
      errors: [{ path: 'groups', message: 'there is no group nowhere' }],
    });
  });

  test('the last admin can neither go nor step down, nor can two at once', async () => {
    expect((await admin('DELETE', '/v1/users/ada')).status).toBe(409);
    expect((await admin('PUT', '/v1/users/ada', { role: 'member' })).status).toBe(409);
    expect((await admin('PUT', '/v1/users/ada', { role: 'admin', disabled: true })).status).toBe(409);
    const second = await plane.as('augusta', 'admin');
    const both = await Promise.all([
      admin('PUT', '/v1/users/augusta', { role: 'member' }),
      second('PUT', '/v1/users/ada', { role: 'member' }),
    ]);
    expect(both.filter((answer) => answer.status === 200).length).toBeLessThanOrEqual(1);
    const database = await postgres.connect('identity');
    await database.query(`update "User" set role = 'admin' where name = 'ada'`);
    await database.end();
    const admins = itemsOf(await admin('GET', '/v1/users')).filter((user) => user['role'] === 'admin');
    expect(admins.length).toBeGreaterThanOrEqual(1);
  });
});

describe('tokens', () => {
  test('people make and revoke their own; only admins make those of others', async () => {
    const member = await plane.as('linus', 'member');
    const own = await member('POST', '/v1/tokens', { name: 'laptop', expiresInSeconds: 60 });
    expect(own.status).toBe(201);
    expect((await plane.bearing(String(own.body['token']))('GET', '/v1/me')).body).toMatchObject({
      kind: 'user',
      name: 'linus',
      role: 'member',
    });
    expect((await member('POST', '/v1/tokens', { name: 'x', user: 'ada' })).status).toBe(403);
    expect(itemsOf(await member('GET', '/v1/tokens')).every((token) => token['user'] === 'linus')).toBe(true);
    const foreign = itemsOf(await admin('GET', '/v1/tokens?user=ada'))[0];
    expect((await member('DELETE', `/v1/tokens/${String(foreign?.['id'])}`)).status).toBe(404);
    expect((await member('DELETE', `/v1/tokens/${String(own.body['id'])}`)).status).toBe(204);
    expect((await plane.bearing(String(own.body['token']))('GET', '/v1/me')).status).toBe(401);
  });

  test('an expired one is refused', async () => {
    const made = await admin('POST', '/v1/tokens', { name: 'old', expiresInSeconds: 60 });
    const database = await postgres.connect('identity');
    await database.query(`update "ApiToken" set "expiresAt" = now() - interval '1 second' where id = $1`, [
      made.body['id'],
    ]);
    await database.end();
    expect((await plane.bearing(String(made.body['token']))('GET', '/v1/me')).status).toBe(401);
  });
});

describe('a token that ends', () => {
  test('makes none that outlives it', async () => {
    const short = await admin('POST', '/v1/tokens', { name: 'short', expiresInSeconds: 600 });
    const bearer = plane.bearing(String(short.body['token']));
    const endOf = (answer: { readonly body: Readonly<Record<string, unknown>> }) =>
      new Date(String(answer.body['expiresAt'])).getTime();
    const silent = await bearer('POST', '/v1/tokens', { name: 'child' });
    expect([silent.status, silent.body['expiresAt']]).toEqual([201, short.body['expiresAt']]);
    const shorter = await bearer('POST', '/v1/tokens', { name: 'child', expiresInSeconds: 60 });
    expect(endOf(shorter)).toBeLessThan(endOf(short));
    const longer = await bearer('POST', '/v1/tokens', { name: 'child', expiresInSeconds: 86_400 });
    expect(longer.body).toMatchObject({ status: 403, detail: expect.stringContaining('outlive') });
    expect((await bearer('POST', '/v1/tokens', { name: 'child', user: 'linus' })).body['expiresAt']).toBe(
      short.body['expiresAt'],
    );
  });
});

describe('issuers', () => {
  test('keys are read when it is made, and kept public only', async () => {
    const made = await admin('PUT', '/v1/issuers/idp', issuer());
    expect(made.status).toBe(201);
    expect(made.body['audiences']).toEqual([audience]);
    const [key] = made.body['keys'] as readonly Readonly<Record<string, unknown>>[];
    expect(key).toMatchObject({ kty: 'EC', crv: 'P-256', kid: 'signing' });
    expect(key).not.toHaveProperty('d');
    expect((await admin('PUT', '/v1/issuers/idp', issuer())).status).toBe(200);
    expect((await admin('POST', '/v1/issuers/idp/refresh')).body).toMatchObject({ keysProblem: null });
  });

  test('what cannot be read is not saved, and says why', async () => {
    const closed = { issuer: 'https://closed.test', jwksUri: 'http://127.0.0.1:1/jwks' };
    expect((await admin('PUT', '/v1/issuers/closed', closed)).body).toMatchObject({
      status: 422,
      code: 'issuer_unreachable',
      errors: [{ path: 'jwksUri', message: 'it cannot be reached' }],
    });
    const page = { issuer: 'https://page.test', jwksUri: `${provider.issuer}/.well-known/openid-configuration` };
    expect((await admin('PUT', '/v1/issuers/page', page)).body).toMatchObject({
      detail: expect.stringContaining('not a JWK set'),
    });
    expect((await admin('GET', '/v1/issuers/closed')).status).toBe(404);
  });

  test('symmetric, private and short keys are refused', async () => {
    const hmac = { issuer: 'https://hmac.test', keys: [{ kty: 'oct', k: 'c2VjcmV0' }] };
    expect((await admin('PUT', '/v1/issuers/hmac', hmac)).status).toBe(400);
    const short = { issuer: 'https://short.test', keys: [{ kty: 'RSA', n: 'abcd', e: 'AQAB' }] };
    expect((await admin('PUT', '/v1/issuers/short', short)).status).toBe(400);
    const none = { ...issuer(), algorithms: ['none'] };
    expect((await admin('PUT', '/v1/issuers/none', none)).status).toBe(400);
    const noKeys = await admin('PUT', '/v1/issuers/nokeys', { issuer: 'https://nokeys.test' });
    expect(noKeys.body).toMatchObject({ status: 400, errors: [{ path: 'jwksUri' }] });
  });

  test.each([
    ['https://token.actions.githubusercontent.com', 'https://github.com/acme'],
    ['https://oidc.k8s.test', 'https://kubernetes.default.svc'],
    ['https://idp.test', 'https://idp.test/'],
  ])('tokens of %s for %s are somebody else’s', async (iss, theirs) => {
    const keys = (await admin('GET', '/v1/issuers/idp')).body['keys'];
    const answer = await admin('PUT', '/v1/issuers/foreign', { issuer: iss, keys, audiences: ['sallyport', theirs] });
    expect(answer.body).toMatchObject({
      status: 400,
      errors: [{ path: 'audiences', message: expect.stringContaining('own') }],
    });
  });

  test('one iss is one issuer, and one in use stays', async () => {
    expect((await admin('PUT', '/v1/issuers/twin', issuer())).status).toBe(409);
    await admin('PUT', '/v1/subagents/bound', { issuer: 'idp', claims: { sub: 'bound' } });
    expect((await admin('DELETE', '/v1/issuers/idp')).body).toMatchObject({ status: 409, code: 'in_use' });
    expect((await admin('DELETE', '/v1/subagents/bound')).status).toBe(204);
  });

  test('an iss cannot be changed into one that its subagents are bound too loosely for', async () => {
    const keys = (await admin('GET', '/v1/issuers/idp')).body['keys'];
    await admin('PUT', '/v1/issuers/mover', { issuer: 'https://mover.test', keys });
    await admin('PUT', '/v1/subagents/loose', { issuer: 'mover', claims: { sub: 'deploy of org-app' } });
    const moved = await admin('PUT', '/v1/issuers/mover', {
      issuer: 'https://token.actions.githubusercontent.com',
      keys,
    });
    expect(moved.body).toMatchObject({ status: 409, detail: expect.stringContaining('subagent loose') });
  });

  test('one that goes while it is changed does not come back without keys', async () => {
    const wish = { issuer: 'https://going.test', jwksUri: provider.jwksUri };
    expect((await admin('PUT', '/v1/issuers/going', wish)).status).toBe(201);
    const blocker = await postgres.connect('identity');
    await blocker.query('begin');
    await blocker.query('select 1 from "Tenant" for update');
    const changed = admin('PUT', '/v1/issuers/going', wish);
    await until(async () => {
      const waiting = `select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = 'identity'`;
      return (await blocker.query(waiting)).rows.length > 0;
    }, 'the change waits for its turn');
    await blocker.query(`delete from "Issuer" where name = 'going'`);
    await blocker.query('commit');
    await blocker.end();
    expect((await changed).body).toMatchObject({ status: 404 });
    expect((await admin('GET', '/v1/issuers/going')).status).toBe(404);
  });

  test('of many who make one at once, one does', async () => {
    const keys = (await admin('GET', '/v1/issuers/idp')).body['keys'];
    const wish = { name: 'once', issuer: 'https://once.test', keys };
    const answers = await Promise.all([1, 2, 3, 4].map(() => admin('POST', '/v1/issuers', wish)));
    expect(answers.map((answer) => answer.status).sort()).toEqual([201, 409, 409, 409]);
  });

  test('old keys are read again by themselves; a failure keeps the ones that are there', async () => {
    const database = await postgres.connect('identity');
    await database.query(
      `update "Issuer" set keys = '[]', "keysReadAt" = now() - interval '1 hour' where name = 'idp'`,
    );
    await plane.app.get(KeyRefresh, { strict: false }).refreshOld(new Date());
    const fresh = await admin('GET', '/v1/issuers/idp');
    expect(fresh.body['keys']).toHaveLength(1);
    await database.query(
      `update "Issuer" set "jwksUri" = 'http://127.0.0.1:1/', "keysReadAt" = now() - interval '1 hour' where name = 'idp'`,
    );
    await plane.app.get(KeyRefresh, { strict: false }).refreshOld(new Date());
    const kept = await admin('GET', '/v1/issuers/idp');
    expect([kept.body['keysProblem'], kept.body['keys']]).toEqual(['it cannot be reached', fresh.body['keys']]);
    await database.query(`update "Issuer" set "jwksUri" = $1 where name = 'idp'`, [provider.jwksUri]);
    await database.end();
  });
});

describe('who knocked with a good token and is bound to nobody', () => {
  test('is seen, counted, bound in one step, and known from then on', async () => {
    await admin('PUT', '/v1/issuers/idp', issuer());
    const stranger = plane.bearing(await provider.token('stranger', audience));
    const first = await stranger('GET', '/v1/me');
    const second = await stranger('GET', '/v1/me');
    expect([first.status, second.status]).toEqual([401, 401]);
    const seen = itemsOf(await admin('GET', '/v1/observed-identities')).filter(
      (each) => each['subject'] === 'stranger',
    );
    expect(seen).toMatchObject([
      {
        ...{ issuer: 'idp', connection: '', attempts: 2, claims: { sub: 'stranger' } },
        suggestion: { platform: null, claims: { sub: 'stranger' }, problems: [] },
      },
    ]);
    const path = `/v1/observed-identities/${String(seen[0]?.['id'])}`;
    const loose = await admin('POST', `${path}/bind`, { name: 'stranger', claims: { sub: '*' } });
    expect(loose.status).toBe(400);
    const bound = await admin('POST', `${path}/bind`, { name: 'stranger', groups: [] });
    expect([bound.status, bound.body]).toMatchObject([201, { issuer: 'idp', claims: { sub: 'stranger' } }]);
    expect((await stranger('GET', '/v1/me')).body).toMatchObject({ kind: 'subagent', name: 'stranger' });
    expect((await admin('DELETE', path)).status).toBe(404);
    await admin('DELETE', '/v1/subagents/stranger');
  });

  test('is not whoever brings a token that does not verify', async () => {
    const [head, body] = (await provider.token('stranger', audience)).split('.');
    await plane.bearing(`${head}.${body}.AAAA`)('GET', '/v1/me');
    await plane.bearing(await provider.token('stranger', 'https://somewhere.else'))('GET', '/v1/me');
    expect(itemsOf(await admin('GET', '/v1/observed-identities'))).toEqual([]);
  });
});

describe('subagents', () => {
  const etl = () => ({ issuer: 'idp', claims: { sub: 'etl' }, groups: ['etl'], owner: 'linus' });

  test('are bound exactly, with groups and owner by name', async () => {
    await admin('PUT', '/v1/groups/etl', {});
    const made = await admin('PUT', '/v1/subagents/etl', etl());
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ ...etl(), disabled: false });
    expect((await admin('PUT', '/v1/subagents/etl', etl())).status).toBe(200);
    const refusals = {
      'no subject': { issuer: 'idp', claims: { repository_id: '1' } },
      wildcard: { issuer: 'idp', claims: { sub: 'repo:org/*' } },
      'unknown issuer': { issuer: 'nowhere', claims: { sub: 'x' } },
      'unknown owner': { ...etl(), claims: { sub: 'y' }, owner: 'nobody' },
    };
    for (const [why, body] of Object.entries(refusals))
      expect([why, (await admin('PUT', '/v1/subagents/wrong', body)).status]).toEqual([why, 400]);
  });

  test('one token can never be two of them', async () => {
    const twin = await admin('PUT', '/v1/subagents/twin', { issuer: 'idp', claims: { sub: 'etl', environment: 'ci' } });
    expect(twin.body).toMatchObject({ status: 409, detail: expect.stringContaining('subagent etl') });
    const raced = await Promise.all(
      ['r1', 'r2', 'r3'].map((name) =>
        admin('PUT', `/v1/subagents/${name}`, { issuer: 'idp', claims: { sub: 'raced' } }),
      ),
    );
    expect(raced.map((answer) => answer.status).sort()).toEqual([201, 409, 409]);
  });

  test('they ask with their own token, on the few routes that are open to them', async () => {
    const self = plane.bearing(await provider.token('etl', audience));
    expect((await self('GET', '/v1/me')).body).toMatchObject({ kind: 'subagent', name: 'etl', groups: ['etl'] });
    expect((await self('GET', '/v1/users')).body).toMatchObject({ status: 403 });
    expect((await plane.bearing(await provider.token('etl', 'https://else.test'))('GET', '/v1/me')).status).toBe(401);
    expect((await plane.bearing(await provider.token('stranger', audience))('GET', '/v1/me')).status).toBe(401);
  });

  test('disabling and revoking take hold at once; enabling gives back', async () => {
    const token = await provider.token('etl', audience);
    const self = plane.bearing(token);
    await admin('POST', '/v1/subagents/etl/disable');
    expect((await self('GET', '/v1/me')).status).toBe(401);
    expect((await admin('PUT', '/v1/subagents/etl', etl())).body['disabled']).toBe(true);
    await admin('POST', '/v1/subagents/etl/enable');
    expect((await self('GET', '/v1/me')).status).toBe(200);
    const revoked = await admin('POST', '/v1/subagents/etl/revoke-tokens');
    expect(new Date(String(revoked.body['notBefore'])).getTime()).toBeGreaterThan(Date.now() - 2_000);
    expect((await self('GET', '/v1/me')).status).toBe(401);
  });

  test('an owner cannot be removed from under them', async () => {
    expect((await admin('DELETE', '/v1/users/linus')).body).toMatchObject({ status: 409, code: 'in_use' });
  });
});

test('every change raises the bundle version and wakes the replicas; a refused one does neither', async () => {
  const listener = await postgres.connect('identity');
  const heard: string[] = [];
  listener.on('notification', (notification) => heard.push(notification.payload ?? ''));
  await listener.query(`listen ${changesChannel}`);
  const version = async () =>
    Number((await listener.query<{ v: string }>('select "bundleVersion"::text as v from "Tenant"')).rows[0]?.v);
  const before = await version();
  await admin('PUT', '/v1/groups/heard', {});
  await admin('PUT', '/v1/users/ada', { role: 'admin', groups: ['nowhere'] });
  expect(await version()).toBe(before + 1);
  expect(heard).toHaveLength(1);
  await listener.end();
});
