import { Inject, Injectable } from '@nestjs/common';
import { Database } from '../db/database.js';
import type { ApiToken, User } from '../db/generated/client.js';
import { Tenancy } from '../db/tenancy.js';
import { Logins } from '../logins/logins.service.js';
import { AccessTokens } from '../oauth/access-tokens.js';
import { DpopProofs } from '../oauth/dpop.js';
import { roles } from '../http/caller.js';
import type { Caller, Role } from '../http/caller.js';
import { hashSecret } from './secret-token.js';
import { SubagentAuthenticator } from './subagent-authenticator.js';

const isRole = (value: string): value is Role => (roles as readonly string[]).includes(value);

export type Authentication = { readonly kind: 'known'; readonly caller: Caller } | RefusedAuthentication;

export interface RefusedAuthentication {
  readonly kind: 'refused';
  /** For the auditor only. */
  readonly cause: string;
  readonly user?: { readonly id: string; readonly name: string };
  readonly claimed?: { readonly issuer: string; readonly subject: string } | undefined;
}

/** What a request brings to say who it is from. */
export interface Credentials {
  readonly scheme: 'bearer' | 'dpop';
  readonly token: string;
  /** RFC 9449, with the request that it must be for. */
  readonly proof: string | undefined;
  readonly method: string;
  readonly path: string;
}

/** Turns a bearer token into a caller, or says why not. */
@Injectable()
export class Authenticator {
  readonly #database: Database;
  readonly #subagents: SubagentAuthenticator;

  readonly #tokens: AccessTokens;
  readonly #proofs: DpopProofs;
  readonly #logins: Logins;
  readonly #tenancy: Tenancy;

  constructor(
    @Inject(Database) database: Database,
    @Inject(SubagentAuthenticator) subagents: SubagentAuthenticator,
    @Inject(AccessTokens) tokens: AccessTokens,
    @Inject(DpopProofs) proofs: DpopProofs,
    @Inject(Logins) logins: Logins,
    @Inject(Tenancy) tenancy: Tenancy,
  ) {
    this.#database = database;
    this.#subagents = subagents;
    this.#tokens = tokens;
    this.#proofs = proofs;
    this.#logins = logins;
    this.#tenancy = tenancy;
  }

  async authenticate(credentials: Credentials): Promise<Authentication> {
    const { scheme, token } = credentials;
    if (this.#tokens.isOurs(token)) return this.#ours(credentials);
    // Nothing else is bound to a key.
    if (scheme === 'dpop') return { kind: 'refused', cause: 'not_bound' };
    return token.startsWith('sat_') ? this.#user(token) : this.#subagents.authenticate(token);
  }

  /** An access token of ours: a person in full, or a subagent, for itself or for others. */
  async #ours({ scheme, token, proof, method, path }: Credentials): Promise<Authentication> {
    const tenantId = this.#tenancy.defaultTenant;
    const outcome = await this.#tokens.verify(tenantId, token);
    if (outcome.kind === 'refused') return outcome;
    const { login, chain, details, boundTo, claims } = outcome;
    const [actor] = chain;
    const no = (cause: string): Authentication =>
      actor?.kind === 'user'
        ? { kind: 'refused', cause, user: { id: actor.id, name: actor.name } }
        : { kind: 'refused', cause };
    if (boundTo !== undefined || scheme === 'dpop') {
      if (boundTo === undefined) return no('not_bound');
      if (scheme !== 'dpop' || proof === undefined) return no('dpop_missing');
      const checked = await this.#proofs.check(proof, { tenantId, method, path, accessToken: token });
      if (!checked.ok) return no(checked.cause);
      if (checked.thumbprint !== boundTo) return no('dpop_other_key');
    }
    if (actor === undefined) return no('principal_removed');
    await this.#logins.touch(login);
    const { id, name, groups } = actor;
    if (actor.kind === 'subagent') {
      const { owner } = actor;
      const within = { onBehalfOf: login.chain.slice(1), details, budgeted: claims['budgets'] !== undefined };
      return { kind: 'known', caller: { kind: 'subagent', tenantId, id, name, groups, owner, ...within } };
    }
    // Roles cannot be narrowed: what a person handed on with less is good for the gate, and for nothing here.
    if (login.parentId !== null || details !== undefined) return no('narrowed');
    const own = { tokenExpiresAt: login.expiresAt, tokenMakers: [], loginId: login.id } as const;
    return { kind: 'known', caller: { kind: 'user', tenantId, id, name, role: actor.role, groups, ...own } };
  }

  async #user(token: string): Promise<Authentication> {
    const found = await this.#database.apiToken.findUnique({
      where: { hash: hashSecret(token) },
      include: { user: { include: { groups: { include: { group: true } } } } },
    });
    if (found === null) return { kind: 'refused', cause: 'unknown_token' };
    const { user } = found;
    const now = new Date();
    const cause = refusalOf(found, now);
    if (cause !== undefined || !isRole(user.role))
      return { kind: 'refused', cause: cause ?? 'unknown_role', user: { id: user.id, name: user.name } };
    // Once a minute is exact enough, and saves a write per request.
    const minuteAgo = new Date(now.getTime() - 60_000);
    if (found.lastUsedAt === null || found.lastUsedAt < minuteAgo)
      await this.#database.apiToken.updateMany({ where: { id: found.id }, data: { lastUsedAt: now } });
    const { tenantId, id, name, role } = user;
    const groups = user.groups.map((member) => member.group.name);
    const { expiresAt: tokenExpiresAt, makers: tokenMakers } = found;
    const own = { tokenExpiresAt, tokenMakers, loginId: null } as const;
    const caller = { kind: 'user', tenantId, id, name, role, groups, ...own } as const;
    return { kind: 'known', caller };
  }
}

function refusalOf(token: ApiToken & { readonly user: User }, now: Date): string | undefined {
  if (token.user.tenantId !== token.tenantId) return 'wrong_tenant';
  if (token.revokedAt !== null) return 'revoked';
  if (token.expiresAt !== null && token.expiresAt <= now) return 'expired';
  return token.user.disabled ? 'disabled' : undefined;
}
