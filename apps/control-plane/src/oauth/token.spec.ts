import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startPostgres } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import type { JSONWebKeySet } from 'jose';
import {
  accessTokenType,
  askFor,
  audience,
  claimsOf,
  details,
  errorOf,
  grant,
  jwtType,
  sendForm,
  startPlatform,
  tokenOf,
} from '../../testing/oauth.js';
import type { Form, TestPlatform } from '../../testing/oauth.js';
import { openDatabase, startPlane } from '../../testing/plane.js';
import type { Answer, TestPlane } from '../../testing/plane.js';
import type { Database } from '../db/database.js';
import { Logins } from '../logins/logins.service.js';
import type { NewLogin } from '../logins/logins.service.js';
import { AccessTokens } from './access-tokens.js';
import { ExpiredRows, loginsKept } from './expired-rows.js';
import { RefreshTokens } from './refresh-tokens.js';

type Asking = ReturnType<typeof askFor>;
let postgres: TestPostgres;
let plane: TestPlane;
let database: Database;
let platform: TestPlatform;
let ask: Asking['ask'];
let assertion: Asking['assertion'];
let exchange: Asking['exchange'];
let delegate: Asking['delegate'];
let tenantId: string;
let userId: string;
const ids = new Map<string, string>();
beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.createDatabase('oauth');
  plane = await startPlane(postgres.url('oauth'), { SALLYPORT_AUDIENCE: audience });
  database = openDatabase(postgres.url('oauth'));
  platform = await startPlatform(plane, 'etl', 'child', 'grandchild');
  ({ ask, assertion, exchange, delegate } = askFor(plane, platform));
  await plane.admin('PUT', '/v1/users/linus', { role: 'member' });
  tenantId = (await database.tenant.findFirstOrThrow()).id;
  userId = (await database.user.findFirstOrThrow({ where: { name: 'linus' } })).id;
  for (const { id, name } of await database.subagent.findMany()) ids.set(name, id);
});
afterAll(async () => {
  await database.$disconnect();
  await plane.stop();
  await postgres.stop();
});
beforeEach(async () => {
  await database.login.deleteMany();
});

const idOf = (name: string): string => ids.get(name) ?? '';
const personal = async (more: Partial<NewLogin> = {}) => {
  const expiresAt = new Date(Date.now() + 7_200_000);
  const login = await plane.app.get(Logins).begin({ tenantId, whose: { userId }, how: 'device', expiresAt, ...more });
  return { login, token: (await plane.app.get(AccessTokens, { strict: false }).mint(login)).token };
};
describe('what we publish', () => {
  test('is enough to verify our tokens offline', async () => {
    const metadata = await plane.nobody('GET', '/.well-known/oauth-authorization-server');
    const { issuer, jwks_uri: jwksUri } = metadata.body as { readonly issuer: string; readonly jwks_uri: string };
    expect(jwksUri).toBe(`${issuer}/oauth/jwks`);
    // No grant is promised that would be refused: nobody here proves SAML assertions.
    const grants = metadata.body['grant_types_supported'] as readonly string[];
    expect(grants).toContain('urn:ietf:params:oauth:grant-type:jwt-bearer');
    expect(grants.filter((each) => each.includes('saml'))).toEqual([]);
    const jwks = await plane.nobody('GET', '/oauth/jwks');
    expect(jwks.headers.get('cache-control')).toBe('public, max-age=60');
    const keys = createLocalJWKSet(jwks.body as unknown as JSONWebKeySet);
    const options = { issuer, audience: issuer, typ: 'at+jwt', algorithms: ['ES256'] };
    const { payload } = await jwtVerify(tokenOf(await assertion('etl')), keys, options);
    expect(payload).toMatchObject({ sub: idOf('etl'), client_id: idOf('etl') });
  });

  test('has two keys and no private part', async () => {
    const { body } = await plane.nobody('GET', '/oauth/jwks');
    const keys = body['keys'] as readonly Readonly<Record<string, unknown>>[];
    expect(keys).toHaveLength(2);
    for (const key of keys) {
      expect(key).toMatchObject({
        kty: 'EC',
        crv: 'P-256',
        alg: 'ES256',
        use: 'sig',
        kid: expect.stringMatching(/^key_/),
      });
      expect(Object.keys(key).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
    }
  });
});

describe('an assertion of a platform (RFC 7523)', () => {
  test('is a login of its subagent, and a token under it', async () => {
    const answer = await assertion('etl');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.body).toMatchObject({ token_type: 'Bearer' });
    expect(answer.body).not.toHaveProperty('refresh_token');
    const [login] = await database.login.findMany();
    expect(login).toMatchObject({ how: 'assertion', subagentId: idOf('etl'), chain: [idOf('etl')], parentId: null });
    const claims = claimsOf(answer);
    expect(claims).toMatchObject({ sub: idOf('etl'), logins: [login?.id] });
    expect(claims).not.toHaveProperty('act');
    expect(decodeProtectedHeader(tokenOf(answer))).toMatchObject({ alg: 'ES256', typ: 'at+jwt' });
  });

  test('is good for REST, as that subagent', async () => {
    const me = await plane.bearing(tokenOf(await assertion('etl')))('GET', '/v1/me');
    expect([me.status, me.body['name']]).toEqual([200, 'etl']);
  });

  test('gives a token that lives no longer than the assertion does', async () => {
    const exp = Math.floor(Date.now() / 1000) + 120;
    const answer = await ask({ grant_type: grant.jwtBearer, assertion: await platform.token('etl', { exp }) });
    expect(claimsOf(answer).exp).toBeLessThanOrEqual(exp);
  });

  test('may ask for less: connections, actions, budget, time and a purpose', async () => {
    const less = details({ connections: ['billing'], actions: ['read'] });
    const answer = await assertion('etl', {
      ...{ authorization_details: less, budget: 'rows=1000/1h', purpose: 'Nightly report', expires_in: '60' },
    });
    const claims = claimsOf(answer);
    expect(claims).toMatchObject({ authorization_details: JSON.parse(less), purpose: 'Nightly report' });
    expect(claims['budgets']).toEqual([{ login: (claims['logins'] as string[])[0], limits: 'rows=1000/1h' }]);
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBeLessThanOrEqual(60);
    expect(answer.body['authorization_details']).toEqual(JSON.parse(less));
  });
});

