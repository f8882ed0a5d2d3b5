import { describe, expect, test } from '@jest/globals';
import { createHash, generateKeyPairSync, sign, verify as verifySignature } from 'node:crypto';
import fc from 'fast-check';
import { validatePolicySet } from '../validate/validate.js';
import { acceptChunk, acceptManifest, missingChunks } from './accept.js';
import type { ManifestCandidate } from './accept.js';
import { canonicalJson, deepestJson } from './canonical.js';
import type { AgentConnectionChunk, Chunk, ChunkKind, ConnectionChunk, IdentityChunk, Manifest } from './chunks.js';
import { decodeChunk, decodeManifest, encode, encodeChunk, encodeManifest } from './codec.js';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const canonical = (value: unknown): string => {
  const result = canonicalJson(value);
  return result.ok ? result.text : `problem: ${result.problem}`;
};

const set = validatePolicySet(`
  @id("a") @approval("1") @reason("r") permit (principal in Group::"x", action in [Action::"read", Action::"drop"], resource is Table in Connection::"billing")
  when { context.now.toTime() < duration("9h") && resource has name && resource.name like "a*" && ["a"].contains(resource.name) }
  unless { if principal is User then ip("1.2.3.4").isLoopback() else decimal("1.0").lessThan(decimal("2.0")) };`);
if (!set.ok) throw new Error(JSON.stringify(set.problems));

const connection: ConnectionChunk = {
  id: 'con_1',
  name: 'billing',
  protocol: 'postgres',
  environment: 'production',
  database: 'app',
  databases: ['app'],
  agents: ['agent-1'],
  audit: 'spool',
  hold: 45_000,
  detectors: true,
  tags: [{ schema: 'public', table: 'payments', column: 'card', classes: ['card_number'] }],
  classes: { card_number: 'partial' },
  hashKey: 'AAAA',
  policies: set.policies,
  policyVersion: 3,
};
const identity: IdentityChunk = {
  issuers: [
    {
      id: 'iss_1',
      name: 'ci',
      issuer: 'https://ci',
      audiences: ['gate'],
      keys: [{ kty: 'OKP' }],
      algorithms: ['EdDSA'],
    },
  ],
  subagents: [
    {
      id: 'sub_1',
      name: 'etl',
      issuer: 'iss_1',
      claims: { sub: 'x' },
      groups: [],
      owner: undefined,
      disabled: false,
      notBefore: 0,
    },
    {
      id: 'sub_2',
      name: 'b',
      issuer: 'iss_1',
      claims: { sub: 'y' },
      groups: ['g'],
      owner: 'usr_1',
      disabled: true,
      notBefore: 5,
    },
  ],
  own: {
    issuer: 'https://sallyport.test',
    keys: [{ kty: 'EC', crv: 'P-256', x: 'x'.repeat(43), y: 'y'.repeat(43), kid: 'key_1', alg: 'ES256', use: 'sig' }],
  },
  users: [{ id: 'usr_1', name: 'dana', groups: ['g'], disabled: false, notBefore: 0 }],
};
const agentConnection: AgentConnectionChunk = {
  id: 'con_1',
  name: 'billing',
  protocol: 'postgres',
  host: 'db',
  port: 5432,
  tls: 'verify-full',
  database: 'app',
  databases: ['app'],
  credential: 'billing',
};
const chunks: readonly Chunk[] = [
  { kind: 'connection', value: connection },
  { kind: 'identity', value: identity },
  { kind: 'ended_logins', value: { ids: ['log_1'] } },
  { kind: 'agent_connection', value: agentConnection },
  { kind: 'proxies', value: { proxies: [{ name: 'p', host: 'h', port: 1 }] } },
  {
    kind: 'catalog',
    value: {
      database: 'app',
      serverVersion: 180_004,
      searchPath: ['public'],
      parts: ['a'.repeat(64), 'b'.repeat(64)],
    },
  },
  {
    kind: 'catalog_part',
    value: {
      relations: [
        { oid: 20_001, schema: 'public', name: 't', kind: 'table', columns: [{ attribute: 1, name: 'id', type: 23 }] },
        {
          oid: 20_002,
          schema: 'public',
          name: 'v',
          kind: 'view',
          columns: [],
          definition: 'SELECT 1',
          parents: [20_001],
          hasRules: true,
          owner: 'app',
          triggers: [{ name: 'g', function: 20_003 }],
          rules: [{ name: 'r', event: 'insert', definition: 'CREATE RULE r' }],
          rowSecurity: { forced: false, policies: [{ name: 'p', command: 'all', using: 'true', check: 'false' }] },
        },
      ],
      functions: [
        {
          oid: 20_003,
          schema: 'public',
          name: 'f',
          kind: 'function',
          language: 'sql',
          volatility: 'stable',
          securityDefiner: false,
          arguments: [23],
          identity: [],
          owner: 'app',
          returns: 23,
        },
      ],
      types: [{ oid: 20_004, schema: 'public', name: 'e', kind: 'domain', of: 23, constraints: ['CHECK (true)'] }],
      operators: [{ schema: 'public', name: '<->', compiled: true, left: 23, right: 25, result: 16, function: 20_003 }],
      casts: [{ source: 20_004, target: 25, schema: 'public', name: 'f' }],
    },
  },
];

