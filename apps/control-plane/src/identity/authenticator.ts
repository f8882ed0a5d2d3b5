import { Inject, Injectable } from '@nestjs/common';
import { Database } from '../db/database.js';
import type { ApiToken, User } from '../db/generated/client.js';
import { roles } from '../http/caller.js';
import type { Caller, Role } from '../http/caller.js';
import { hashSecret } from './secret-token.js';
import { SubagentAuthenticator } from './subagent-authenticator.js';

const isRole = (value: string): value is Role => (roles as readonly string[]).includes(value);

export type Authentication =
  | { readonly kind: 'known'; readonly caller: Caller }
  | {
      readonly kind: 'refused';
      /** For the auditor only. */
      readonly cause: string;
      readonly user?: { readonly id: string; readonly name: string };
      readonly claimed?: { readonly issuer: string; readonly subject: string } | undefined;
    };

/** Turns a bearer token into a caller, or says why not. */
@Injectable()
export class Authenticator {
  readonly #database: Database;
  readonly #subagents: SubagentAuthenticator;

  constructor(@Inject(Database) database: Database, @Inject(SubagentAuthenticator) subagents: SubagentAuthenticator) {
    this.#database = database;
    this.#subagents = subagents;
  }

  authenticate(token: string): Promise<Authentication> {
    return token.startsWith('sat_') ? this.#user(token) : this.#subagents.authenticate(token);
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
    const caller = { kind: 'user', tenantId, id, name, role, groups, tokenExpiresAt, tokenMakers } as const;
    return { kind: 'known', caller };
  }
}

function refusalOf(token: ApiToken & { readonly user: User }, now: Date): string | undefined {
  if (token.user.tenantId !== token.tenantId) return 'wrong_tenant';
  if (token.revokedAt !== null) return 'revoked';
  if (token.expiresAt !== null && token.expiresAt <= now) return 'expired';
  return token.user.disabled ? 'disabled' : undefined;
}
