import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import type { AddressInfo } from 'node:net';
import {
  type Authority,
  type NodeCredentials,
  SealProblem,
  bundleKeyId,
  certificatePem,
  checkRequest,
  createAuthority,
  createBundleKey,
  createJoinToken,
  createRequest,
  derBlocks,
  fingerprintOf,
  formatJoinToken,
  identityUri,
  issueCertificate,
  parseIdentityUri,
  parseJoinToken,
  peerOf,
  privateKeyPem,
  readCredentials,
  renewAt,
  seal,
  signBundle,
  signTicket,
  unseal,
  verifyBundle,
  verifyTicket,
  writeCredentials,
} from './index.js';

const tenant = 'default';
let authority: Authority;
beforeAll(async () => {
  authority = await createAuthority({ tenant, now: Date.now() });
});

async function node(kind: 'proxy' | 'agent' | 'control-plane', name: string, from = authority) {
  const { privateKey, request } = await createRequest();
  const publicKey = await checkRequest(request);
  if (publicKey === undefined) throw new Error('our own request is refused');
  const certificate = await issueCertificate({
    authority: from,
    publicKey,
    identity: { tenant, kind, name },
    hosts: ['127.0.0.1', 'localhost'],
    now: Date.now(),
  });
  return { certificate, key: privateKeyPem(privateKey), cert: certificatePem(certificate) };
}

