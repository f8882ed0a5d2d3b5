import { importJWK } from 'jose';
import type { CryptoKey, JWK } from 'jose';
import type { IssuerLike } from './record.js';
import { tokenLimits } from './token.js';
import { isTrustDomain } from './spiffe.js';

/** Public-key algorithms that may be allowed at all, and the kind of key that each takes. `none` and HMAC never are. */
const keyTypes: ReadonlyMap<string, string> = new Map([
  ['RS256', 'RSA'],
  ['RS384', 'RSA'],
  ['RS512', 'RSA'],
  ['PS256', 'RSA'],
  ['PS384', 'RSA'],
  ['PS512', 'RSA'],
  ['ES256', 'EC'],
  ['ES384', 'EC'],
  ['ES512', 'EC'],
  ['EdDSA', 'OKP'],
  ['Ed25519', 'OKP'],
]);
export const tokenAlgorithms: readonly string[] = [...keyTypes.keys()];

export const allowsAlgorithm = (issuer: IssuerLike, algorithm: unknown): algorithm is string =>
  typeof algorithm === 'string' && keyTypes.has(algorithm) && issuer.algorithms.includes(algorithm);

/**
 * Pinned keys that may have made this signature. A `kid` picks among the issuer's own keys and is nothing else: never a
 * path, a query or an address. A key that was pinned without one may have made any.
 */
export const candidateKeys = (issuer: IssuerLike, algorithm: string, kid: string | undefined): readonly PinnedKey[] =>
  issuer.keys
    .filter((key) => key['kty'] === keyTypes.get(algorithm))
    .filter((key) => key['alg'] === undefined || key['alg'] === algorithm || isEdwards(key['alg'], algorithm))
    .filter((key) =>
      isTrustDomain(issuer.issuer) ? key['use'] === 'jwt-svid' : key['use'] === undefined || key['use'] === 'sig',
    )
    .filter(
      (key) => key['key_ops'] === undefined || (Array.isArray(key['key_ops']) && key['key_ops'].includes('verify')),
    )
    .filter((key) => kid === undefined || key['kid'] === undefined || key['kid'] === kid)
    .slice(0, tokenLimits.keys);

type PinnedKey = Readonly<Record<string, unknown>>;

const isEdwards = (left: unknown, right: string): boolean =>
  (left === 'EdDSA' || left === 'Ed25519') && (right === 'EdDSA' || right === 'Ed25519');

/** Only what makes it a public key: whatever else was pinned by mistake, a private half say, goes no further. */
const publicMembers = ['kty', 'crv', 'x', 'y', 'n', 'e'] as const;

export interface KeyRing {
  /** `undefined`: what was pinned is no key for this algorithm. */
  read(key: PinnedKey, algorithm: string): Promise<CryptoKey | undefined>;
}

/** Importing costs more than verifying, so each key is imported once per algorithm. */
export const createKeyRing = (): KeyRing => {
  const imported = new WeakMap<PinnedKey, Map<string, Promise<CryptoKey | undefined>>>();
  return {
    read(key, algorithm) {
      const known = imported.get(key) ?? new Map<string, Promise<CryptoKey | undefined>>();
      imported.set(key, known);
      const there = known.get(algorithm) ?? importPublic(key, algorithm);
      known.set(algorithm, there);
      return there;
    },
  };
};

const importPublic = async (key: PinnedKey, algorithm: string): Promise<CryptoKey | undefined> => {
  const jwk: JWK = {};
  for (const name of publicMembers) {
    const value = key[name];
    if (typeof value === 'string') jwk[name] = value;
  }
  try {
    const read = await importJWK(jwk, algorithm);
    return read instanceof Uint8Array ? undefined : read;
  } catch {
    return undefined;
  }
};