describe('token exchange (RFC 8693)', () => {
  test('of the token of a platform is a login of its subagent', async () => {
    const answer = await exchange(await platform.token('etl'), { subject_token_type: jwtType });
    expect(answer.body).toMatchObject({ issued_token_type: accessTokenType });
    expect(claimsOf(answer)).toMatchObject({ sub: idOf('etl') });
  });

  test('keeps the whole chain: who acts outermost, those that acted before inside', async () => {
    const person = await personal();
    const first = await delegate(person.token, 'etl', { purpose: 'one' });
    const second = await delegate(tokenOf(first), 'child', { purpose: 'two' });
    expect(claimsOf(second)).toMatchObject({
      ...{ sub: userId, purpose: 'two', client_id: idOf('child') },
      act: { sub: idOf('child'), act: { sub: idOf('etl') } },
    });
    const logins = claimsOf(second)['logins'] as readonly string[];
    expect(logins).toHaveLength(3);
    expect(logins.slice(0, 2)).toEqual(claimsOf(first)['logins']);
    const me = await plane.bearing(tokenOf(second))('GET', '/v1/me');
    expect([me.status, me.body['name']]).toEqual([200, 'child']);
  });

  test('refuses that one acts twice in a chain', async () => {
    const first = tokenOf(await assertion('etl'));
    expect(errorOf(await delegate(first, 'etl'))).toEqual([400, 'invalid_request']);
    const second = tokenOf(await delegate(first, 'child'));
    expect(errorOf(await delegate(second, 'etl'))).toEqual([400, 'invalid_request']);
  });

  test('goes five deep and no deeper', async () => {
    let token = tokenOf(await assertion('etl'));
    for (let depth = 1; depth <= 5; depth++) token = tokenOf(await exchange(token));
    expect(errorOf(await exchange(token))).toEqual([400, 'invalid_request']);
  });

  const parent = details({ connections: ['billing', 'crm'], actions: ['read', 'filter'] }, { connections: ['logs'] });
  test.each([
    ['the same', parent],
    ['one connection', details({ connections: ['crm'], actions: ['read', 'filter'] })],
    ['one action', details({ connections: ['billing', 'crm'], actions: ['filter'] })],
    ['a new limit', details({ connections: ['logs'], actions: ['read'] })],
  ])('narrows: %s', async (_, child) => {
    const token = tokenOf(await assertion('etl', { authorization_details: parent }));
    expect(claimsOf(await exchange(token, { authorization_details: child }))['authorization_details']).toEqual(
      JSON.parse(child),
    );
  });

  test.each([
    ['another connection', details({ connections: ['hr'], actions: ['read'] })],
    ['one connection more', details({ connections: ['billing', 'hr'], actions: ['read'] })],
    ['another action', details({ connections: ['billing'], actions: ['write'] })],
    ['all connections', details({ actions: ['read'] })],
    ['all actions', details({ connections: ['billing'] })],
    ['two entries put together', details({ connections: ['billing', 'logs'], actions: ['read'] })],
    ['one entry within and one beyond', details({ connections: ['logs'] }, { connections: ['hr'] })],
    ['everything', details({})],
    ['a name in other letters', details({ connections: ['Billing'], actions: ['read'] })],
  ])('never widens: %s', async (_, child) => {
    const token = tokenOf(await assertion('etl', { authorization_details: parent }));
    const answer = await exchange(token, { authorization_details: child });
    expect(errorOf(answer)).toEqual([400, 'invalid_authorization_details']);
    expect(await database.login.count()).toBe(1);
  });

  test('without limits of its own keeps those of its parent', async () => {
    const token = tokenOf(await assertion('etl', { authorization_details: parent, budget: 'rows=10/1h' }));
    const claims = claimsOf(await delegate(token, 'child', { budget: 'rows=99/1h' }));
    expect(claims['authorization_details']).toEqual(JSON.parse(parent));
    expect((claims['budgets'] as readonly { readonly limits: string }[]).map(({ limits }) => limits)).toEqual([
      'rows=10/1h',
      'rows=99/1h',
    ]);
  });

  test('never outlives the login above it', async () => {
    const person = await personal({ expiresAt: new Date(Date.now() + 90_000) });
    const claims = claimsOf(await delegate(person.token, 'etl', { expires_in: '3600' }));
    expect(claims.exp).toBeLessThanOrEqual(Math.floor(person.login.expiresAt.getTime() / 1000));
  });

  test('ends with its parent: at once, with all under it', async () => {
    const person = await personal();
    const first = tokenOf(await delegate(person.token, 'etl'));
    const second = tokenOf(await delegate(first, 'child'));
    expect((await plane.bearing(second)('GET', '/v1/me')).status).toBe(200);
    await plane.app.get(Logins).end(tenantId, person.login.id, 'over');
    for (const token of [first, second]) {
      expect((await plane.bearing(token)('GET', '/v1/me')).status).toBe(401);
      expect(errorOf(await exchange(token))).toEqual([400, 'invalid_grant']);
    }
  });

  test('ends with each principal of its chain', async () => {
    const person = await personal();
    const token = tokenOf(await delegate(tokenOf(await delegate(person.token, 'etl')), 'grandchild'));
    const asked = async (): Promise<number> => (await plane.bearing(token)('GET', '/v1/me')).status;
    expect(await asked()).toBe(200);
    for (const [model, name] of [
      ['user', 'linus'] as const,
      ['subagent', 'etl'] as const,
      ['subagent', 'grandchild'] as const,
    ]) {
      const change = (disabled: boolean) =>
        model === 'user'
          ? database.user.updateMany({ where: { name }, data: { disabled } })
          : database.subagent.updateMany({ where: { name }, data: { disabled } });
      await change(true);
      expect([name, await asked()]).toEqual([name, 401]);
      await change(false);
    }
    expect(await asked()).toBe(200);
  });
});