describe('certificates', () => {
  test('say who they are for, are no authority, and live a day', async () => {
    const { certificate } = await node('proxy', 'gate-1');
    const parsed = new X509Certificate(certificate);
    expect(peerOf(certificate)).toMatchObject({ tenant, kind: 'proxy', name: 'gate-1' });
    expect(parsed.ca).toBe(false);
    expect(parsed.verify(new X509Certificate(authority.certificate).publicKey)).toBe(true);
    expect(parsed.validToDate.getTime() - Date.now()).toBeLessThanOrEqual(24 * 3600 * 1000);
    expect(parsed.subjectAltName).toContain('IP Address:127.0.0.1');
  });

  test('the authority itself is nobody', () => {
    expect(peerOf(authority.certificate)).toBeUndefined();
    expect(peerOf(Buffer.from('garbage'))).toBeUndefined();
  });

  test.each([
    'spiffe://default/robot/x',
    'spiffe://default/proxy/',
    'spiffe://default/proxy/a/b',
    'https://default/proxy/a',
    'spiffe://default/proxy/A',
    '',
  ])('the name %j is none of ours', (uri) => expect(parseIdentityUri(uri)).toBeUndefined());
  test.each(['a/b', '../x', 'A', '', 'a\u0000b', 'x'.repeat(101)])('no certificate for the name %j', (name) => {
    expect(() => identityUri({ tenant, kind: 'proxy', name })).toThrow(RangeError);
  });

  test('work for both ends of TLS 1.3, and a stranger’s does not', async () => {
    const ours = await node('proxy', 'gate-1');
    const agent = await node('agent', 'a1');
    const stranger = await node('agent', 'a1', await createAuthority({ tenant, now: Date.now() }));
    const ca = certificatePem(authority.certificate);
    const server = createServer({ key: ours.key, cert: ours.cert, ca, requestCert: true, minVersion: 'TLSv1.3' });
    const seen: (string | undefined)[] = [];
    server.on('secureConnection', (socket: TLSSocket) => {
      seen.push(peerOf(socket.getPeerCertificate().raw)?.name);
      socket.end('hello');
    });
    server.on('tlsClientError', () => seen.push('refused'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const talk = (client: { key: string; cert: string }): Promise<string> =>
      new Promise((resolve) => {
        let text = '';
        const socket = connect({ host: '127.0.0.1', port, ca, key: client.key, cert: client.cert });
        socket.on('data', (chunk) => (text += chunk.toString()));
        socket.on('error', () => undefined);
        socket.on('close', () => resolve(text));
      });
    expect(await talk(agent)).toBe('hello');
    expect(await talk(stranger)).toBe('');
    server.close();
    expect(seen).toEqual(['a1', 'refused']);
  });
});

describe('requests', () => {
  test('changed by one bit never carry another key', async () => {
    const { request } = await createRequest();
    const publicKey = await checkRequest(request);
    const accepted: (Uint8Array | undefined)[] = [];
    for (let at = 0; at < request.length; at += 3) {
      const forged = Uint8Array.from(request);
      forged[at] = (forged[at] ?? 0) ^ 1;
      accepted.push(await checkRequest(forged));
    }
    // The signature does not cover the name of its own algorithm: that bit changes nothing that counts.
    expect(accepted.filter((key) => key !== undefined)).toEqual(
      accepted.filter((key) => key !== undefined).map(() => publicKey),
    );
    expect(accepted.filter((key) => key === undefined).length).toBeGreaterThan(accepted.length - 5);
  });
  test.each([
    ['empty', 0],
    ['too long', 9000],
    ['cut', 40],
  ])('%s is refused', async (_name, length) => {
    expect(await checkRequest(new Uint8Array(length))).toBeUndefined();
  });
});

describe('seals', () => {
  const key = Buffer.alloc(32, 1);
  test('open with the same key and purpose only', () => {
    const sealed = seal(key, Buffer.from('secret'), 'authority');
    expect(Buffer.from(unseal(key, sealed, 'authority')).toString()).toBe('secret');
    expect(() => unseal(Buffer.alloc(32, 2), sealed, 'authority')).toThrow(SealProblem);
    expect(() => unseal(key, sealed, 'bundle')).toThrow(SealProblem);
  });
  test('changed or cut anywhere do not open', () => {
    const sealed = seal(key, Buffer.from('secret'), 'x');
    for (let at = 0; at < sealed.length; at++) {
      const forged = Uint8Array.from(sealed);
      forged[at] = (forged[at] ?? 0) ^ 0x80;
      expect(() => unseal(key, forged, 'x')).toThrow(SealProblem);
      expect(() => unseal(key, sealed.subarray(0, at), 'x')).toThrow(SealProblem);
    }
  });
});

describe('signatures', () => {
  test('of bundles', () => {
    const key = createBundleKey();
    const bytes = Buffer.from('manifest');
    const signature = signBundle(key.privateKey, bytes);
    expect(key.publicKey).toHaveLength(32);
    expect(key.id).toBe(bundleKeyId(key.publicKey));
    expect(verifyBundle(key.publicKey, bytes, signature)).toBe(true);
    expect(verifyBundle(key.publicKey, Buffer.from('manifesT'), signature)).toBe(false);
    expect(verifyBundle(createBundleKey().publicKey, bytes, signature)).toBe(false);
    expect(verifyBundle(key.publicKey, bytes, signature.subarray(1))).toBe(false);
  });
  test('of tickets, with the key of the certificate', async () => {
    const proxy = await node('proxy', 'gate-1');
    const other = await node('proxy', 'gate-2');
    const bytes = Buffer.from('ticket');
    const signature = signTicket(createPrivateKey(proxy.key), bytes);
    const publicKeyOf = (certificate: Uint8Array) => peerOf(certificate)?.publicKey ?? createPrivateKey(proxy.key);
    expect(verifyTicket(publicKeyOf(proxy.certificate), bytes, signature)).toBe(true);
    expect(verifyTicket(publicKeyOf(other.certificate), bytes, signature)).toBe(false);
    expect(verifyTicket(publicKeyOf(proxy.certificate), Buffer.from('tickeT'), signature)).toBe(false);
  });
});

describe('join tokens', () => {
  test('are read back', () => {
    const token = createJoinToken(fingerprintOf(authority.certificate));
    expect(parseJoinToken(formatJoinToken(token))).toEqual(token);
  });
  test.each(['', 'spj_', 'spj_zz_x', `spj_${'a'.repeat(64)}_short`])('%j is none', (text) =>
    expect(parseJoinToken(text)).toBeUndefined(),
  );
});

test('renewal is due between one half and two thirds of the life', () => {
  expect(renewAt(0, 60, 0)).toBe(30);
  expect(renewAt(0, 60, 0.999)).toBe(40);
});

test('PEM and DER are the same thing', () => {
  expect(derBlocks(certificatePem(authority.certificate) + certificatePem(authority.certificate))).toEqual([
    Buffer.from(authority.certificate),
    Buffer.from(authority.certificate),
  ]);
});

describe('stored credentials', () => {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-pki-'));
  afterEach(() => rmSync(directory, { recursive: true, force: true }));
  test('are for their owner only; a damaged file says what to do', async () => {
    const { cert, key } = await node('agent', 'a1');
    const credentials: NodeCredentials = {
      tenant,
      kind: 'agent',
      nodeId: 'n',
      name: 'a1',
      certificate: cert,
      privateKey: key,
      authorities: cert,
      bundleKeys: [],
    };
    expect(readCredentials(directory)).toBeUndefined();
    writeCredentials(directory, credentials);
    expect(statSync(join(directory, 'credentials.json')).mode & 0o777).toBe(0o600);
    expect(readCredentials(directory)).toEqual(credentials);
    writeFileSync(join(directory, 'credentials.json'), '{}');
    expect(() => readCredentials(directory)).toThrow('enrol again');
  });
});
