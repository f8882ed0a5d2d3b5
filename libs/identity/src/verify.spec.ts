import { createHmac, createSign, generateKeyPairSync, sign as signRaw } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createVerifier, tokenLimits } from './index.js';
import type { IssuerLike, RefusedCause, SubagentLike } from './index.js';

const now = 1_800_000_000;
const url = 'https://idp.example.com';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const otherRsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const smallRsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const otherEc = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ed = generateKeyPairSync('ed25519');

const jwk = (key: KeyObject, more: Record<string, unknown> = {}) => ({ ...key.export({ format: 'jwk' }), ...more });
const issuer: IssuerLike = {
  id: 'iss_1',
  name: 'idp',
  issuer: url,
  audiences: ['sallyport', 'https://gate.example.com'],
  keys: [
    jwk(rsa.publicKey, { kid: 'rsa' }),
    jwk(ec.publicKey, { kid: 'ec', use: 'sig', alg: 'ES256' }),
    jwk(ed.publicKey, { kid: 'ed' }),
  ],
  algorithms: ['RS256', 'ES256', 'EdDSA'],
};
const subagent: SubagentLike = {
  id: 'sub_1',
  name: 'etl',
  issuer: 'iss_1',
  claims: { sub: 'etl', repository_id: '42' },
  groups: ['etl'],
  owner: 'usr_1',
  disabled: false,
  notBefore: 0,
};

