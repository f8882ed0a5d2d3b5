import { Inject, Injectable } from '@nestjs/common';
import { CONFIG } from '../config.js';
import type { Config } from '../config.js';
import { fetchDocument } from './fetch-document.js';
import { publicKeysOf } from './jwks.js';
import type { PublicJwk } from './jwks.js';

export type KeyReading =
  | { readonly kind: 'read'; readonly keys: readonly PublicJwk[] }
  | { readonly kind: 'failed'; readonly problem: string };

/** Reads an issuer's public keys from where it publishes them. */
@Injectable()
export class IssuerKeys {
  readonly #allowPrivate: boolean;

  constructor(@Inject(CONFIG) config: Config) {
    this.#allowPrivate = config.allowPrivateUrls;
  }

  async read(jwksUri: string): Promise<KeyReading> {
    let document: string;
    try {
      document = await fetchDocument(jwksUri, { allowPrivate: this.#allowPrivate });
    } catch (cause) {
      return { kind: 'failed', problem: cause instanceof Error ? cause.message : 'it cannot be read' };
    }
    try {
      const keys = publicKeysOf(document);
      return keys.length === 0
        ? { kind: 'failed', problem: 'it holds no public key that can verify a signature' }
        : { kind: 'read', keys };
    } catch {
      return { kind: 'failed', problem: 'it is not a JWK set' };
    }
  }
}
