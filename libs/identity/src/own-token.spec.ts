import { beforeAll, describe, expect, test } from '@jest/globals';
import { SignJWT, UnsecuredJWT, exportJWK, exportSPKI, generateKeyPair } from 'jose';
import type { JWTHeaderParameters } from 'jose';
import { createOwnVerifier } from './own-token.js';
import type { OwnVerifier, VerifiedOwn } from './own-token.js';
import { splitToken } from './token.js';

const issuer = 'https://gate.test';
const now = 1_800_000_000;
type Pair = Awaited<ReturnType<typeof generateKeyPair>>;

let pair: Pair;
let next: Pair;
let stranger: Pair;
let verifier: OwnVerifier;
beforeAll(async () => {
  [pair, next, stranger] = (await Promise.all(
    [1, 2, 3].map(() => generateKeyPair('ES256', { extractable: true })),
  )) as [Pair, Pair, Pair];
  const published = async ({ publicKey }: Pair, kid: string) => ({
    ...(await exportJWK(publicKey)),
    ...{ kid, alg: 'ES256', use: 'sig' },
  });
  verifier = createOwnVerifier({ issuer, keys: [await published(pair, 'key_1'), await published(next, 'key_2')] });
});

const good = { iss: issuer, aud: issuer, sub: 'usr_ada', act: { sub: 'sub_etl' }, logins: ['log_a', 'log_b'] };
const times = { iat: now - 10, exp: now + 600, jti: 'jwt_1' };
const header = { alg: 'ES256', typ: 'at+jwt', kid: 'key_1' };

const budget = { login: 'log_b', limits: 'rows=1/1h' };
const limit = { type: 'sallyport_connection', connections: ['billing'], actions: ['read'] };

const mint = (
  claims: Readonly<Record<string, unknown>> = {},
  more: Readonly<Record<string, unknown>> = {},
  key: Pair['privateKey'] = pair.privateKey,
): Promise<string> =>
  new SignJWT({ ...good, ...times, ...claims })
    .setProtectedHeader({ ...header, ...more } as JWTHeaderParameters)
    .sign(key, { crit: { b64: true, 'urn:x': true } });

const verify = async (token: string): Promise<VerifiedOwn | string> => {
  const parts = splitToken(token);
  return parts === undefined ? 'no token' : verifier.verify(token, parts, now * 1000);
};

