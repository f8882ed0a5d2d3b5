import { createHmac, createPublicKey } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { mintId } from '@sallyport/runtime';
import { startPostgres } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import { CompactSign, SignJWT, decodeJwt, exportJWK, generateKeyPair } from 'jose';
import type { CryptoKey, JWK, JWTPayload } from 'jose';
import {
  askFor,
  audience,
  details,
  errorOf,
  grant,
  jwtType,
  sendForm,
  startPlatform,
  tokenOf,
} from '../../testing/oauth.js';
import type { TestPlatform } from '../../testing/oauth.js';
import { itemsOf, openDatabase, startPlane } from '../../testing/plane.js';
import type { TestPlane } from '../../testing/plane.js';
import type { Database } from '../db/database.js';
import { Logins } from '../logins/logins.service.js';
import { mostFailures } from './oauth-door.js';
import { RefreshTokens } from './refresh-tokens.js';
import { TokenKeys } from './token-keys.js';

let postgres: TestPostgres;
let plane: TestPlane;
let database: Database;
let platform: TestPlatform;
let asking: ReturnType<typeof askFor>;
let tenantId: string;
/** The real key of our tokens, so that a test can sign what we never would. */
let signing: { readonly id: string; readonly key: CryptoKey };
let publicJwk: JWK;
let other: CryptoKey;
let issuer: string;
beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.createDatabase('forged');
  plane = await startPlane(postgres.url('forged'), { SALLYPORT_AUDIENCE: audience });
  database = openDatabase(postgres.url('forged'));
  platform = await startPlatform(plane, 'etl', 'child');
  asking = askFor(plane, platform);
  tenantId = (await database.tenant.findFirstOrThrow()).id;
  const keys = plane.app.get(TokenKeys, { strict: false });
  signing = await keys.signer(tenantId);
  publicJwk = (await keys.published(tenantId)).find(({ id }) => id === signing.id)?.publicJwk ?? {};
  other = (await generateKeyPair('ES256')).privateKey;
  issuer = String((await plane.nobody('GET', '/.well-known/oauth-authorization-server')).body['issuer']);
});
afterAll(async () => {
  await database.$disconnect();
  await plane.stop();
  await postgres.stop();
});
beforeEach(() => database.login.deleteMany());

