import { createHash, randomBytes, webcrypto } from 'node:crypto';
import { identityUri } from './node-identity.js';
import type { NodeIdentity } from './node-identity.js';
import { bufferOf, ecdsa, importSigningKey, x509 } from './x509.js';

const day = 86_400_000;
export const authorityLifetime = 3_652 * day;
export const certificateLifetime = day;
/** Clocks of nodes may be behind by this much. */
const skew = 60_000;

export interface AuthorityMaterial {
  /** DER. */
  readonly certificate: Uint8Array;
  /** PKCS #8, DER. */
  readonly privateKey: Uint8Array;
}

export interface LeafOrder {
  readonly identity: NodeIdentity;
  /** Id of the node's record: a name that is given again is another node. */
  readonly nodeId: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly now: number;
  readonly lifetime?: number;
}

export interface IssuedCertificate {
  /** DER. */
  readonly certificate: Uint8Array;
  /** Hex. */
  readonly serial: string;
  readonly notBefore: number;
  readonly notAfter: number;
}

export interface Authority {
  /** DER. */
  readonly certificate: Uint8Array;
  /** SHA-256 of the certificate, hex: what a join token pins. */
  readonly fingerprint: string;
  issue(order: LeafOrder): Promise<IssuedCertificate>;
}

export const fingerprintOf = (certificate: Uint8Array): string =>
  createHash('sha256').update(certificate).digest('hex');

/** Positive, 127 bits of randomness. */
const newSerial = (): string => {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
};

/** A certificate authority for one tenant: it can only name URIs of this tenant, and sign no other authority. */
export async function createAuthority({
  tenant,
  now,
}: {
  readonly tenant: string;
  readonly now: number;
}): Promise<AuthorityMaterial> {
  const keys = (await webcrypto.subtle.generateKey(ecdsa, true, ['sign', 'verify'])) as CryptoKeyPair;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: [{ O: ['Sallyport'] }, { CN: [`Sallyport ${tenant}`] }],
    notBefore: new Date(now - skew),
    notAfter: new Date(now + authorityLifetime),
    keys,
    signingAlgorithm: ecdsa,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      new x509.Extension('2.5.29.30', true, bufferOf(permittedUriHost(tenant))),
    ],
  });
  return {
    certificate: new Uint8Array(certificate.rawData),
    privateKey: new Uint8Array(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)),
  };
}

/** NameConstraints { permittedSubtrees [0] { GeneralSubtree { uniformResourceIdentifier [6] host } } }. */
function permittedUriHost(host: string): Uint8Array {
  const name = Buffer.from(host, 'ascii');
  if (name.length > 100) throw new RangeError('the tenant is too long for a certificate');
  const wrap = (tag: number, content: Buffer): Buffer => Buffer.concat([Buffer.from([tag, content.length]), content]);
  return wrap(0x30, wrap(0xa0, wrap(0x30, wrap(0x86, name))));
}

export async function loadAuthority({ certificate, privateKey }: AuthorityMaterial): Promise<Authority> {
  const issuer = new x509.X509Certificate(bufferOf(certificate));
  const signingKey = await importSigningKey(privateKey);
  return {
    certificate,
    fingerprint: fingerprintOf(certificate),
    issue: async (order) => {
      const serial = newSerial();
      const notBefore = order.now - skew;
      const notAfter = Math.min(order.now + (order.lifetime ?? certificateLifetime), issuer.notAfter.getTime());
      const leaf = await x509.X509CertificateGenerator.create({
        serialNumber: serial,
        subject: [{ O: ['Sallyport'] }, { OU: [order.nodeId] }, { CN: [order.identity.name] }],
        issuer: issuer.subjectName,
        notBefore: new Date(notBefore),
        notAfter: new Date(notAfter),
        publicKey: new x509.PublicKey(bufferOf(order.publicKey)),
        signingKey,
        signingAlgorithm: ecdsa,
        extensions: [
          new x509.BasicConstraintsExtension(false, undefined, true),
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
          new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
          new x509.SubjectAlternativeNameExtension([
            { type: 'url', value: identityUri(order.identity) },
            ...order.dnsNames.map((value) => ({ type: 'dns' as const, value })),
            ...order.ipAddresses.map((value) => ({ type: 'ip' as const, value })),
          ]),
          await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
        ],
      });
      return { certificate: new Uint8Array(leaf.rawData), serial, notBefore, notAfter };
    },
  };
}
