import { mkdtempSync, readdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { X509Certificate, randomBytes, webcrypto } from 'node:crypto';
import { connect, createServer } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { createAuthority, loadAuthority } from './authority.js';
import { enrol } from './enrol.js';
import { createJoinSecret, formatJoinToken, parseJoinToken } from './join-token.js';
import { identityUri, parseIdentityUri } from './node-identity.js';
import { peerIdentity } from './peer.js';
import { certificatePem, privateKeyPem } from './pem.js';
import { renewAt } from './renewal.js';
import { createKeyAndRequest, readRequest } from './request.js';
import { seal, unseal } from './seal.js';
import { createBundleKey, signBundle, signTicket, verifyBundle, verifyTicket } from './signature.js';
import { createCredentialStore } from './store.js';
import { ecdsa, x509 } from './x509.js';

const tenant = 'ten_01JABCDEFGHJKMNPQRSTVWXYZ0';

async function leafOf(authority: Awaited<ReturnType<typeof loadAuthority>>, uriTenant = tenant) {
  const { privateKey, request } = await createKeyAndRequest();
  const read = await readRequest(request);
  if (read.kind === 'refused') throw new Error(read.reason);
  const issued = await authority.issue({
    identity: { kind: 'proxy', name: 'p1', tenant: uriTenant },
    nodeId: 'nod_1',
    publicKey: read.publicKey,
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1'],
    now: Date.now(),
  });
  return { privateKey, ...issued };
}

/** What a client that trusts only this authority says of the server. */
async function handshake(leaf: { certificate: Uint8Array; privateKey: Uint8Array }, authority: Uint8Array) {
  const server = createServer({
    key: privateKeyPem(leaf.privateKey),
    cert: certificatePem(leaf.certificate) + certificatePem(authority),
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  try {
    return await new Promise<string>((done) => {
      const socket = connect({
        host: '127.0.0.1',
        port: (server.address() as AddressInfo).port,
        ca: certificatePem(authority),
      });
      socket.once('secureConnect', () => done('trusted'));
      socket.once('error', (problem) => done((problem as NodeJS.ErrnoException).code ?? problem.message));
    });
  } finally {
    server.close();
  }
}

describe('certificates', () => {
  test('a leaf is who it is said to be, for a day, and nobody else', async () => {
    const authority = await loadAuthority(await createAuthority({ tenant, now: Date.now() }));
    const leaf = await leafOf(authority);
    const identity = peerIdentity(leaf.certificate);
    expect(identity).toMatchObject({ kind: 'proxy', name: 'p1', tenant, nodeId: 'nod_1', serial: leaf.serial });
    const parsed = new X509Certificate(leaf.certificate);
    expect(parsed.ca).toBe(false);
    expect(parsed.verify(new X509Certificate(authority.certificate).publicKey)).toBe(true);
    expect(leaf.notAfter - leaf.notBefore).toBeLessThanOrEqual(86_400_000 + 60_000);
    expect(await handshake(leaf, authority.certificate)).toBe('trusted');
  });

  test('the authority can name no other tenant', async () => {
    const authority = await loadAuthority(await createAuthority({ tenant, now: Date.now() }));
    expect(await handshake(await leafOf(authority, 'ten_other'), authority.certificate)).toBe('PERMITTED_VIOLATION');
  });

  test('a request gives its key and nothing else', async () => {
    const keys = (await webcrypto.subtle.generateKey(ecdsa, true, ['sign', 'verify'])) as CryptoKeyPair;
    const hostile = await x509.Pkcs10CertificateRequestGenerator.create({
      name: 'CN=admin,O=evil',
      keys,
      signingAlgorithm: ecdsa,
      extensions: [
        new x509.SubjectAlternativeNameExtension([{ type: 'url', value: `spiffe://${tenant}/control-plane/evil` }]),
        new x509.BasicConstraintsExtension(true, 3, true),
      ],
    });
    const read = await readRequest(new Uint8Array(hostile.rawData));
    expect(Object.keys(read).sort()).toEqual(['kind', 'publicKey']);
  });

  test.each([
    ['garbage', () => randomBytes(100)],
    ['nothing', () => Buffer.alloc(0)],
    ['too much', () => Buffer.alloc(100_000, 0x30)],
  ])('a request of %s is refused', async (_, make) => {
    expect((await readRequest(make())).kind).toBe('refused');
  });

  test('a request with one bit changed, or another kind of key, is refused', async () => {
    const { request } = await createKeyAndRequest();
    const bent = Buffer.from(request);
    bent[bent.length - 5] = (bent[bent.length - 5] ?? 0) ^ 1;
    expect((await readRequest(bent)).kind).toBe('refused');
    const rsa = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', publicExponent: new Uint8Array([1, 0, 1]), modulusLength: 2048 };
    const keys = (await webcrypto.subtle.generateKey(rsa, true, ['sign', 'verify'])) as CryptoKeyPair;
    const other = await x509.Pkcs10CertificateRequestGenerator.create({ keys, signingAlgorithm: rsa });
    expect(await readRequest(new Uint8Array(other.rawData))).toEqual({
      kind: 'refused',
      reason: 'the key must be ECDSA P-256',
    });
  });

  test.each([
    'spiffe://t/proxy/a/b',
    'spiffe://t/admin/a',
    'spiffe://t/proxy/',
    'spiffe:///proxy/a',
    'http://t/proxy/a',
    'spiffe://t/proxy/a\0b',
    'spiffe://t/proxy/a?x',
    ` spiffe://t/proxy/a`,
  ])('%j is nobody', (uri) => expect(parseIdentityUri(uri)).toBeUndefined());

  test('a name that would be read as another is never issued', () => {
    for (const name of ['a/b', '', 'a,b', '../x', 'a b', 'é']) {
      expect(() => identityUri({ kind: 'proxy', name, tenant })).toThrow(RangeError);
    }
  });
});

describe('sealed and signed', () => {
  test('what is sealed opens with its key, in its place, unchanged, or not at all', () => {
    const key = randomBytes(32);
    const plain = Buffer.from('secret');
    const sealed = seal(key, plain, 'a');
    expect(Buffer.from(unseal(key, sealed, 'a') ?? []).toString()).toBe('secret');
    expect(unseal(key, sealed, 'b')).toBeUndefined();
    expect(unseal(randomBytes(32), sealed, 'a')).toBeUndefined();
    for (let at = 0; at < sealed.length; at += 1) {
      const bent = Uint8Array.from(sealed);
      bent[at] = (bent[at] ?? 0) ^ 1;
      expect(unseal(key, bent, 'a')).toBeUndefined();
      expect(unseal(key, sealed.subarray(0, at), 'a')).toBeUndefined();
    }
    expect(Buffer.from(sealed).equals(Buffer.from(seal(key, plain, 'a')))).toBe(false);
  });

  test('bundles and tickets verify with their own key only', async () => {
    const [one, two] = [createBundleKey(), createBundleKey()];
    const bytes = Buffer.from('manifest');
    const signature = signBundle(one.privateKey, bytes);
    expect(verifyBundle(one.publicKey, bytes, signature)).toBe(true);
    expect(verifyBundle(two.publicKey, bytes, signature)).toBe(false);
    expect(verifyBundle(one.publicKey, Buffer.from('manifesT'), signature)).toBe(false);
    expect(verifyBundle(one.publicKey, bytes, new Uint8Array())).toBe(false);
    const authority = await loadAuthority(await createAuthority({ tenant, now: Date.now() }));
    const [leaf, other] = [await leafOf(authority), await leafOf(authority)];
    const ticket = signTicket(leaf.privateKey, bytes);
    const keyOf = (certificate: Uint8Array) => {
      const identity = peerIdentity(certificate);
      if (identity === undefined) throw new Error('nobody');
      return identity.publicKey;
    };
    expect(verifyTicket(keyOf(leaf.certificate), bytes, ticket)).toBe(true);
    expect(verifyTicket(keyOf(other.certificate), bytes, ticket)).toBe(false);
    expect(verifyTicket(keyOf(leaf.certificate), Buffer.from('manifesT'), ticket)).toBe(false);
  });
});

describe('join tokens, renewal, store', () => {
  test('a join token reads as it was written', () => {
    for (let round = 0; round < 200; round += 1) {
      const token = { fingerprint: randomBytes(32).toString('hex'), secret: createJoinSecret() };
      expect(parseJoinToken(formatJoinToken(token))).toEqual(token);
    }
    for (const wrong of ['', 'spj_', 'spj_x_y', `spj_${'a'.repeat(64)}_`, `${'x'.repeat(1000)}`])
      expect(parseJoinToken(wrong)).toBeUndefined();
  });

  test('nothing is sent to a server whose authority is not the pinned one', async () => {
    const authority = await loadAuthority(await createAuthority({ tenant, now: Date.now() }));
    const leaf = await leafOf(authority);
    let received = 0;
    const server = createServer(
      { key: privateKeyPem(leaf.privateKey), cert: certificatePem(leaf.certificate) + certificatePem(authority.certificate) },
      (socket) => socket.on('data', (data) => (received += data.length)).on('error', () => undefined),
    );
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const directory = mkdtempSync(join(tmpdir(), 'pki-'));
    try {
      await expect(
        enrol({
          address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
          joinToken: formatJoinToken({ fingerprint: '0'.repeat(64), secret: createJoinSecret() }),
          kind: 'proxy',
          name: 'p1',
          store: createCredentialStore(directory),
        }),
      ).rejects.toThrow('nothing was sent');
      expect(received).toBe(0);
      expect(readdirSync(directory)).toEqual([]);
    } finally {
      server.close();
    }
  });

  test('renewal comes after half of the life and before its last quarter', () => {
    for (const jitter of [0, 0.5, 0.999]) {
      const at = renewAt(1_000, 2_000, jitter);
      expect(at).toBeGreaterThanOrEqual(1_500);
      expect(at).toBeLessThanOrEqual(1_750);
    }
    expect(renewAt(0, 1_000, 0)).not.toBe(renewAt(0, 1_000, 0.9));
  });

  test('credentials come back as they were, in one file that only its owner reads', () => {
    const directory = mkdtempSync(join(tmpdir(), 'pki-'));
    const store = createCredentialStore(directory);
    expect(store.read()).toBeUndefined();
    const credentials = {
      tenant,
      nodeId: 'nod_1',
      name: 'p1',
      privateKey: new Uint8Array([1, 2]),
      chain: [new Uint8Array([3])],
      authorities: [new Uint8Array([4])],
      bundleKeys: [{ id: 'key_1', publicKey: new Uint8Array(32) }],
      notBefore: 1,
      notAfter: 2,
    };
    store.write(credentials);
    expect(store.read()).toEqual(credentials);
    expect(readdirSync(directory)).toEqual(['credentials.json']);
    expect(statSync(join(directory, 'credentials.json')).mode & 0o777).toBe(0o600);
  });
});
