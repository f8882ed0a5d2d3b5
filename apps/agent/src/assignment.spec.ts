import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Bundle } from '@sallyport/contracts';
import { verifyBundle } from '@sallyport/pki';
import type { Chunk } from '@sallyport/policy/bundle';
import { connectionChunk, createTestAuthority, signedBundle, tenant } from '../testing/authority.js';
import type { TestAuthority } from '../testing/authority.js';
import { takeAssignment } from './assignment.js';
import type { Assignment } from './assignment.js';

let authority: TestAuthority;
beforeAll(async () => {
  authority = await createTestAuthority();
});

const billing: readonly [string, Chunk] = ['billing', { kind: 'agent_connection', value: connectionChunk() }];
const shop: readonly [string, Chunk] = [
  'shop',
  { kind: 'agent_connection', value: connectionChunk({ id: 'con_2', name: 'shop' }) },
];
const proxies: readonly [string, Chunk] = [
  '',
  { kind: 'proxies', value: { proxies: [{ name: 'gate-1', host: '127.0.0.1', port: 7443 }] } },
];

const take = (bundle: Bundle, current?: Assignment) =>
  takeAssignment({
    bundle,
    current,
    now: Date.now(),
    tenant,
    verify: ({ bytes, signature, keyId }) =>
      keyId === authority.keyId && verifyBundle(authority.publicKey, bytes, signature),
  });

const taken = (bundle: Bundle, current?: Assignment): Assignment => {
  const result = take(bundle, current);
  if (result.kind === 'refused') throw new Error(result.reason);
  return result.assignment;
};

describe('an assignment', () => {
  test('is the connections and proxies of a signed bundle', () => {
    const { connections, proxies: stations, manifest } = taken(signedBundle(authority, [billing, shop, proxies]));
    expect([...connections.keys()]).toEqual(['billing', 'shop']);
    expect(stations).toEqual([{ name: 'gate-1', host: '127.0.0.1', port: 7443 }]);
    expect(manifest.version).toBe(1);
  });

  test('a delta brings what changed; the rest is kept, and the bundle for the file is whole', () => {
    const first = taken(signedBundle(authority, [billing, proxies]));
    const delta = signedBundle(authority, [billing, shop, proxies], { version: 2, without: ['billing', ''] });
    expect(delta.chunks).toHaveLength(1);
    const second = taken(delta, first);
    expect([...second.connections.keys()]).toEqual(['billing', 'shop']);
    expect(second.bundle.chunks).toHaveLength(3);
    // What is on disk is enough for a start from nothing.
    expect(taken(second.bundle).connections.size).toBe(2);
  });

  test('what the manifest names no more is gone, from memory and from the file', () => {
    const first = taken(signedBundle(authority, [billing, shop, proxies]));
    const second = taken(signedBundle(authority, [shop, proxies], { version: 2 }), first);
    expect([...second.connections.keys()]).toEqual(['shop']);
    expect(second.bundle.chunks).toHaveLength(2);
  });

  const changed = (bytes: Uint8Array): Buffer => {
    const copy = Buffer.from(bytes);
    copy.writeUInt8((copy.at(-1) ?? 0) ^ 1, copy.length - 1);
    return copy;
  };
  const refusals: readonly (readonly [string, RegExp, () => Bundle])[] = [
    ['without a signature', /unsigned/, () => ({ ...signedBundle(authority, [billing]), signature: Buffer.alloc(0) })],
    ['with a key that is not pinned', /unsigned/, () => ({ ...signedBundle(authority, [billing]), keyId: 'other' })],
    [
      'whose manifest was touched',
      /unsigned/,
      () => {
        const bundle = signedBundle(authority, [billing], { version: 3 });
        return { ...bundle, manifest: changed(bundle.manifest) };
      },
    ],
    ['of another tenant', /other_tenant/, () => signedBundle(authority, [billing], { version: 3, tenant: 'other' })],
    ['that has expired', /expired/, () => signedBundle(authority, [billing], { version: 3, notAfter: Date.now() - 1 })],
    ['that is older', /older/, () => signedBundle(authority, [billing], { version: 1 })],
    ['with other content for the same version', /conflict/, () => signedBundle(authority, [shop], { version: 2 })],
    [
      'that lacks a chunk',
      /lacks agent_connection shop/,
      () => signedBundle(authority, [billing, shop], { version: 3, without: ['shop'] }),
    ],
    [
      'whose chunk is not what its digest says',
      /digest/,
      () => {
        const bundle = signedBundle(authority, [billing, shop], { version: 3 });
        return { ...bundle, chunks: bundle.chunks.map((chunk) => ({ ...chunk, content: changed(chunk.content) })) };
      },
    ],
    [
      'whose chunk is of another connection',
      /another connection/,
      () => signedBundle(authority, [['shop', billing[1]]], { version: 3 }),
    ],
    [
      'with a chunk that is for proxies',
      /identity is not for agents/,
      () =>
        signedBundle(
          authority,
          [
            billing,
            [
              '',
              {
                kind: 'identity',
                value: { issuers: [], own: { issuer: 'https://gate', keys: [] }, subagents: [], users: [] },
              },
            ],
          ],
          {
            version: 3,
          },
        ),
    ],
  ];
  test.each(refusals)('one %s is refused, and the last good one stays as it was', (_what, reason, make) => {
    const current = taken(signedBundle(authority, [billing, proxies], { version: 2 }));
    const before = structuredClone([...current.connections]);
    const result = take(make(), current);
    expect(result).toMatchObject({ kind: 'refused', reason: expect.stringMatching(reason) });
    expect([...current.connections]).toEqual(before);
  });

  test('the same version may be signed again, with a later end', () => {
    const chunks = [billing, proxies];
    const current = taken(signedBundle(authority, chunks));
    const again = signedBundle(authority, chunks, { notAfter: Date.now() + 7_200_000, without: ['billing', ''] });
    expect(taken(again, current).manifest.notAfter).toBeGreaterThan(current.manifest.notAfter);
  });
});
