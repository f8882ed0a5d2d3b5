import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { EmbeddedJWK, calculateJwkThumbprint, jwtVerify } from 'jose';
import type { JWK } from 'jose';
import { CONFIG } from '../config.js';
import type { Config } from '../config.js';
import { Database } from '../db/database.js';

export const dpopAlgorithms = ['ES256', 'EdDSA', 'RS256', 'PS256'] as const;
const longestProof = 4_096;
/** How old a proof may be, and how far clocks may be apart, seconds. */
const freshness = 60;

export interface ProofPlace {
  readonly tenantId: string;
  readonly method: string;
  /** Of the route, as `/oauth/token`. */
  readonly path: string;
  /** The access token that it comes with, where it comes with one. */
  readonly accessToken?: string | undefined;
}

export type Proof = { readonly ok: true; readonly thumbprint: string } | { readonly ok: false; readonly cause: string };

const no = (cause: string): Proof => ({ ok: false, cause });

/** Proofs of possession (RFC 9449): each counts once, for one method and address, for a minute. */
@Injectable()
export class DpopProofs {
  readonly #database: Database;
  readonly #config: Config;

  constructor(@Inject(Database) database: Database, @Inject(CONFIG) config: Config) {
    this.#database = database;
    this.#config = config;
  }

  async check(proof: string, { tenantId, method, path, accessToken }: ProofPlace): Promise<Proof> {
    if (proof.length > longestProof) return no('dpop_too_long');
    const verified = await jwtVerify(proof, EmbeddedJWK, { algorithms: [...dpopAlgorithms], typ: 'dpop+jwt' }).catch(
      () => undefined,
    );
    if (verified === undefined) return no('dpop_bad_proof');
    const { payload, protectedHeader } = verified;
    const { htm, htu, iat, jti, ath } = payload;
    if (htm !== method || !this.#isFor(htu, path)) return no('dpop_other_request');
    const now = Date.now() / 1000;
    if (typeof iat !== 'number' || Math.abs(now - iat) > freshness) return no('dpop_not_fresh');
    if (typeof jti !== 'string' || jti.length < 8 || jti.length > 256 || !/^[\x21-\x7e]+$/.test(jti))
      return no('dpop_bad_id');
    if (accessToken !== undefined && ath !== createHash('sha256').update(accessToken).digest('base64url'))
      return no('dpop_other_token');
    const thumbprint = await calculateJwkThumbprint(protectedHeader.jwk as JWK);
    const used = { tenantId, issuer: `dpop:${thumbprint}`, tokenId: jti };
    const expiresAt = new Date((iat + 2 * freshness) * 1000);
    const { count } = await this.#database.usedOnce.createMany({
      data: [{ ...used, expiresAt }],
      skipDuplicates: true,
    });
    return count === 1 ? { ok: true, thumbprint } : no('dpop_used_twice');
  }

  /** Query and fragment do not count. */
  #isFor(htu: unknown, path: string): boolean {
    const told = typeof htu === 'string' ? URL.parse(htu) : null;
    const ours = URL.parse(this.#config.publicUrl.replace(/\/+$/, '') + path);
    return told !== null && ours !== null && told.origin === ours.origin && told.pathname === ours.pathname;
  }
}
