import { Inject, Injectable } from '@nestjs/common';
import { Database } from '../db/database.js';
import { roles } from '../http/caller.js';
import type { Caller, Role, UserCaller } from '../http/caller.js';
import { hashSecret } from './secret-token.js';
import { SubagentAuthenticator } from './subagent-authenticator.js';

const isRole = (value: string): value is Role => (roles as readonly string[]).includes(value);

/** Turns a bearer token into a caller, or into nobody. */
@Injectable()
export class Authenticator {
  readonly #database: Database;
  readonly #subagents: SubagentAuthenticator;

  constructor(@Inject(Database) database: Database, @Inject(SubagentAuthenticator) subagents: SubagentAuthenticator) {
    this.#database = database;
    this.#subagents = subagents;
  }

  authenticate(token: string): Promise<Caller | undefined> {
    return token.startsWith('sat_') ? this.#user(token) : this.#subagents.authenticate(token);
  }

  async #user(token: string): Promise<UserCaller | undefined> {
    const found = await this.#database.apiToken.findUnique({
      where: { hash: hashSecret(token) },
      include: { user: { include: { groups: { include: { group: true } } } } },
    });
    const now = new Date();
    if (found === null || found.revokedAt !== null || (found.expiresAt !== null && found.expiresAt <= now))
      return undefined;
    const { user } = found;
    if (user.disabled || user.tenantId !== found.tenantId || !isRole(user.role)) return undefined;
    // Once a minute is exact enough, and saves a write per request.
    const minuteAgo = new Date(now.getTime() - 60_000);
    if (found.lastUsedAt === null || found.lastUsedAt < minuteAgo)
      await this.#database.apiToken.updateMany({ where: { id: found.id }, data: { lastUsedAt: now } });
    return {
      kind: 'user',
      tenantId: user.tenantId,
      id: user.id,
      name: user.name,
      role: user.role,
      groups: user.groups.map((member) => member.group.name),
    };
  }
}