describe('a token of our own', () => {
  test('tells its chain from the acting principal to the one it is all for, its logins and its key', async () => {
    expect(await verify(await mint())).toEqual({
      kind: 'own',
      chain: ['sub_etl', 'usr_ada'],
      logins: ['log_a', 'log_b'],
      limits: undefined,
      budgets: [],
      keyId: 'key_1',
      expiresAt: (now + 600) * 1000,
      issuedAt: now - 10,
    });
    const deep = { act: { sub: 'sub_c', act: { sub: 'sub_b', act: { sub: 'sub_a' } } } };
    expect(await verify(await mint(deep))).toMatchObject({ chain: ['sub_c', 'sub_b', 'sub_a', 'usr_ada'] });
    expect(await verify(await mint({ sub: 'sub_etl', act: undefined }))).toMatchObject({ chain: ['sub_etl'] });
    expect(await verify(await mint({ authorization_details: [limit, { type: limit.type }] }))).toMatchObject({
      limits: [{ connections: ['billing'], actions: ['read'] }, {}],
    });
    const budgets = [
      { login: 'log_a', limits: 'rows=9/1h' },
      { login: 'log_b', limits: 'rows=1/1h' },
    ];
    expect(await verify(await mint({ budgets }))).toMatchObject({ budgets });
    expect(await verify(await mint({ client_id: 'sub_etl', purpose: 'nightly load' }))).toMatchObject({ kind: 'own' });
  });

  test('is good by either of two published keys, and by the one that it names only', async () => {
    expect(await verify(await mint({}, { kid: 'key_2' }, next.privateKey))).toMatchObject({ keyId: 'key_2' });
    expect(await verify(await mint({}, { kid: 'key_2' }))).toBe('bad_signature');
    expect(await verify(await mint({}, { kid: 'key_3' }))).toBe('unknown_key');
    expect(await verify(await mint({}, { kid: undefined }))).toBe('unknown_key');
    expect(await verify(await mint({}, {}, stranger.privateKey))).toBe('bad_signature');
  });

  test.each<[string, object, string]>([
    ['ran out', { exp: now }, 'expired'],
    ['comes from the future', { iat: now + 61 }, 'issued_in_future'],
    ['says no end', { exp: undefined }, 'bad_claims'],
    ['says its end in words', { exp: 'never' }, 'bad_claims'],
    ['says no beginning', { iat: undefined }, 'bad_claims'],
    ['is of somebody else', { iss: 'https://gate.test/' }, 'bad_claims'],
    ['is for somebody else', { aud: 'https://idp.test' }, 'wrong_audience'],
    ['is for others too', { aud: [issuer, 'https://idp.test'] }, 'wrong_audience'],
    ['names no login', { logins: [] }, 'bad_claims'],
    ['names its login in no list', { logins: 'log_a' }, 'bad_claims'],
    ['names a login twice', { logins: ['log_a', 'log_a'] }, 'bad_claims'],
    ['names seven logins', { logins: [1, 2, 3, 4, 5, 6, 7].map((at) => `log_${at}`) }, 'bad_claims'],
    ['names what is no login', { logins: ['ses_a'] }, 'bad_claims'],
    ['names nobody', { sub: undefined }, 'bad_claims'],
    ['names what is no principal', { sub: 'grp_dba' }, 'bad_claims'],
    ['names somebody twice', { sub: 'sub_etl' }, 'bad_claims'],
    ['acts by a text', { act: 'sub_etl' }, 'bad_claims'],
    ['acts by nobody', { act: {} }, 'bad_claims'],
    ['says more of who acts', { act: { sub: 'sub_etl', iss: 'https://idp.test' } }, 'bad_claims'],
    [
      'has a chain without end',
      { act: Array.from({ length: 9 }).reduce<object>((act, _, at) => ({ sub: `sub_${at}`, act }), { sub: 'sub_x' }) },
      'bad_claims',
    ],
    ['holds a claim that nobody knows', { scope: 'everything' }, 'bad_claims'],
    ['is bound to a key', { cnf: { jkt: 'x' } }, 'bound_token'],
    ['may nothing', { authorization_details: [] }, 'bad_claims'],
    ['is limited by a text', { authorization_details: 'billing' }, 'bad_claims'],
    ['is limited in another way', { authorization_details: [{ type: 'payment_initiation' }] }, 'bad_claims'],
    ['is limited by what nobody knows', { authorization_details: [{ ...limit, rows: 5 }] }, 'bad_claims'],
    ['is limited to no action', { authorization_details: [{ ...limit, actions: [] }] }, 'bad_claims'],
    ['is limited to numbers', { authorization_details: [{ ...limit, connections: [7] }] }, 'bad_claims'],
    ['has limits without end', { authorization_details: Array.from({ length: 51 }, () => limit) }, 'bad_claims'],
    ['is budgeted by a text', { budgets: 'rows=1/1h' }, 'bad_claims'],
    ['has an empty list of budgets', { budgets: [] }, 'bad_claims'],
    ['has a budget of a login that it is not under', { budgets: [{ ...budget, login: 'log_c' }] }, 'bad_claims'],
    ['has two budgets of one login', { budgets: [budget, budget] }, 'bad_claims'],
    ['has a budget without a limit', { budgets: [{ login: 'log_b' }] }, 'bad_claims'],
    ['has a budget of what nobody knows', { budgets: [{ ...budget, calls: 5 }] }, 'bad_claims'],
    ['has a budget without end', { budgets: [{ ...budget, limits: 'x'.repeat(201) }] }, 'bad_claims'],
  ])('that %s is refused', async (_what, claims, cause) => {
    expect(await verify(await mint(claims as Readonly<Record<string, unknown>>))).toBe(cause);
  });

  test.each<[string, object, string]>([
    ['is another kind of JWT', { typ: 'JWT' }, 'header_not_allowed'],
    ['is a token of a logout', { typ: 'logout+jwt' }, 'header_not_allowed'],
    ['says no kind', { typ: undefined }, 'header_not_allowed'],
    ['brings its key', { jwk: { kty: 'EC' } }, 'header_not_allowed'],
    ['says where its key is', { jku: 'https://evil.test/jwks' }, 'header_not_allowed'],
    ['brings a certificate', { x5c: ['MIIB'] }, 'header_not_allowed'],
    ['needs what nobody knows', { crit: ['urn:x'], 'urn:x': 1 }, 'header_not_allowed'],
    ['names a path as its key', { kid: '../../dev/null' }, 'unknown_key'],
  ])('that %s is refused', async (_what, more, cause) => {
    expect(await verify(await mint({}, more as Readonly<Record<string, unknown>>))).toBe(cause);
  });

  test('without a signature, or signed with the published key as if it were a secret', async () => {
    const unsigned = new UnsecuredJWT({ ...good, ...times }).encode();
    expect(await verify(unsigned)).toBe('no token');
    expect(await verify(`${unsigned}AAAA`)).toBe('algorithm_not_allowed');
    const secret = new TextEncoder().encode(await exportSPKI(pair.publicKey));
    const confused = await new SignJWT({ ...good, ...times })
      .setProtectedHeader({ ...header, alg: 'HS256' })
      .sign(secret);
    expect(await verify(confused)).toBe('algorithm_not_allowed');
  });

  test('whose words were changed behind its signature', async () => {
    const [head, , signature] = (await mint()).split('.');
    const body = Buffer.from(JSON.stringify({ ...good, ...times, sub: 'usr_root' })).toString('base64url');
    expect(await verify(`${head}.${body}.${signature}`)).toBe('bad_signature');
  });
});
