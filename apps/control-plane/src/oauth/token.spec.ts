import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startPostgres } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import type { JSONWebKeySet, JWTPayload } from 'jose';
import { accessTokenType, audience, grant, jwtType, sendForm, startPlatform } from '../../testing/oauth.js';
import type { Form, TestPlatform } from '../../testing/oauth.js';
import { openDatabase, startPlane } from '../../testing/plane.js';
import type { Answer, TestPlane } from '../../testing/plane.js';
import type { Database } from '../db/database.js';
import { Logins } from '../logins/logins.service.js';
import type { NewLogin } from '../logins/logins.service.js';
import { AccessTokens } from './access-tokens.js';
import { RefreshTokens } from './refresh-tokens.js';

let postgres: TestPostgres;
let plane: TestPlane;
let database: Database;
let platform: TestPlatform;
let tenantId: string;
let userId: string;
const ids = new Map<string, string>();
beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.createDatabase('oauth');
  plane = await startPlane(postgres.url('oauth'), { SALLYPORT_AUDIENCE: audience });
  database = openDatabase(postgres.url('oauth'));
  platform = await startPlatform(plane, 'etl', 'child', 'grandchild');
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
const ask = (fields: Form, headers?: Readonly<Record<string, string>>): Promise<Answer> =>
  sendForm(plane.nobody, '/oauth/token', fields, headers);
const tokenOf = (answer: Answer): string => {
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
  return String(answer.body['access_token']);
};
const claimsOf = (answer: Answer): JWTPayload => decodeJwt(tokenOf(answer));
const assertion = async (subject: string, more: Form = {}): Promise<Answer> =>
  ask({ grant_type: grant.jwtBearer, assertion: await platform.token(subject), ...more });
const exchange = (subject: string, more: Form = {}): Promise<Answer> =>
  ask({ grant_type: grant.exchange, subject_token: subject, subject_token_type: accessTokenType, ...more });
/** `token` handed on to a subagent that acts for it. */
const delegate = async (token: string, to: string, more: Form = {}): Promise<Answer> =>
  exchange(token, { actor_token: await platform.token(to), actor_token_type: jwtType, ...more });
const personal = async (more: Partial<NewLogin> = {}) => {
  const expiresAt = new Date(Date.now() + 7_200_000);
  const login = await plane.app.get(Logins).begin({ tenantId, whose: { userId }, how: 'device', expiresAt, ...more });
  return { login, token: (await plane.app.get(AccessTokens, { strict: false }).mint(login)).token };
};
const details = (...entries: readonly object[]): string =>
  JSON.stringify(entries.map((entry) => ({ type: 'sallyport_connection', ...entry })));
const errorOf = ({ status, body }: Answer): readonly unknown[] => [status, body['error']];

describe('what we publish', () => {
  test('is enough to verify our tokens offline', async () => {
    const metadata = await plane.nobody('GET', '/.well-known/oauth-authorization-server');
    const { issuer, jwks_uri: jwksUri } = metadata.body as { readonly issuer: string; readonly jwks_uri: string };
    expect(jwksUri).toBe(`${issuer}/oauth/jwks`);
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