describe('a person’s own token', () => {
  test('is as good as they are; handed on with less it is good for the gate alone', async () => {
    const { token } = await personal();
    expect((await plane.bearing(token)('GET', '/v1/me')).body['name']).toBe('linus');
    const less = tokenOf(await exchange(token, { authorization_details: details({ connections: ['billing'] }) }));
    expect((await plane.bearing(less)('GET', '/v1/me')).status).toBe(401);
  });
});

describe('refresh', () => {
  const begin = async () => {
    const { login } = await personal();
    const refresh = plane.app.get(RefreshTokens, { strict: false });
    return { login, token: await database.$transaction((transaction) => refresh.issue(login, transaction)) };
  };
  const renew = (token: string, more: Form = {}): Promise<Answer> =>
    ask({ grant_type: grant.refresh, refresh_token: token, client_id: 'sally', ...more });

  test('gives a token and the next refresh token', async () => {
    const { login, token } = await begin();
    const first = await renew(token);
    expect(claimsOf(first)).toMatchObject({ sub: userId, logins: [login.id], client_id: 'sally' });
    const next = String(first.body['refresh_token']);
    expect(next).not.toBe(token);
    expect((await renew(next)).status).toBe(200);
    expect(await database.refreshToken.count({ where: { hash: { in: [token, next] } } })).toBe(0);
  });

  test('that comes twice ends its login, and every token of it', async () => {
    const { login, token } = await begin();
    const first = await renew(token);
    const child = tokenOf(await delegate(tokenOf(first), 'etl'));
    expect(errorOf(await renew(token))).toEqual([400, 'invalid_grant']);
    expect(errorOf(await renew(String(first.body['refresh_token'])))).toEqual([400, 'invalid_grant']);
    for (const each of [tokenOf(first), child]) expect((await plane.bearing(each)('GET', '/v1/me')).status).toBe(401);
    expect(await database.login.findUniqueOrThrow({ where: { id: login.id } })).toMatchObject({
      endReason: 'a refresh token was used twice',
    });
  });

  test('raced by many gives one token at the most', async () => {
    const { login, token } = await begin();
    const answers = await Promise.all(Array.from({ length: 8 }, () => renew(token)));
    expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1);
    expect((await database.login.findUniqueOrThrow({ where: { id: login.id } })).endedAt).not.toBeNull();
  });

  test.each<readonly [string, Form, readonly unknown[]]>([
    ['of another client', { client_id: 'console' }, [400, 'invalid_grant']],
    ['of no client', { client_id: undefined }, [401, 'invalid_client']],
    ['of an unknown client', { client_id: 'evil' }, [401, 'invalid_client']],
    ['with limits', { authorization_details: details({}) }, [400, 'invalid_request']],
    ['with a scope', { scope: 'admin' }, [400, 'invalid_scope']],
    ['for somebody else', { audience: 'https://other.example' }, [400, 'invalid_target']],
    ['that is unknown', { refresh_token: 'srt_unknown' }, [400, 'invalid_grant']],
    ['that is missing', { refresh_token: undefined }, [400, 'invalid_request']],
  ])('%s is refused, and uses nothing up', async (_, more, expected) => {
    const { token } = await begin();
    expect(errorOf(await renew(token, more))).toEqual(expected);
    expect((await renew(token)).status).toBe(200);
  });

  test('of a disabled user is refused', async () => {
    const { token } = await begin();
    await database.user.update({ where: { id: userId }, data: { disabled: true } });
    expect(errorOf(await renew(token))).toEqual([400, 'invalid_grant']);
    await database.user.update({ where: { id: userId }, data: { disabled: false } });
  });
});

