import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/** Signs bundles. The id is derived from the public key, so that it cannot lie. */
export interface BundleKey {
  readonly id: string;
  /** Raw Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** PKCS #8, DER. */
  readonly privateKey: Uint8Array;
}

/** DER head of an Ed25519 SubjectPublicKeyInfo; the raw key follows (RFC 8410). */
const spkiHead = Buffer.from('302a300506032b6570032100', 'hex');

export const bundleKeyId = (publicKey: Uint8Array): string =>
  createHash('sha256').update(publicKey).digest('hex').slice(0, 16);

export function createBundleKey(): BundleKey {
  const pair = generateKeyPairSync('ed25519');
  const publicKey = pair.publicKey.export({ type: 'spki', format: 'der' }).subarray(spkiHead.length);
  return {
    id: bundleKeyId(publicKey),
    publicKey,
    privateKey: pair.privateKey.export({ type: 'pkcs8', format: 'der' }),
  };
}

export const signBundle = (privateKey: Uint8Array, bytes: Uint8Array): Uint8Array =>
  sign(null, bytes, createPrivateKey({ key: Buffer.from(privateKey), format: 'der', type: 'pkcs8' }));

export function verifyBundle(publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  return verify(
    null,
    bytes,
    createPublicKey({ key: Buffer.concat([spkiHead, publicKey]), format: 'der', type: 'spki' }),
    signature,
  );
}

/** With the key of a node's certificate: ECDSA P-256 over SHA-256, 64 bytes. */
export const signTicket = (privateKey: KeyObject, bytes: Uint8Array): Uint8Array =>
  sign('sha256', bytes, { key: privateKey, dsaEncoding: 'ieee-p1363' });

export function verifyTicket(publicKey: KeyObject, bytes: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== 64) return false;
  return verify('sha256', bytes, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature);
}
