import { webcrypto } from 'node:crypto';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as x509 from '@peculiar/x509';
import { startPostgres } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import { openTarget } from './index.js';
import type { TargetOptions } from './index.js';

let server: TestPostgres;
let front: Server;
let ca: string;
const sockets = new Set<Socket>();

/** A certificate for `target.test`, by itself. */
const makeCertificate = async (): Promise<{ readonly cert: string; readonly key: string }> => {
  x509.cryptoProvider.set(webcrypto as never);
  const keys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=target.test',
    serialNumber: '01',
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3_600_000),
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    keys: keys as never,
    extensions: [
      new x509.BasicConstraintsExtension(true),
      new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: 'target.test' }]),
    ],
  });
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return {
    cert: certificate.toString('pem'),
    key: `-----BEGIN PRIVATE KEY-----\n${key.replace(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----\n`,
  };
};

/** TLS in front of the real server, as PostgreSQL begins it. */
beforeAll(async () => {
  server = await startPostgres();
  const { cert, key } = await makeCertificate();
  ca = cert;
  front = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.write('S');
      const secure = new TLSSocket(socket, { isServer: true, cert, key });
      const behind = connect(server.port, server.host);
      sockets.add(behind);
      for (const each of [secure, behind]) each.on('error', () => undefined);
      secure.pipe(behind).pipe(secure);
    });
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => front.close(resolve));
  await server.stop();
});

const options = (more: Partial<TargetOptions>): TargetOptions => ({
  host: '127.0.0.1',
  port: (front.address() as AddressInfo).port,
  user: server.user,
  password: server.password,
  database: 'postgres',
  tls: 'verify-full',
  ...more,
});

describe('TLS to the target', () => {
  test('verify-full: the right authority and the right name', async () => {
    const target = await openTarget(options({ ca, servername: 'target.test' }));
    expect(target.greeting.transaction).toBe('idle');
    await target.cancel();
    target.stream.destroy();
  });
  test('require: whoever answers', async () => {
    const target = await openTarget(options({ tls: 'require' }));
    target.stream.destroy();
  });
  test.each([
    ['another name', () => ({ ca, servername: 'other.test' })],
    ['an authority that is not known', () => ({ servername: 'target.test' })],
    ['no name, and an address that the certificate does not hold', () => ({ ca })],
  ])('verify-full refuses %s', async (_name, more) => {
    await expect(openTarget(options(more()))).rejects.toMatchObject({ name: 'LoginError', failure: 'tls_refused' });
  });
});