describe('introspection (RFC 7662)', () => {
  const look = async (token: string, as = plane.admin): Promise<Answer['body']> =>
    (await sendForm(as, '/oauth/introspect', { token })).body;

  test('tells what a good token says, and of any other nothing', async () => {
    const person = await personal();
    const child = tokenOf(await delegate(person.token, 'etl', { purpose: 'report' }));
    expect(await look(child)).toMatchObject({
      ...{ active: true, sub: userId, act: { sub: idOf('etl') }, client_id: idOf('etl'), username: 'etl' },
      ...{ purpose: 'report', token_type: 'Bearer' },
    });
    await plane.app.get(Logins).end(tenantId, person.login.id, 'over');
    for (const each of [child, person.token, 'x', 'srt_none', await platform.token('etl'), 'a'.repeat(16_384)])
      expect(await look(each)).toEqual({ active: false });
  });

  test('is for who has a token of their own', async () => {
    const { token } = await personal();
    expect((await sendForm(plane.nobody, '/oauth/introspect', { token })).status).toBe(401);
    expect(await look(token, plane.bearing(token))).toMatchObject({ active: true, client_id: 'sally' });
    // A question is no action.
    expect(await database.adminAction.count({ where: { action: 'POST /oauth/introspect', outcome: 'done' } })).toBe(0);
  });

  test('of a refresh token does not use it, and says when it was used', async () => {
    const { login } = await personal();
    const refresh = plane.app.get(RefreshTokens, { strict: false });
    const token = await database.$transaction((transaction) => refresh.issue(login, transaction));
    expect(await look(token)).toMatchObject({ active: true, token_type: 'refresh_token', logins: [login.id] });
    expect((await ask({ grant_type: grant.refresh, refresh_token: token, client_id: 'sally' })).status).toBe(200);
    expect(await look(token)).toEqual({ active: false });
  });
});

