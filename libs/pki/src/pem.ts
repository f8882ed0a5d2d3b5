import { createHash } from 'node:crypto';

export const certificatePem = (der: Uint8Array): string => pem('CERTIFICATE', der);
export const privateKeyPem = (pkcs8: Uint8Array): string => pem('PRIVATE KEY', pkcs8);

function pem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

/** Every block of a PEM text. */
export function derBlocks(text: string): readonly Buffer[] {
  return [...text.matchAll(/-----BEGIN [A-Z ]+-----([\sA-Za-z0-9+/=]+)-----END [A-Z ]+-----/g)].map(([, body = '']) =>
    Buffer.from(body.replace(/\s/g, ''), 'base64'),
  );
}

/** SHA-256 of a certificate, lower-case hex. */
export const fingerprintOf = (der: Uint8Array): string => createHash('sha256').update(der).digest('hex');