type Claims = Record<string, unknown>;
const good: Claims = {
  iss: url,
  sub: 'etl',
  aud: 'sallyport',
  exp: now + 600,
  iat: now,
  repository_id: '42',
  jti: 't1',
};
const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const withSignature = (header: unknown, payload: unknown, make: (input: Buffer) => Buffer) => {
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${make(Buffer.from(input)).toString('base64url')}`;
};
const rs256 = (key: KeyObject) => (input: Buffer) => createSign('sha256').update(input).sign(key);
const es256 = (key: KeyObject) => (input: Buffer) => signRaw('sha256', input, { key, dsaEncoding: 'ieee-p1363' });
const hs256 = (secret: string | Buffer) => (input: Buffer) => createHmac('sha256', secret).update(input).digest();
const rsToken = (payload: unknown, header: Claims = {}) =>
  withSignature({ alg: 'RS256', kid: 'rsa', typ: 'JWT', ...header }, payload, rs256(rsa.privateKey));

const verify = (
  token: string,
  change: { issuers?: readonly IssuerLike[]; subagents?: readonly SubagentLike[]; now?: number } = {},
) =>
  createVerifier({ issuers: [issuer], subagents: [subagent], ...change }).verifyToken(token, {
    now: (change.now ?? now) * 1000,
  });
const cause = async (...args: Parameters<typeof verify>): Promise<RefusedCause | 'verified'> => {
  const result = await verify(...args);
  return result.kind === 'refused' ? result.cause : 'verified';
};

describe('a good token', () => {
  test('says who it is, and holds nothing else', async () => {
    expect(await verify(rsToken(good))).toEqual({
      kind: 'verified',
      subagent,
      expiresAt: (now + 600) * 1000,
      issuedAt: now,
      issuer: 'iss_1',
      subject: 'etl',
      tokenId: 't1',
    });
  });

  test.each<readonly [string, string]>([
    ['ES256', withSignature({ alg: 'ES256', kid: 'ec' }, good, es256(ec.privateKey))],
    ['EdDSA', withSignature({ alg: 'EdDSA', kid: 'ed' }, good, (input) => signRaw(null, input, ed.privateKey))],
    ['no kid', withSignature({ alg: 'RS256' }, good, rs256(rsa.privateKey))],
    ['at+jwt', rsToken(good, { typ: 'at+jwt' })],
    ['application/at+jwt', rsToken(good, { typ: 'application/at+jwt' })],
    ['a thumbprint', rsToken(good, { x5t: 'abc' })],
    ['the other audience', rsToken({ ...good, aud: ['https://gate.example.com'] })],
    ['a number for an id', rsToken({ ...good, repository_id: 42 })],
    ['no iat, no jti', rsToken({ ...good, iat: undefined, jti: undefined })],
    ['skew on nbf and iat', rsToken({ ...good, nbf: now + 60, iat: now + 60 })],
    ['several audiences, ours as party', rsToken({ ...good, aud: ['sallyport', 'other'], azp: 'sallyport' })],
    ['one audience twice', rsToken({ ...good, aud: ['sallyport', 'sallyport'] })],
  ])('%s', async (_, token) => {
    expect(await cause(token)).toBe('verified');
  });

  test('a key that was pinned without kid may be meant', async () => {
    const bare = { ...issuer, keys: [jwk(otherRsa.publicKey), jwk(rsa.publicKey)] };
    expect(await cause(rsToken(good), { issuers: [bare] })).toBe('verified');
  });

  test('a party that the binding names', async () => {
    const bound = { ...subagent, claims: { sub: 'etl', azp: 'client-7' } };
    const token = (azp: unknown) => rsToken({ ...good, aud: ['sallyport', 'other'], azp });
    expect(await cause(token('client-7'), { subagents: [bound] })).toBe('verified');
    expect(await cause(token('client-8'), { subagents: [bound] })).toBe('unknown_subagent');
  });

  test('nested claims by pointer', async () => {
    const bound = { ...subagent, claims: { sub: 'etl', '/kubernetes.io/serviceaccount/uid': 'u-1' } };
    const token = (uid: unknown) => rsToken({ ...good, 'kubernetes.io': { serviceaccount: { uid } } });
    expect(await cause(token('u-1'), { subagents: [bound] })).toBe('verified');
    expect(await cause(token('u-2'), { subagents: [bound] })).toBe('unknown_subagent');
    expect(await cause(rsToken(good), { subagents: [bound] })).toBe('unknown_subagent');
  });
});

describe('a JWT-SVID', () => {
  const domain = 'spiffe://acme.example';
  const workload = `${domain}/ns/data/sa/etl`;
  const authority = { ...jwk(rsa.publicKey, { kid: 'rsa' }), use: 'jwt-svid' };
  const trusted = { ...issuer, issuer: domain, keys: [authority] };
  const bound = { ...subagent, claims: { sub: workload } };
  const svid = { sub: workload, aud: ['sallyport'], exp: now + 300 };
  const of = (claims: Claims, issuers: readonly IssuerLike[] = [trusted]) =>
    cause(rsToken(claims), { issuers, subagents: [bound] });

  test.each<readonly [string, Claims, RefusedCause | 'verified']>([
    ['without iss', svid, 'verified'],
    ['with its trust domain as iss', { ...svid, iss: domain }, 'verified'],
    ['with iss of another', { ...svid, iss: url }, 'unknown_issuer'],
    ['with an empty iss', { ...svid, iss: '' }, 'unknown_issuer'],
    ['with null as iss', { ...svid, iss: null }, 'unknown_issuer'],
    ['of another workload', { ...svid, sub: `${domain}/ns/data/sa/other` }, 'unknown_subagent'],
    ['of another trust domain', { ...svid, sub: 'spiffe://other.example/ns/data/sa/etl' }, 'unknown_issuer'],
    ['of the trust domain itself', { ...svid, sub: domain }, 'unknown_issuer'],
    ['with a path that climbs', { ...svid, sub: `${domain}/ns/../etl` }, 'unknown_issuer'],
    ['in capitals', { ...svid, sub: workload.toUpperCase() }, 'unknown_issuer'],
    ['without audience', { ...svid, aud: undefined }, 'bad_claims'],
    ['for somebody else', { ...svid, aud: ['db'] }, 'wrong_audience'],
    ['without end', { ...svid, exp: undefined }, 'bad_claims'],
  ])('%s', async (_, claims, expected) => expect(await of(claims)).toBe(expected));

  test('counts by keys for JWT-SVIDs alone, which count nowhere else', async () => {
    expect(await of(svid, [{ ...trusted, keys: [jwk(rsa.publicKey)] }])).toBe('unknown_key');
    expect(await of(svid, [{ ...trusted, keys: [{ ...authority, use: 'sig' }] }])).toBe('unknown_key');
    expect(await cause(rsToken(good), { issuers: [{ ...issuer, keys: [authority] }] })).toBe('unknown_key');
  });
});

describe('keys and algorithms', () => {
  const pem = rsa.publicKey.export({ format: 'pem', type: 'spki' }).toString();
  const der = rsa.publicKey.export({ format: 'der', type: 'spki' });
  const embedded = jwk(otherRsa.publicKey);
  const evil = (header: Claims) => withSignature({ alg: 'RS256', ...header }, good, rs256(otherRsa.privateKey));

  test.each<readonly [string, string, RefusedCause]>([
    ['none', `${encode({ alg: 'none' })}.${encode(good)}.`, 'malformed'],
    ['none with a signature', `${encode({ alg: 'none' })}.${encode(good)}.AAAA`, 'algorithm_not_allowed'],
    ['NoNe', `${encode({ alg: 'NoNe' })}.${encode(good)}.AAAA`, 'algorithm_not_allowed'],
    ['no alg', `${encode({})}.${encode(good)}.AAAA`, 'algorithm_not_allowed'],
    ['a list of algs', `${encode({ alg: ['RS256'] })}.${encode(good)}.AAAA`, 'algorithm_not_allowed'],
    [
      'HS256 with the public PEM',
      withSignature({ alg: 'HS256', kid: 'rsa' }, good, hs256(pem)),
      'algorithm_not_allowed',
    ],
    [
      'HS256 with the public DER',
      withSignature({ alg: 'HS256', kid: 'rsa' }, good, hs256(der)),
      'algorithm_not_allowed',
    ],
    ['HS256 without kid', withSignature({ alg: 'HS256' }, good, hs256('')), 'algorithm_not_allowed'],
    ['an allowed kind, another size', rsToken(good, { alg: 'RS512' }), 'algorithm_not_allowed'],
    ['jwk in the header', evil({ jwk: embedded }), 'header_not_allowed'],
    ['jku', evil({ jku: 'https://evil.example/keys', kid: 'rsa' }), 'header_not_allowed'],
    ['x5u', evil({ x5u: 'https://evil.example/c.pem' }), 'header_not_allowed'],
    ['x5c', evil({ x5c: ['MIIB'] }), 'header_not_allowed'],
    ['crit', rsToken(good, { crit: ['exp'] }), 'header_not_allowed'],
    ['crit b64', rsToken(good, { crit: ['b64'], b64: true }), 'header_not_allowed'],
    ['b64 false', rsToken(good, { b64: false }), 'header_not_allowed'],
    ['zip', rsToken(good, { zip: 'DEF' }), 'header_not_allowed'],
    ['nested', rsToken(good, { cty: 'JWT' }), 'header_not_allowed'],
    ['a token of another type', rsToken(good, { typ: 'logout+jwt' }), 'header_not_allowed'],
    ['kid as a path', evil({ kid: '../../../../dev/null' }), 'unknown_key'],
    ['kid as SQL', evil({ kid: "x' UNION SELECT 'key" }), 'unknown_key'],
    ['kid as a number', evil({ kid: 1 }), 'header_not_allowed'],
    ['kid of prototypes', evil({ kid: '__proto__' }), 'unknown_key'],
    [
      'kid of another kind of key',
      withSignature({ alg: 'RS256', kid: 'ec' }, good, rs256(rsa.privateKey)),
      'unknown_key',
    ],
    ['another key', evil({ kid: 'rsa' }), 'bad_signature'],
    ['another key, no kid', evil({}), 'bad_signature'],
    ['another curve key', withSignature({ alg: 'ES256', kid: 'ec' }, good, es256(otherEc.privateKey)), 'bad_signature'],
    ['ES256 of zeros', withSignature({ alg: 'ES256', kid: 'ec' }, good, () => Buffer.alloc(64)), 'bad_signature'],
    [
      'ES256 in DER',
      withSignature({ alg: 'ES256', kid: 'ec' }, good, (i) => signRaw('sha256', i, ec.privateKey)),
      'bad_signature',
    ],
  ])('%s', async (_, token, expected) => {
    expect(await cause(token)).toBe(expected);
  });

  test('an issuer that allows what may never be allowed', async () => {
    const loose = {
      ...issuer,
      keys: [...issuer.keys, { kty: 'oct', k: Buffer.from('secret').toString('base64url') }],
      algorithms: ['none', 'HS256', 'RS256'],
    };
    expect(await cause(withSignature({ alg: 'HS256' }, good, hs256('secret')), { issuers: [loose] })).toBe(
      'algorithm_not_allowed',
    );
    expect(await cause(`${encode({ alg: 'none' })}.${encode(good)}.AAAA`, { issuers: [loose] })).toBe(
      'algorithm_not_allowed',
    );
  });

  test('another issuer’s key does not count here', async () => {
    const other = {
      ...issuer,
      id: 'iss_2',
      issuer: 'https://other.example.com',
      keys: [jwk(otherRsa.publicKey, { kid: 'rsa' })],
    };
    const token = withSignature({ alg: 'RS256', kid: 'rsa' }, good, rs256(otherRsa.privateKey));
    expect(await cause(token, { issuers: [issuer, other] })).toBe('bad_signature');
    const theirs = withSignature(
      { alg: 'RS256', kid: 'rsa' },
      { ...good, iss: other.issuer },
      rs256(otherRsa.privateKey),
    );
    expect(await cause(theirs, { issuers: [issuer, other] })).toBe('unknown_subagent');
  });

  test.each<readonly [string, Record<string, unknown>]>([
    ['for encryption', jwk(rsa.publicKey, { use: 'enc' })],
    ['for signing only', jwk(rsa.publicKey, { key_ops: ['sign'] })],
    ['for another algorithm', jwk(rsa.publicKey, { alg: 'PS256' })],
    ['too small', jwk(smallRsa.publicKey)],
    ['no key', { kty: 'RSA', n: 'AA' }],
    ['empty', {}],
  ])('a pinned key that is %s verifies nothing', async (name, key) => {
    const token =
      name === 'too small' ? withSignature({ alg: 'RS256' }, good, rs256(smallRsa.privateKey)) : rsToken(good);
    expect(['unknown_key', 'bad_signature']).toContain(await cause(token, { issuers: [{ ...issuer, keys: [key] }] }));
  });

  test('a private key that was pinned by mistake is used as the public one', async () => {
    const token = rsToken(good);
    expect(await cause(token, { issuers: [{ ...issuer, keys: [jwk(rsa.privateKey, { kid: 'rsa' })] }] })).toBe(
      'verified',
    );
  });
});

describe('claims', () => {
  test.each<readonly [string, Claims, RefusedCause]>([
    ['another issuer', { iss: 'https://evil.example.com' }, 'unknown_issuer'],
    ['the issuer with a slash', { iss: `${url}/` }, 'unknown_issuer'],
    ['the issuer in capitals', { iss: url.toUpperCase() }, 'unknown_issuer'],
    ['a list of issuers', { iss: [url] }, 'unknown_issuer'],
    ['no issuer', { iss: undefined }, 'unknown_issuer'],
    ['another audience', { aud: 'other' }, 'wrong_audience'],
    ['an audience by prefix', { aud: 'sallyport.evil.example' }, 'wrong_audience'],
    ['no audience in the list', { aud: [] }, 'wrong_audience'],
    ['no audience', { aud: undefined }, 'bad_claims'],
    ['an audience of another type', { aud: { sallyport: true } }, 'bad_claims'],
    ['a list with a number', { aud: ['sallyport', 1] }, 'bad_claims'],
    ['too many audiences', { aud: Array(65).fill('sallyport') }, 'bad_claims'],
    ['several audiences without party', { aud: ['sallyport', 'other'] }, 'wrong_party'],
    ['several audiences, another party', { aud: ['sallyport', 'other'], azp: 'other' }, 'wrong_party'],
    ['a party of another type', { azp: ['sallyport'] }, 'wrong_party'],
    ['no end', { exp: undefined }, 'bad_claims'],
    ['an end in words', { exp: `${now + 600}` }, 'bad_claims'],
    ['an end without end', { exp: 1e300 }, 'bad_claims'],
    ['null', { exp: null }, 'bad_claims'],
    ['just expired', { exp: now }, 'expired'],
    ['long expired', { exp: 1 }, 'expired'],
    ['not yet', { nbf: now + 61 }, 'not_yet_valid'],
    ['issued tomorrow', { iat: now + 61 }, 'issued_in_future'],
    ['nbf in words', { nbf: '1' }, 'bad_claims'],
    ['iat in words', { iat: 'now' }, 'bad_claims'],
    ['no subject', { sub: undefined }, 'bad_claims'],
    ['an empty subject', { sub: '' }, 'bad_claims'],
    ['a long subject', { sub: 'x'.repeat(2000) }, 'bad_claims'],
    ['another subject', { sub: 'etl2' }, 'unknown_subagent'],
    ['the subject in capitals', { sub: 'ETL' }, 'unknown_subagent'],
    ['the subject with a space', { sub: 'etl ' }, 'unknown_subagent'],
    ['another immutable id', { repository_id: '43' }, 'unknown_subagent'],
    ['a list that holds the id', { repository_id: ['42'] }, 'unknown_subagent'],
    ['no immutable id', { repository_id: undefined }, 'unknown_subagent'],
    ['a fraction', { repository_id: 42.5 }, 'unknown_subagent'],
  ])('%s', async (_, change, expected) => {
    expect(await cause(rsToken({ ...good, ...change }))).toBe(expected);
  });

  test('claims that every object has are not claims', async () => {
    for (const name of ['constructor', 'toString', '__proto__', '/constructor/name']) {
      const bound = {
        ...subagent,
        claims: Object.fromEntries([
          ['sub', 'etl'],
          [name, 'Object'],
        ]),
      };
      expect(await cause(rsToken(good), { subagents: [bound] })).toBe('unknown_subagent');
    }
  });

  test('a binding without subject never matches', async () => {
    expect(await cause(rsToken(good), { subagents: [{ ...subagent, claims: { repository_id: '42' } }] })).toBe(
      'unknown_subagent',
    );
    expect(await cause(rsToken(good), { subagents: [{ ...subagent, claims: {} }] })).toBe('unknown_subagent');
  });

  test('two that match are nobody', async () => {
    const twin = { ...subagent, id: 'sub_2', claims: { sub: 'etl' } };
    expect(await cause(rsToken(good), { subagents: [subagent, twin] })).toBe('ambiguous_subagent');
    expect(await cause(rsToken(good), { subagents: [subagent, { ...twin, disabled: true }] })).toBe(
      'ambiguous_subagent',
    );
    expect(await cause(rsToken(good), { issuers: [issuer, { ...issuer, id: 'iss_2' }] })).toBe('ambiguous_issuer');
  });

  test('disabled, revoked, of another issuer', async () => {
    expect(await cause(rsToken(good), { subagents: [{ ...subagent, disabled: true }] })).toBe('disabled');
    expect(await cause(rsToken(good), { subagents: [{ ...subagent, notBefore: now + 1 }] })).toBe('revoked');
    expect(await cause(rsToken(good), { subagents: [{ ...subagent, notBefore: now }] })).toBe('verified');
    expect(await cause(rsToken({ ...good, iat: undefined }), { subagents: [{ ...subagent, notBefore: 1 }] })).toBe(
      'revoked',
    );
    expect(await cause(rsToken(good), { subagents: [{ ...subagent, issuer: 'iss_2' }] })).toBe('unknown_subagent');
  });
});

describe('shapes', () => {
  test.each<readonly [string, string, RefusedCause]>([
    ['empty', '', 'malformed'],
    ['a password', 'hunter2', 'malformed'],
    ['two parts', 'a.b', 'malformed'],
    ['five parts', 'a.b.c.d.e', 'malformed'],
    ['no JSON', 'AAAA.AAAA.AAAA', 'malformed'],
    ['a half byte', 'AAAAA.AAAAA.AAAAA', 'malformed'],
    ['spaces', ` ${rsToken(good)}`, 'malformed'],
    ['a line behind', `${rsToken(good)}\n`, 'malformed'],
    ['padding', `${rsToken(good)}==`, 'malformed'],
    ['a list for a header', `${encode([])}.${encode(good)}.AAAA`, 'malformed'],
    ['null for claims', `${encode({ alg: 'RS256' })}.${encode('null')}.AAAA`, 'malformed'],
    ['deep claims', `${encode({ alg: 'RS256' })}.${encode('['.repeat(5000))}.AAAA`, 'malformed'],
    ['too long', 'a'.repeat(tokenLimits.token + 1), 'too_long'],
  ])('%s', async (_, token, expected) => {
    expect(await cause(token)).toBe(expected);
  });

  test('any change of any part is refused', async () => {
    const token = rsToken(good);
    const verifier = createVerifier({ issuers: [issuer], subagents: [subagent] });
    await fc.assert(
      fc.asyncProperty(fc.nat(token.length - 3), fc.constantFrom(...'AZaz09-_.='), async (at, sign) => {
        fc.pre(token[at] !== sign);
        const changed = token.slice(0, at) + sign + token.slice(at + 1);
        expect((await verifier.verifyToken(changed, { now: now * 1000 })).kind).toBe('refused');
      }),
      { numRuns: 300 },
    );
  });

  test('what was claimed is bounded and well-formed', async () => {
    const body = JSON.stringify({ ...good, sub: 'y'.repeat(2000) }).replace(url, `\\ud800${'x'.repeat(2000)}`);
    const result = await verify(`${encode({ alg: 'RS256' })}.${encode(body)}.AAAA`);
    expect(result.kind === 'refused' && result.claimed?.issuer.length).toBe(256);
    expect(result.kind === 'refused' && result.claimed?.subject.length).toBe(256);
    expect(result.kind === 'refused' && result.claimed?.issuer.isWellFormed()).toBe(true);
  });
});