describe('canonical JSON', () => {
  test('the examples of RFC 8785', () => {
    expect(
      canonical({
        numbers: [333333333.33333329, 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
        string: '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\"/',
        literals: [null, true, false],
      }),
    ).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
    expect(canonical({ '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\u{1f600}': 5, '\u0080': 6, ö: 7 })).toBe(
      '{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}',
    );
  });

  test('says what JSON says, whatever the order of keys', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const text = canonical(value);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonical(JSON.parse(text))).toBe(text);
      }),
      { numRuns: 500 },
    );
    expect(canonical({ b: 1, a: 2 })).toBe(canonical({ a: 2, b: 1 }));
    expect(canonical({ a: undefined })).toBe('{}');
    expect(canonical(-0)).toBe('0');
  });

  test.each([
    [NaN],
    [Infinity],
    ['\ud800'],
    [{ '\udc00': 1 }],
    [1n],
    [() => 1],
    [[undefined]],
    [new Date(0)],
    [new Map()],
    [Uint8Array.of(1)],
  ])('refuses %p', (value) => {
    expect(canonicalJson(value).ok).toBe(false);
  });

  test('refuses depth', () => {
    let deep: unknown = 1;
    for (let at = 0; at < deepestJson + 1; at += 1) deep = [deep];
    expect(canonicalJson(deep).ok).toBe(false);
  });
});

