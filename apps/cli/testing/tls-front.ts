import { once } from 'node:events';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import { generateKeyPairSync } from 'node:crypto';
import { createAuthority, issueCertificate } from '@sallyport/pki';

const pem = (label: string, der: Uint8Array): string =>
  `-----BEGIN ${label}-----\n${(
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  ).join('\n')}\n-----END ${label}-----\n`;

/** A certificate for these hosts, from an authority made for it; it lives a day. */
export async function makeCertificate(hosts: readonly string[], now = Date.now()) {
  const authority = await createAuthority({ tenant: 'test', now });
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const certificate = await issueCertificate({
    authority,
    publicKey: publicKey.export({ type: 'spki', format: 'der' }),
    identity: { tenant: 'test', kind: 'control-plane', name: 'front' },
    hosts,
    now,
  });
  return {
    authority: pem('CERTIFICATE', authority.certificate),
    certificate: pem('CERTIFICATE', certificate),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** What a load balancer does in front of a control plane: TLS outside, the same bytes inside. */
export async function startTlsFront(target: { readonly port: number }, material: { certificate: string; key: string }) {
  const server = createServer({ cert: material.certificate, key: material.key }, (outside) => {
    const inside = connect({ host: '127.0.0.1', port: target.port });
    for (const socket of [inside, outside]) socket.on('error', () => socket.destroy());
    outside.pipe(inside).pipe(outside);
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    stop: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}
