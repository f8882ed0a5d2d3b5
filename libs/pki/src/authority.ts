// The library's containers need it before they load.
import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import type { JsonGeneralName } from '@peculiar/x509';
import { certificateSkew, identityUri } from './identity.js';
import type { NodeIdentity } from './identity.js';
import { keyAlgorithm, subtle } from './provider.js';

/** Our own certificate authority. The private key leaves memory sealed only. */
export interface Authority {
  /** DER. */
  readonly certificate: Uint8Array;
  /** PKCS #8, DER. */
  readonly privateKey: Uint8Array;
}

const day = 24 * 3600 * 1000;
/** Where nobody says otherwise. */
export const certificateLifetime = day;

export async function createAuthority({
  tenant,
  now,
}: {
  readonly tenant: string;
  readonly now: number;
}): Promise<Authority> {
  const keys = await subtle.generateKey(keyAlgorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: [{ CN: [`Sallyport ${tenant} authority`] }],
    notBefore: new Date(now - certificateSkew),
    notAfter: new Date(now + 3650 * day),
    signingAlgorithm: keyAlgorithm,
    keys: keys as never,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey as never),
    ],
  });
  return {
    certificate: new Uint8Array(certificate.rawData),
    privateKey: new Uint8Array(await subtle.exportKey('pkcs8', keys.privateKey)),
  };
}

export interface IssueOptions {
  readonly authority: Authority;
  /** SubjectPublicKeyInfo, DER; from a checked request. Names in a request are never read. */
  readonly publicKey: Uint8Array;
  readonly identity: NodeIdentity;
  /** Host names and addresses under which it is reached as a server. */
  readonly hosts?: readonly string[];
  readonly now: number;
  readonly lifetime?: number;
}

/** A certificate for both ends of TLS, DER. */
export async function issueCertificate(options: IssueOptions): Promise<Uint8Array> {
  const { authority, identity, hosts = [], now, lifetime = certificateLifetime } = options;
  const issuer = new X509Certificate(authority.certificate as Uint8Array<ArrayBuffer>);
  const signingKey = await subtle.importKey(
    'pkcs8',
    authority.privateKey as Uint8Array<ArrayBuffer>,
    keyAlgorithm,
    false,
    ['sign'],
  );
  const names: JsonGeneralName[] = [
    { type: 'url', value: identityUri(identity) },
    ...hosts.map((host): JsonGeneralName => ({ type: isIP(host) === 0 ? 'dns' : 'ip', value: host })),
  ];
  const publicKey = await subtle.importKey('spki', options.publicKey as Uint8Array<ArrayBuffer>, keyAlgorithm, true, [
    'verify',
  ]);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: [{ CN: [identity.name] }],
    issuer: issuer.subjectName,
    notBefore: new Date(now - certificateSkew),
    notAfter: new Date(now + lifetime),
    signingAlgorithm: keyAlgorithm,
    publicKey: publicKey as never,
    signingKey: signingKey as never,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
      new SubjectAlternativeNameExtension(names),
    ],
  });
  return new Uint8Array(certificate.rawData);
}

/** Positive and 127 bits of chance. */
const serial = (): string => {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
};