describe('a chunk', () => {
  test.each(chunks)('of kind $kind comes out as it went in', (chunk) => {
    expect(decodeChunk(chunk.kind, encodeChunk(chunk))).toEqual({ ok: true, value: chunk.value });
  });

  test('every kind refuses every other kind, an unknown field and a missing one', () => {
    for (const chunk of chunks) {
      for (const other of chunks) {
        if (other.kind !== chunk.kind) expect(decodeChunk(chunk.kind, encodeChunk(other)).ok).toBe(false);
      }
      expect(decodeChunk(chunk.kind, encode({ ...chunk.value, extra: 1 })).ok).toBe(false);
      // A part may hold any of its lists.
      for (const name of chunk.kind === 'catalog_part' ? [] : Object.keys(chunk.value)) {
        expect([name, decodeChunk(chunk.kind, encode({ ...chunk.value, [name]: undefined })).ok]).toEqual([
          name,
          false,
        ]);
      }
    }
    expect(decodeChunk('weather' as ChunkKind, encode({})).ok).toBe(false);
    expect(decodeChunk('toString' as ChunkKind, encode({})).ok).toBe(false);
  });

  const policy = set.policies[0]?.json as Record<string, unknown>;
  test.each([
    ['an unknown effect', { ...policy, effect: 'warn' }],
    ['an unknown field', { ...policy, priority: 1 }],
    ['an unknown annotation', { ...policy, annotations: { aproval: '1' } }],
    ['an annotation that does not parse', { ...policy, annotations: { approval: 'x' } }],
    ['an obligation on a forbid', { ...policy, effect: 'forbid' }],
    ['a template slot', { ...policy, principal: { op: '==', slot: '?principal' } }],
    ['an unknown scope', { ...policy, action: { op: 'near' } }],
    ['an unknown clause', { ...policy, conditions: [{ kind: 'while', body: { Value: true } }] }],
    [
      'an unknown operator',
      { ...policy, conditions: [{ kind: 'when', body: { '<=>': { left: { Value: 1 }, right: { Value: 1 } } } }] },
    ],
    ['an unknown function', { ...policy, conditions: [{ kind: 'when', body: { eval: [{ Value: '1' }] } }] }],
    ['an unknown variable', { ...policy, conditions: [{ kind: 'when', body: { Var: 'env' } }] }],
    ['an unknown literal', { ...policy, conditions: [{ kind: 'when', body: { Value: { x: 1 } } }] }],
    ['a number without digits', { ...policy, conditions: [{ kind: 'when', body: { Value: 2 ** 60 } }] }],
    ['no policy', 'permit'],
    ['null', null],
  ])('with %s in a policy is refused', (_, json) => {
    const result = decodeChunk('connection', encode({ ...connection, policies: [{ id: 'a', json }] }));
    expect(result.ok).toBe(false);
  });

  test.each([
    ['two policies with one id', { policies: [...set.policies, ...set.policies] }],
    ['an unknown mask format', { classes: { card_number: 'blur' } }],
    ['an unknown grade of audit', { audit: 'maybe' }],
    ['a negative hold', { hold: -1 }],
    ['a broken version', { policyVersion: 1.5 }],
    ['a name that never ends', { name: 'x'.repeat(256) }],
  ])('with %s is refused', (_, change) => {
    expect(decodeChunk('connection', encode({ ...connection, ...change })).ok).toBe(false);
  });

  const [key] = identity.own.keys;
  test.each([
    ['a private half in our own key', { own: { ...identity.own, keys: [{ ...key, d: 'd'.repeat(43) }] } }],
    ['another curve', { own: { ...identity.own, keys: [{ ...key, crv: 'P-384' }] } }],
    ['a key without a name', { own: { ...identity.own, keys: [{ ...key, kid: '' }] } }],
    ['an issuer of our own without a name', { own: { issuer: '', keys: [] } }],
    ['a role that a user is to have', { users: [{ ...identity.users[0], role: 'admin' }] }],
    ['a user who may be disabled', { users: [{ ...identity.users[0], disabled: null }] }],
  ])('with %s is refused', (_, change) => {
    expect(decodeChunk('identity', encode(identity)).ok).toBe(true);
    expect(decodeChunk('identity', encode({ ...identity, ...change })).ok).toBe(false);
  });

  test.each([[['']], [[1]], ['log_1']])('of ended logins %j is refused', (ids) => {
    expect(decodeChunk('ended_logins', encode({ ids })).ok).toBe(false);
  });

  test.each([
    ['white space', `${canonical({ proxies: [] })} `],
    ['a doubled key', '{"proxies":[],"proxies":[]}'],
    ['unsorted keys', '{"proxies":[{"port":1,"name":"p","host":"h"}]}'],
    ['another spelling', '{"proxies":[{"host":"\\u0068","name":"p","port":1}]}'],
    ['a byte order mark', '\ufeff{"proxies":[]}'],
    ['no JSON', '{'],
    ['depth', '['.repeat(100_000) + ']'.repeat(100_000)],
    ['depth hidden by a quote', `["\\\\",${'['.repeat(10_000)}${']'.repeat(10_000)}]`],
    ['a prototype', '{"__proto__":{},"proxies":[]}'],
    ['nothing', ''],
  ])('with %s is refused', (_, text) => {
    expect(decodeChunk('proxies', bytesOf(text)).ok).toBe(false);
  });

  test('whose reading would drop a claim is refused', () => {
    const text = encodeChunk({ kind: 'identity', value: identity });
    const hostile = Buffer.from(text).toString().replace('{"sub":"x"}', '{"__proto__":"admin","sub":"x"}');
    expect(hostile).toContain('__proto__');
    expect(decodeChunk('identity', bytesOf(hostile)).ok).toBe(false);
  });

  test('that is not UTF-8 is refused', () => {
    expect(decodeChunk('proxies', Uint8Array.of(0x22, 0xff, 0x22))).toEqual({ ok: false, problem: 'not UTF-8' });
  });

  test('is taken only under its digest and its name', () => {
    const bytes = encodeChunk({ kind: 'connection', value: connection });
    const reference = { kind: 'connection', name: 'billing', digest: sha256(bytes) } as const;
    expect(acceptChunk({ reference, bytes, sha256 })).toEqual({
      kind: 'accepted',
      chunk: { kind: 'connection', value: connection },
    });
    expect(acceptChunk({ reference, bytes: bytes.with(20, 65), sha256 }).kind).toBe('refused');
    expect(acceptChunk({ reference: { ...reference, name: 'crm' }, bytes, sha256 }).kind).toBe('refused');
    expect(acceptChunk({ reference: { ...reference, kind: 'identity' }, bytes, sha256 }).kind).toBe('refused');
  });
});

