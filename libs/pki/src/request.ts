// The library's containers need it before they load.
import 'reflect-metadata';
import { Pkcs10CertificateRequest, Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import { keyAlgorithm, subtle } from './provider.js';

export interface KeyAndRequest {
  /** PKCS #8, DER. */
  readonly privateKey: Uint8Array;
  /** PKCS #10, DER. */
  readonly request: Uint8Array;
}

/** A fresh key, and a request that proves that we hold it. */
export async function createRequest(): Promise<KeyAndRequest> {
  const keys = await subtle.generateKey(keyAlgorithm, true, ['sign', 'verify']);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: ['node'] }],
    keys: keys as never,
    signingAlgorithm: keyAlgorithm,
  });
  return {
    privateKey: new Uint8Array(await subtle.exportKey('pkcs8', keys.privateKey)),
    request: new Uint8Array(request.rawData),
  };
}

const longestRequest = 8 * 1024;

/**
 * The public key (SubjectPublicKeyInfo, DER) of a request whose signature holds; `undefined` for anything else. Whatever
 * names the request asks for are ignored: names are the authority's to give.
 */
export async function checkRequest(request: Uint8Array): Promise<Uint8Array | undefined> {
  if (request.length === 0 || request.length > longestRequest) return undefined;
  try {
    const parsed = new Pkcs10CertificateRequest(request as Uint8Array<ArrayBuffer>);
    const publicKey = new Uint8Array(parsed.publicKey.rawData);
    // Only P-256: importing anything else fails.
    await subtle.importKey('spki', publicKey, keyAlgorithm, true, ['verify']);
    return (await parsed.verify()) ? publicKey : undefined;
  } catch {
    return undefined;
  }
}
