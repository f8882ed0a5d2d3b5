/** DER as Node's TLS wants it. */
export const certificatePem = (der: Uint8Array): string => pem('CERTIFICATE', der);
export const privateKeyPem = (der: Uint8Array): string => pem('PRIVATE KEY', der);

const pem = (label: string, der: Uint8Array): string => {
  const lines = Buffer.from(der)
    .toString('base64')
    .replace(/.{64}(?=.)/g, '$&\n');
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
};