describe('a manifest', () => {
  const keys = generateKeyPairSync('ed25519');
  const manifest: Manifest = {
    tenant: 'acme',
    version: 7,
    issuedAt: 1_000,
    notAfter: 10_000,
    maxStaleness: 60_000,
    chunks: [{ kind: 'connection', name: 'billing', digest: 'a'.repeat(64) }],
  };
  const signed = (value: unknown, key = keys.privateKey): ManifestCandidate => {
    const bytes = encode(value);
    return { bytes, signature: new Uint8Array(sign(null, bytes, key)), keyId: 'k1' };
  };
  const verify = ({ bytes, signature, keyId }: ManifestCandidate): boolean =>
    keyId === 'k1' && verifySignature(null, bytes, keys.publicKey, signature);
  const accept = (candidate: ManifestCandidate, more: { current?: Manifest; now?: number; tenant?: string } = {}) =>
    acceptManifest({ current: undefined, now: 5_000, tenant: 'acme', verify, ...more, candidate });

  test('is accepted when signed, for this tenant, in time and not older', () => {
    expect(decodeManifest(encodeManifest(manifest))).toEqual({ ok: true, value: manifest });
    expect(accept(signed(manifest))).toEqual({ kind: 'accepted', manifest });
    expect(accept(signed({ ...manifest, version: 8 }), { current: manifest }).kind).toBe('accepted');
    // The same again, and the same with a later end.
    expect(accept(signed(manifest), { current: manifest }).kind).toBe('accepted');
    expect(accept(signed({ ...manifest, issuedAt: 2_000, notAfter: 20_000 }), { current: manifest }).kind).toBe(
      'accepted',
    );
  });

  const other = generateKeyPairSync('ed25519').privateKey;
  test.each<[string, string, ManifestCandidate, Parameters<typeof accept>[1]]>([
    ['no signature', 'unsigned', { ...signed(manifest), signature: new Uint8Array() }, {}],
    ['the key of somebody else', 'unsigned', signed(manifest, other), {}],
    ['an unknown key id', 'unsigned', { ...signed(manifest), keyId: 'k2' }, {}],
    ['a changed byte', 'unsigned', { ...signed(manifest), bytes: encode({ ...manifest, version: 9 }) }, {}],
    ['another tenant', 'other_tenant', signed(manifest), { tenant: 'evil' }],
    ['its end in the past', 'expired', signed(manifest), { now: 10_000 }],
    ['a clock that is no number', 'expired', signed(manifest), { now: NaN }],
    ['an older version', 'older', signed({ ...manifest, version: 6 }), { current: manifest }],
    ['the same version, other content', 'conflict', signed({ ...manifest, chunks: [] }), { current: manifest }],
    ['the same version, an earlier end', 'conflict', signed({ ...manifest, notAfter: 9_000 }), { current: manifest }],
    [
      'an unknown kind of chunk',
      'malformed',
      signed({ ...manifest, chunks: [{ kind: 'weather', name: '', digest: 'a'.repeat(64) }] }),
      {},
    ],
    ['an unknown field', 'malformed', signed({ ...manifest, force: true }), {}],
    [
      'a digest that is none',
      'malformed',
      signed({ ...manifest, chunks: [{ kind: 'identity', name: '', digest: 'A'.repeat(64) }] }),
      {},
    ],
    [
      'one name twice',
      'malformed',
      signed({ ...manifest, chunks: [...manifest.chunks, { ...manifest.chunks[0], digest: 'b'.repeat(64) }] }),
      {},
    ],
  ])('with %s is refused: %s', (_, reason, candidate, more) => {
    expect(accept(candidate, more)).toMatchObject({ kind: 'refused', reason });
  });

  test('nothing of it is read before its signature holds, and a verifier that throws says no', () => {
    const garbage = { bytes: bytesOf('garbage'), signature: Uint8Array.of(1), keyId: 'k1' };
    expect(accept(garbage)).toMatchObject({ reason: 'unsigned' });
    const throwing = () => {
      throw new Error('no key');
    };
    expect(
      acceptManifest({ current: undefined, candidate: signed(manifest), now: 0, tenant: 'acme', verify: throwing }),
    ).toMatchObject({ reason: 'unsigned' });
  });

  test('only missing chunks are asked for, each once', () => {
    const reference = (name: string, digit: string) => ({
      kind: 'connection' as const,
      name,
      digest: digit.repeat(64),
    });
    const wanted = { ...manifest, chunks: [reference('a', 'a'), reference('b', 'b'), reference('c', 'b')] };
    expect(missingChunks(wanted, new Set(['a'.repeat(64)])).map(({ digest }) => digest)).toEqual(['b'.repeat(64)]);
    expect(missingChunks(wanted, new Set(['a'.repeat(64), 'b'.repeat(64)]))).toEqual([]);
  });
});