describe('revocation (RFC 7009)', () => {
  const revoke = async (token: string): Promise<number> =>
    (await sendForm(plane.nobody, '/oauth/revoke', { token })).status;
  const isGood = async (token: string): Promise<boolean> =>
    (await sendForm(plane.admin, '/oauth/introspect', { token })).body['active'] === true;

  test('of a parent ends all of its children; of a child that child alone', async () => {
    const person = await personal();
    const first = tokenOf(await delegate(person.token, 'etl'));
    const second = tokenOf(await delegate(first, 'child'));
    const other = tokenOf(await delegate(person.token, 'etl'));
    expect(await revoke(first)).toBe(200);
    expect(await Promise.all([person.token, first, second, other].map(isGood))).toEqual([true, false, false, true]);
    expect(await revoke(person.token)).toBe(200);
    expect(await Promise.all([person.token, other].map(isGood))).toEqual([false, false]);
  });

  test('of a refresh token ends its login', async () => {
    const { login, token } = await personal();
    const refresh = plane.app.get(RefreshTokens, { strict: false });
    const one = await database.$transaction((transaction) => refresh.issue(login, transaction));
    expect(await revoke(one)).toBe(200);
    expect([await isGood(token), await isGood(one)]).toEqual([false, false]);
  });

  test('of what is none of ours, or over, says nothing of it', async () => {
    const { token } = await personal();
    const forged = `${token.slice(0, -4)}AAAA`;
    for (const each of ['x', forged, 'srt_none', await platform.token('etl')]) expect(await revoke(each)).toBe(200);
    expect(await isGood(token)).toBe(true);
  });
});

describe('what ends logins for good', () => {
  // Of tokens that were revoked, those of the same second are too.
  beforeEach(() => database.subagent.updateMany({ data: { notBefore: new Date(0) } }));
  const subagent = { issuer: 'platform', claims: { sub: 'child' } };
  test.each<readonly [string, readonly (readonly [string, string, object?])[]]>([
    [
      'the subagent is disabled, and enabled again',
      [
        ['POST', '/v1/subagents/child/disable'],
        ['POST', '/v1/subagents/child/enable'],
      ],
    ],
    [
      'the subagent is declared disabled, and enabled again',
      [
        ['PUT', '/v1/subagents/child', { ...subagent, disabled: true }],
        ['PUT', '/v1/subagents/child', { ...subagent, disabled: false }],
      ],
    ],
    [
      'the subagent is bound to another identity, and back',
      [
        ['PUT', '/v1/subagents/child', { ...subagent, claims: { sub: 'other' } }],
        ['PUT', '/v1/subagents/child', subagent],
      ],
    ],
    ['the tokens of the subagent are revoked', [['POST', '/v1/subagents/child/revoke-tokens']]],
    [
      'the user is disabled, and enabled again',
      [
        ['PUT', '/v1/users/linus', { role: 'member', disabled: true }],
        ['PUT', '/v1/users/linus', { role: 'member', disabled: false }],
      ],
    ],
  ])('%s', async (_, requests) => {
    const person = await personal();
    const acting = tokenOf(await delegate(person.token, 'child'));
    const onward = tokenOf(await delegate(acting, 'etl'));
    const unrelated = tokenOf(await assertion('etl'));
    for (const [method, path, body] of requests) expect((await plane.admin(method, path, body)).status).toBe(200);
    for (const token of [acting, onward]) expect((await plane.bearing(token)('GET', '/v1/me')).status).toBe(401);
    expect((await plane.bearing(unrelated)('GET', '/v1/me')).status).toBe(200);
    const over = await database.login.findMany({ where: { how: 'delegation' } });
    expect(over.map(({ endedAt }) => endedAt !== null)).toEqual([true, true]);
  });

  test('is nothing that leaves the binding as it is', async () => {
    const token = tokenOf(await assertion('grandchild'));
    const same = { issuer: 'platform', claims: { sub: 'grandchild' }, owner: 'ada' };
    expect((await plane.admin('PUT', '/v1/subagents/grandchild', same)).status).toBe(200);
    expect((await plane.bearing(token)('GET', '/v1/me')).status).toBe(200);
  });
});

test('what is over is swept, logins long after; a used refresh token is known until its login is over', async () => {
  const rows = plane.app.get(ExpiredRows, { strict: false });
  const { login } = await personal();
  const refresh = plane.app.get(RefreshTokens, { strict: false });
  const token = await database.$transaction((transaction) => refresh.issue(login, transaction));
  await refresh.renew(tenantId, token, undefined);
  const later = (milliseconds: number): Date => new Date(login.expiresAt.getTime() + milliseconds);
  const kept = async () => [await database.refreshToken.count(), await database.login.count()];
  await rows.sweep(later(-1));
  expect(await kept()).toEqual([2, 1]);
  await rows.sweep(later(1));
  expect(await kept()).toEqual([0, 1]);
  const version = async () => (await database.tenant.findUniqueOrThrow({ where: { id: tenantId } })).bundleVersion;
  await plane.app.get(Logins).end(tenantId, login.id, 'over');
  const before = await version();
  await rows.sweep(later(loginsKept + 1));
  // Proxies have a list of those that ended: what is made of one version is the same on every replica.
  expect(await version()).toBe(before + 1n);
  await rows.sweep(later(loginsKept + 1));
  expect(await version()).toBe(before + 1n);
  expect(await kept()).toEqual([0, 0]);
});
