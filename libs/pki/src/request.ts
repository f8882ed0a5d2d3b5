import { webcrypto } from 'node:crypto';
import { bufferOf, ecdsa, x509 } from './x509.js';

export interface KeyAndRequest {
  /** PKCS #8, DER. Never leaves the node. */
  readonly privateKey: Uint8Array;
  /** PKCS #10, DER. */
  readonly request: Uint8Array;
}

/** A new key and the request for its certificate. It names nobody: who issues decides that. */
export async function createKeyAndRequest(): Promise<KeyAndRequest> {
  const keys = (await webcrypto.subtle.generateKey(ecdsa, true, ['sign', 'verify'])) as CryptoKeyPair;
  const request = await x509.Pkcs10CertificateRequestGenerator.create({ keys, signingAlgorithm: ecdsa });
  return {
    privateKey: new Uint8Array(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)),
    request: new Uint8Array(request.rawData),
  };
}

const longestRequest = 8 * 1024;
/** SubjectPublicKeyInfo of an uncompressed P-256 key, up to the point. */
const p256Head = '3059301306072a8648ce3d020106082a8648ce3d030107034200' + '04';

export type RequestRead =
  | { readonly kind: 'read'; readonly publicKey: Uint8Array }
  | { readonly kind: 'refused'; readonly reason: string };

/** All that is taken from a request is its key, once its signature proves that the key is theirs. */
export async function readRequest(der: Uint8Array): Promise<RequestRead> {
  if (der.length > longestRequest) return { kind: 'refused', reason: 'the certificate request is too long' };
  try {
    const request = new x509.Pkcs10CertificateRequest(bufferOf(der));
    const publicKey = new Uint8Array(request.publicKey.rawData);
    if (publicKey.length !== 91 || !Buffer.from(publicKey).toString('hex').startsWith(p256Head))
      return { kind: 'refused', reason: 'the key must be ECDSA P-256' };
    if (!(await request.verify())) return { kind: 'refused', reason: 'the signature of the request does not hold' };
    return { kind: 'read', publicKey };
  } catch {
    return { kind: 'refused', reason: 'the certificate request cannot be read' };
  }
}