type Header = Readonly<Record<string, unknown>>;
const part = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const goodHeader = (): Header => ({ alg: 'ES256', typ: 'at+jwt', kid: signing.id });
/** Signed with what is not a library, so that nothing refuses to sign it. */
const hmac = (header: Header, payload: unknown, secret: string | Buffer): string => {
  const input = `${part(header)}.${part(payload)}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
};
const signed = (header: Header, payload: unknown, key: CryptoKey = signing.key): Promise<string> =>
  new CompactSign(Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)))
    .setProtectedHeader(header as { alg: string })
    .sign(key, { crit: { b64: true, exp: true, 'urn:x': true } });
const withSignature = (header: Header, payload: unknown, signature: string): string =>
  `${part(header)}.${part(payload)}.${signature}`;
const pem = (): string =>
  createPublicKey({ key: publicJwk as never, format: 'jwk' })
    .export({ format: 'pem', type: 'spki' })
    .toString();
const seconds = (): number => Math.floor(Date.now() / 1000);
const omit = (claims: JWTPayload, name: string): JWTPayload =>
  Object.fromEntries(Object.entries(claims).filter(([each]) => each !== name));

type Forge = (good: JWTPayload) => string | Promise<string>;
const resigned =
  (change: (good: JWTPayload) => unknown): Forge =>
  (good) =>
    signed(goodHeader(), change(good));
const headed =
  (change: (header: Header) => Header, key?: () => CryptoKey): Forge =>
  (good) =>
    signed(change(goodHeader()), good, key?.() ?? signing.key);

const forged: readonly (readonly [string, Forge])[] = [
  ['none', (good) => withSignature({ ...goodHeader(), alg: 'none' }, good, '')],
  ['none in other letters', (good) => withSignature({ ...goodHeader(), alg: 'nOnE' }, good, '')],
  ['no algorithm', (good) => withSignature({ typ: 'at+jwt', kid: signing.id }, good, 'AAAA')],
  [
    'HMAC with our public key as JSON',
    (good) => hmac({ ...goodHeader(), alg: 'HS256' }, good, JSON.stringify(publicJwk)),
  ],
  ['HMAC with our public key as PEM', (good) => hmac({ ...goodHeader(), alg: 'HS256' }, good, pem())],
  [
    'HMAC with our public point',
    (good) => hmac({ ...goodHeader(), alg: 'HS256' }, good, Buffer.from(publicJwk.x ?? '', 'base64url')),
  ],
  ['HMAC with nothing', (good) => hmac({ ...goodHeader(), alg: 'HS256' }, good, '')],
  ['a signature of zeros', (good) => withSignature(goodHeader(), good, Buffer.alloc(64).toString('base64url'))],
  ['an empty signature', (good) => withSignature(goodHeader(), good, '')],
  [
    'another key under our kid',
    headed(
      (header) => header,
      () => other,
    ),
  ],
  [
    'a key of its own in the header',
    async (good) => {
      const own = await generateKeyPair('ES256', { extractable: true });
      return signed({ ...goodHeader(), jwk: await exportJWK(own.publicKey) }, good, own.privateKey);
    },
  ],
  ['our own key in the header, well signed', headed((header) => ({ ...header, jwk: publicJwk }))],
  ['jku, well signed', headed((header) => ({ ...header, jku: 'https://evil.example/jwks' }))],
  ['x5u, well signed', headed((header) => ({ ...header, x5u: 'https://evil.example/x5u' }))],
  ['x5c, well signed', headed((header) => ({ ...header, x5c: ['AAAA'] }))],
  ['crit, well signed', headed((header) => ({ ...header, crit: ['exp'], exp: 1 }))],
  ['an unknown crit, well signed', headed((header) => ({ ...header, crit: ['urn:x'], 'urn:x': 1 }))],
  ['an empty crit', (good) => withSignature({ ...goodHeader(), crit: [] }, good, 'AAAA')],
  ['an unencoded payload', headed((header) => ({ ...header, crit: ['b64'], b64: true }))],
  ['no kid', headed((header) => omit(header, 'kid'))],
  ['a kid of nobody', headed((header) => ({ ...header, kid: mintId('key') }))],
  ['a kid that is a path', headed((header) => ({ ...header, kid: '../../etc/passwd' }))],
  ['a kid that is SQL', headed((header) => ({ ...header, kid: "' or 1=1 --" }))],
  ['a kid that is __proto__', headed((header) => ({ ...header, kid: '__proto__' }))],
  ['a kid that is a list', (good) => withSignature({ ...goodHeader(), kid: [signing.id] }, good, 'AAAA')],
  ['another type', headed((header) => ({ ...header, typ: 'JWT' }))],
  ['the type of a proof', headed((header) => ({ ...header, typ: 'dpop+jwt' }))],
  ['the type of a logout', headed((header) => ({ ...header, typ: 'logout+jwt' }))],
  ['no type', headed((header) => omit(header, 'typ'))],
  ['a token in a token', async (good) => signed({ ...goodHeader(), cty: 'JWT' }, await signed(goodHeader(), good))],
  ['five parts', async (good) => `${await signed(goodHeader(), good)}.AAAA.AAAA`],
  ['two parts', async (good) => (await signed(goodHeader(), good)).split('.').slice(0, 2).join('.')],
  ['another audience', resigned((good) => ({ ...good, aud: 'https://other.example' }))],
  ['no audience', resigned((good) => omit(good, 'aud'))],
  ['an audience that is nearly ours', resigned((good) => ({ ...good, aud: `${String(good.aud)}.evil.example` }))],
  ['ended', resigned((good) => ({ ...good, exp: seconds() - 1 }))],
  ['no end', resigned((good) => omit(good, 'exp'))],
  ['an end that is text', resigned((good) => ({ ...good, exp: '9999999999' }))],
  ['not yet', resigned((good) => ({ ...good, nbf: seconds() + 120 }))],
  ['made in the future', resigned((good) => ({ ...good, iat: seconds() + 120 }))],
  ['no beginning', resigned((good) => omit(good, 'iat'))],
  ['no id', resigned((good) => omit(good, 'jti'))],
  ['no subject', resigned((good) => omit(good, 'sub'))],
  ['another subject', resigned((good) => ({ ...good, sub: mintId('usr') }))],
  ['no logins', resigned((good) => omit(good, 'logins'))],
  ['logins that are none', resigned((good) => ({ ...good, logins: [] }))],
  ['logins that are text', resigned((good) => ({ ...good, logins: String(good['logins']) }))],
  ['a login of nobody', resigned((good) => ({ ...good, logins: [mintId('log')] }))],
  ['a login too many', resigned((good) => ({ ...good, logins: [mintId('log'), ...(good['logins'] as string[])] }))],
  ['a binding that is unknown', resigned((good) => ({ ...good, cnf: { 'x5t#S256': 'AAAA' } }))],
  ['a payload that is a list', resigned(() => [])],
  ['a payload that is text', resigned(() => 'hello')],
  ['too long', resigned((good) => ({ ...good, padding: 'x'.repeat(16_384) }))],
];

describe('a token like ours', () => {
  const goodToken = async (): Promise<string> => tokenOf(await asking.assertion('etl'));
  const statusOf = async (token: string): Promise<number> => {
    // Longer than a header may be: refused before anybody reads it.
    const answer = await plane
      .bearing(token)('GET', '/v1/me')
      .catch(() => undefined);
    return answer?.status ?? 431;
  };

  test('is taken when it is as it should be', async () => {
    const again = await signed(goodHeader(), decodeJwt(await goodToken()));
    expect(await statusOf(again)).toBe(200);
    expect((await asking.exchange(again)).status).toBe(200);
  });

  test.each(forged)('is refused everywhere: %s', async (_, forge) => {
    const token = await forge(decodeJwt(await goodToken()));
    expect([401, 431]).toContain(await statusOf(token));
    expect((await sendForm(plane.admin, '/oauth/introspect', { token })).body['active']).not.toBe(true);
    const exchanged = await asking.exchange(token);
    expect([exchanged.status, exchanged.body['access_token']]).toEqual([400, undefined]);
    expect(await database.login.count()).toBe(1);
  });

  test('of an issuer that is nearly ours is nobody’s', async () => {
    const good = decodeJwt(await goodToken());
    for (const iss of [`${String(good.iss)}/`, `${String(good.iss)}/t/ten_other`, 'https://other.example']) {
      const token = await signed(goodHeader(), { ...good, iss });
      expect([iss, await statusOf(token)]).toEqual([iss, 401]);
    }
  });

  test('under a key that is not published any more is over', async () => {
    const token = await goodToken();
    await database.keyring.update({ where: { id: signing.id }, data: { retiredAt: new Date() } });
    expect(await statusOf(token)).toBe(401);
    await database.keyring.update({ where: { id: signing.id }, data: { retiredAt: null } });
    expect(await statusOf(token)).toBe(200);
  });

  test('with the login of a child alone, of another or of another organisation is refused', async () => {
    const parent = await goodToken();
    const child = decodeJwt(tokenOf(await asking.delegate(parent, 'child')));
    const logins = child['logins'] as readonly string[];
    for (const wrong of [logins.slice(1), logins.slice(0, 1), logins.toReversed()])
      expect(await statusOf(await signed(goodHeader(), { ...child, logins: wrong }))).toBe(401);
    await database.login.updateMany({ data: { tenantId: 'ten_other' } });
    expect(await statusOf(parent)).toBe(401);
  });
});

describe('a secret of another kind', () => {
  test('is never a token', async () => {
    const subagent = await database.subagent.findFirstOrThrow({ where: { name: 'etl' } });
    const whose = { subagentId: subagent.id };
    const expiresAt = new Date(Date.now() + 600_000);
    const login = await plane.app.get(Logins).begin({ tenantId, whose, how: 'assertion', expiresAt });
    const refresh = await database.$transaction((transaction) =>
      plane.app.get(RefreshTokens, { strict: false }).issue(login, transaction),
    );
    const begun = await sendForm(plane.nobody, '/oauth/device_authorization', { client_id: 'sally' });
    const device = String(begun.body['device_code']);
    const ours = tokenOf(await asking.assertion('etl'));
    for (const secret of [refresh, device]) expect((await plane.bearing(secret)('GET', '/v1/me')).status).toBe(401);
    const client = { client_id: 'sally' };
    const mixed = [
      asking.ask({ ...client, grant_type: grant.refresh, refresh_token: device }),
      asking.ask({ ...client, grant_type: grant.device, device_code: refresh }),
      asking.ask({ grant_type: grant.jwtBearer, assertion: ours }),
      asking.ask({ grant_type: grant.jwtBearer, assertion: refresh }),
      asking.exchange(ours, { actor_token: ours, actor_token_type: jwtType }),
    ];
    for (const answer of await Promise.all(mixed)) expect(answer.status).toBe(400);
  });
});

describe('a token of a platform', () => {
  const claims = (): JWTPayload => ({
    iss: platform.issuer,
    aud: audience,
    sub: 'etl',
    iat: seconds(),
    exp: seconds() + 600,
  });
  const header = { alg: 'ES256', kid: 'one' };
  test.each<readonly [string, () => string | Promise<string>]>([
    ['none', () => withSignature({ alg: 'none' }, claims(), '')],
    [
      'HMAC with its public key',
      () => hmac({ alg: 'HS256', kid: 'one' }, claims(), JSON.stringify(platform.publicJwk)),
    ],
    ['our key', () => signed({ ...header, kid: signing.id }, claims())],
    ['another key', () => signed(header, claims(), other)],
    ['another audience', () => platform.token('etl', { aud: 'https://other.example' })],
    ['ended', () => platform.token('etl', { exp: seconds() - 120 })],
    ['of the future', () => platform.token('etl', { iat: seconds() + 600, exp: seconds() + 1_200 })],
    ['of nobody', () => platform.token('stranger')],
    ['of an unknown issuer', () => platform.token('etl', { iss: 'https://other.example' })],
    ['a subject that is a list', () => platform.token('etl', { sub: ['etl'] as never })],
    ['that says it is ours', () => platform.token('etl', { iss: issuer })],
  ])('is refused as assertion and as subject: %s', async (_, forge) => {
    const token = await forge();
    expect(errorOf(await asking.ask({ grant_type: grant.jwtBearer, assertion: token }))[0]).toBe(400);
    expect(errorOf(await asking.exchange(token, { subject_token_type: jwtType }))[0]).toBe(400);
    expect(await database.login.count()).toBe(0);
  });

  test('of a minute’s skew is taken, as proxies do', async () => {
    const token = await platform.token('etl', { iat: seconds() + 20, nbf: seconds() + 20 });
    expect((await asking.ask({ grant_type: grant.jwtBearer, assertion: token })).status).toBe(200);
  });

  test('whose platform changed its keys is refused from then on; what was begun with it goes on until it ends', async () => {
    const before = tokenOf(await asking.assertion('etl'));
    const { publicKey } = await generateKeyPair('ES256');
    const keys = [{ ...(await exportJWK(publicKey)), kid: 'two', alg: 'ES256' }];
    const put = (with_: readonly JWK[]) =>
      plane.admin('PUT', '/v1/issuers/platform', { issuer: platform.issuer, keys: with_, audiences: [audience] });
    await put(keys);
    expect(errorOf(await asking.assertion('etl'))).toEqual([400, 'invalid_grant']);
    expect((await plane.bearing(before)('GET', '/v1/me')).status).toBe(200);
    await put([platform.publicJwk]);
  });

  test.each<readonly [string, unknown]>([
    ['text', 'admins'],
    ['a number', 7],
    ['2,000 of them', Array.from({ length: 2_000 }, (_, index) => `g${index}`)],
    ['a link to them', undefined],
  ])('that tells groups as %s has none by that: they are those that we keep', async (_, groups) => {
    const link = {
      _claim_names: { groups: 'src1' },
      _claim_sources: { src1: { endpoint: 'https://evil.example/groups' } },
    };
    const told = groups === undefined ? link : { groups };
    const answer = await asking.ask({ grant_type: grant.jwtBearer, assertion: await platform.token('etl', told) });
    // One that is longer than a token may be is refused for that.
    if (answer.status === 200) {
      expect((await plane.bearing(tokenOf(answer))('GET', '/v1/me')).body['groups']).toEqual([]);
      expect(decodeJwt(tokenOf(answer))).not.toHaveProperty('groups');
    } else expect(errorOf(answer)).toEqual([400, 'invalid_grant']);
  });
});

describe('a request that is not as it should be', () => {
  const assertion = 'x.y.z';
  test.each<readonly [string, string, readonly unknown[]]>([
    ['nothing', '', [400, 'invalid_request']],
    ['an unknown grant', 'grant_type=password&username=a&password=b', [400, 'unsupported_grant_type']],
    ['a grant of a code', 'grant_type=authorization_code&code=x', [400, 'unsupported_grant_type']],
    [
      'a parameter sent twice',
      `grant_type=${grant.jwtBearer}&grant_type=x&assertion=${assertion}`,
      [400, 'invalid_request'],
    ],
    ['a list', `grant_type[]=${grant.jwtBearer}&assertion=${assertion}`, [400, 'invalid_request']],
    ['a prototype', '__proto__=x&constructor=y', [400, 'invalid_request']],
    ['too many parameters', Array.from({ length: 60 }, (_, at) => `a${at}=1`).join('&'), [400, 'invalid_request']],
    ['a body that is too long', `grant_type=${'x'.repeat(300_000)}`, [400, 'invalid_request']],
  ])('%s', async (_, body, [status, error]) => {
    const answer = await sendForm(plane.nobody, '/oauth/token', body).catch((problem: unknown) => problem);
    if (answer instanceof Error) throw answer;
    expect(answer).toMatchObject({ status, body: { error } });
  });

  test.each([
    ['no JSON', '{'],
    ['no list', '{}'],
    ['an empty list', '[]'],
    ['another type', '[{"type":"other"}]'],
    ['an unknown field', details({ columns: ['x'] })],
    ['an unknown action', details({ actions: ['fly'] })],
    ['no connections', details({ connections: [] })],
    ['a name that is none', details({ connections: ["a' or 1=1"] })],
    ['too many entries', details(...Array.from({ length: 51 }, () => ({})))],
    ['very deep', `${'['.repeat(10_000)}${']'.repeat(10_000)}`],
  ])('authorization_details: %s', async (_, authorization_details) => {
    expect(errorOf(await asking.assertion('etl', { authorization_details }))).toEqual([
      400,
      'invalid_authorization_details',
    ]);
    expect(await database.login.count()).toBe(0);
  });

  test.each([
    ['purpose', 'two\nlines'],
    ['purpose', `a\u202eb\0`],
    ['budget', 'rows=lots'],
    ['expires_in', '-1'],
    ['expires_in', '1e9'],
    ['expires_in', '5'],
  ])('%s: %j', async (name, value) => {
    const answer = await asking.assertion('etl', { [name]: value });
    expect(errorOf(answer)).toEqual([400, 'invalid_request']);
    expect(JSON.stringify(answer.body)).not.toContain(value.slice(0, 3) + '\n');
  });

  test('a JSON body and parameters in the address are not read', async () => {
    const body = { grant_type: grant.jwtBearer, assertion: await platform.token('etl') };
    expect((await plane.nobody('POST', '/oauth/token', body)).status).toBe(400);
    const query = new URLSearchParams(body).toString();
    expect(errorOf(await sendForm(plane.nobody, `/oauth/token?${query}`, ''))).toEqual([400, 'invalid_request']);
  });
});

describe('a proof of possession (RFC 9449)', () => {
  interface Proof {
    readonly header?: Header;
    readonly claims?: JWTPayload;
    readonly signWith?: CryptoKey;
  }
  const ath = async (token: string): Promise<string> =>
    Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(token))).toString('base64url');
  const keyPair = async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
    const jwk = await exportJWK(publicKey);
    const proof = (
      path: string,
      method = 'POST',
      { header = {}, claims = {}, signWith }: Proof = {},
    ): Promise<string> =>
      new SignJWT({ htm: method, htu: issuer + path, jti: mintId('jti'), iat: seconds(), ...claims })
        .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk, ...header })
        .sign(signWith ?? privateKey);
    return { jwk, privateJwk: await exportJWK(privateKey), proof };
  };
  const bound = async (key: Awaited<ReturnType<typeof keyPair>>): Promise<string> => {
    const fields = { grant_type: grant.jwtBearer, assertion: await platform.token('etl') };
    return tokenOf(await asking.ask(fields, { dpop: await key.proof('/oauth/token') }));
  };
  const me = async (token: string, proof: string | undefined, scheme = 'DPoP'): Promise<number> =>
    (
      await plane.nobody('GET', '/v1/me', undefined, {
        authorization: `${scheme} ${token}`,
        ...(proof === undefined ? {} : { dpop: proof }),
      })
    ).status;

  test('binds the token: it is good with a fresh proof of the same key alone', async () => {
    const [key, thief] = [await keyPair(), await keyPair()];
    const token = await bound(key);
    expect(decodeJwt(token)).toMatchObject({ cnf: { jkt: expect.any(String) } });
    const claims = { ath: await ath(token) };
    const good = await key.proof('/v1/me', 'GET', { claims });
    expect(await me(token, good)).toBe(200);
    const bad: readonly (readonly [string, string | undefined, string?])[] = [
      ['the same again', good],
      ['none', undefined],
      ['as a bearer', undefined, 'Bearer'],
      ['as a bearer with a proof', await key.proof('/v1/me', 'GET', { claims }), 'Bearer'],
      ['of another key', await thief.proof('/v1/me', 'GET', { claims })],
      ['for another route', await key.proof('/v1/users', 'GET', { claims })],
      ['for another method', await key.proof('/v1/me', 'POST', { claims })],
      [
        'for another host',
        await key.proof('/v1/me', 'GET', { claims: { ...claims, htu: 'https://evil.example/v1/me' } }),
      ],
      ['for another token', await key.proof('/v1/me', 'GET', { claims: { ath: await ath('other') } })],
      ['for no token', await key.proof('/v1/me', 'GET')],
      ['old', await key.proof('/v1/me', 'GET', { claims: { ...claims, iat: seconds() - 120 } })],
      ['of the future', await key.proof('/v1/me', 'GET', { claims: { ...claims, iat: seconds() + 120 } })],
      ['without an id', await key.proof('/v1/me', 'GET', { claims: { ...claims, jti: '' } })],
      ['of another type', await key.proof('/v1/me', 'GET', { claims, header: { typ: 'JWT' } })],
      ['signed by another', await key.proof('/v1/me', 'GET', { claims, signWith: other })],
      ['with a private key', await key.proof('/v1/me', 'GET', { claims, header: { jwk: key.privateJwk } })],
      ['too long', await key.proof('/v1/me', 'GET', { claims: { ...claims, x: 'x'.repeat(4_096) } })],
      ['that is none', 'x.y.z'],
      [
        'two of them',
        `${await key.proof('/v1/me', 'GET', { claims })}, ${await key.proof('/v1/me', 'GET', { claims })}`,
      ],
      ['none at all signed', withSignature({ alg: 'none', typ: 'dpop+jwt', jwk: key.jwk }, { htm: 'GET' }, '')],
    ];
    for (const [name, proof, scheme] of bad) expect([name, await me(token, proof, scheme)]).toEqual([name, 401]);
    expect(await me(token, await key.proof('/v1/me', 'GET', { claims }))).toBe(200);
  });

  test('is asked of who hands a bound token on, and of who renews it', async () => {
    const [key, thief] = [await keyPair(), await keyPair()];
    const token = await bound(key);
    expect(errorOf(await asking.exchange(token))).toEqual([400, 'invalid_grant']);
    const fields = { grant_type: grant.exchange, subject_token: token, subject_token_type: jwtType };
    expect(errorOf(await asking.ask(fields, { dpop: await thief.proof('/oauth/token') }))).toEqual([
      400,
      'invalid_grant',
    ]);
    expect((await asking.ask(fields, { dpop: await key.proof('/oauth/token') })).status).toBe(200);
  });

  test('at the token endpoint counts once, and a wrong one is told', async () => {
    const key = await keyPair();
    const proof = await key.proof('/oauth/token');
    const fields = async () => ({ grant_type: grant.jwtBearer, assertion: await platform.token('etl') });
    const answers = await Promise.all([1, 2, 3].map(async () => asking.ask(await fields(), { dpop: proof })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400]);
    expect(errorOf(await asking.ask(await fields(), { dpop: proof }))).toEqual([400, 'invalid_dpop_proof']);
  });

  test('of a bound token that was never bound is refused', async () => {
    const token = tokenOf(await asking.assertion('etl'));
    const key = await keyPair();
    expect(await me(token, await key.proof('/v1/me', 'GET', { claims: { ath: await ath(token) } }))).toBe(401);
    expect(await me(token, undefined, 'Bearer')).toBe(200);
  });
});

describe('who is refused', () => {
  test('is kept, with why and with nothing of the token; who goes on has to wait', async () => {
    const token = await platform.token('stranger');
    await asking.ask({ grant_type: grant.jwtBearer, assertion: token });
    const actions = itemsOf(await plane.admin('GET', '/v1/admin-actions?limit=200'));
    const kept = actions.find((action) => JSON.stringify(action).includes('stranger'));
    expect(kept).toMatchObject({ action: 'POST /oauth/token', outcome: 'unauthenticated' });
    expect(JSON.stringify(kept)).not.toContain(token.split('.')[2] ?? '');

    let answer = await asking.ask({ grant_type: grant.jwtBearer, assertion: 'x' });
    for (let each = 0; each < mostFailures && answer.status !== 429; each++)
      answer = await asking.ask({ grant_type: grant.jwtBearer, assertion: 'x' });
    expect(errorOf(answer)).toEqual([429, 'too_many_requests']);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    // A good one waits, too; who is logged in does not.
    expect((await asking.assertion('etl')).status).toBe(429);
    expect((await sendForm(plane.nobody, '/oauth/revoke', { token: 'x' })).status).toBe(429);
    expect((await plane.admin('GET', '/v1/me')).status).toBe(200);
  });
});
