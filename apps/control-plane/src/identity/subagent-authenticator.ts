import { Inject, Injectable } from '@nestjs/common';
import { createVerifier } from '@sallyport/identity';
import type { IssuerLike, SubagentLike } from '@sallyport/identity';
import { decodeJwt } from 'jose';
import { Database } from '../db/database.js';
import type { Issuer } from '../db/generated/client.js';
import { Tenancy } from '../db/tenancy.js';
import { observe } from './observed-identities.js';
import type { Authentication, RefusedAuthentication } from './authenticator.js';

export interface VerifiedSubagent {
  readonly kind: 'verified';
  readonly tenantId: string;
  readonly id: string;
  readonly name: string;
  readonly groups: readonly string[];
  readonly owner: string | undefined;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** A subagent asks with the token of its own identity provider, by the very rules that a proxy goes by. */
@Injectable()
export class SubagentAuthenticator {
  readonly #database: Database;
  readonly #tenancy: Tenancy;

  constructor(@Inject(Database) database: Database, @Inject(Tenancy) tenancy: Tenancy) {
    this.#database = database;
    this.#tenancy = tenancy;
  }

  async authenticate(token: string): Promise<Authentication> {
    const outcome = await this.verify(token);
    if (outcome.kind === 'refused') return outcome;
    const { tenantId, id, name, groups, owner } = outcome;
    const unlimited = { onBehalfOf: [], details: undefined, budgeted: false } as const;
    return { kind: 'known', caller: { kind: 'subagent', tenantId, id, name, groups, owner, ...unlimited } };
  }

  /** Which subagent a token of a platform proves, and until when. */
  async verify(token: string): Promise<VerifiedSubagent | RefusedAuthentication> {
    const claimed = claimedBy(token);
    if (claimed === undefined) return { kind: 'refused', cause: 'malformed' };
    const tenantId = this.#tenancy.defaultTenant;
    const issuer = await this.#database.issuer.findFirst({ where: { tenantId, issuer: claimed.issuer } });
    if (issuer === null) return { kind: 'refused', cause: 'unknown_issuer', claimed };
    // Bindings always hold `sub`: no other subagent can be the one, and two of them are two here as well.
    const subagents = await this.#database.subagent.findMany({
      where: { tenantId, issuerId: issuer.id, claims: { path: ['sub'], equals: claimed.subject } },
      include: { groups: { include: { group: true } } },
    });
    const verifier = createVerifier({
      issuers: [issuerRecord(issuer)],
      subagents: subagents.map((row): SubagentLike => ({
        id: row.id,
        name: row.name,
        issuer: row.issuerId,
        claims: row.claims as Readonly<Record<string, string>>,
        groups: row.groups.map((member) => member.group.name),
        owner: row.ownerId ?? undefined,
        disabled: row.disabled,
        notBefore: Math.floor(row.notBefore.getTime() / 1000),
      })),
    });
    const outcome = await verifier.verifyToken(token, { now: Date.now() });
    if (outcome.kind === 'refused') {
      const { proved } = outcome;
      if (proved !== undefined)
        await this.#database.$transaction((transaction) =>
          observe(transaction, tenantId, [{ ...proved, connection: '' }]),
        );
      return outcome;
    }
    const { id, name, groups, owner } = outcome.subagent;
    return { kind: 'verified', tenantId, id, name, groups, owner, expiresAt: outcome.expiresAt };
  }
}

/** What the token says of itself, only to find the records that it must then prove. */
function claimedBy(token: string): { readonly issuer: string; readonly subject: string } | undefined {
  try {
    const { iss, sub } = decodeJwt(token);
    const fits = (value: unknown): value is string =>
      typeof value === 'string' && value.length <= 1_024 && !value.includes('\0') && value.isWellFormed();
    return fits(iss) && fits(sub) ? { issuer: iss, subject: sub } : undefined;
  } catch {
    return undefined;
  }
}

const issuerRecord = (row: Issuer): IssuerLike => ({
  id: row.id,
  name: row.name,
  issuer: row.issuer,
  audiences: row.audiences,
  keys: row.keys as unknown as IssuerLike['keys'],
  algorithms: row.algorithms,
});
