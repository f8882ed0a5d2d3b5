import { Inject, Injectable } from '@nestjs/common';
import { mintId } from '@sallyport/runtime';
import { Database } from '../db/database.js';
import type { Transaction } from '../db/database.js';
import type { Login } from '../db/generated/client.js';
import { hashSecret, mintSecret } from '../identity/secret-token.js';
import { Logins } from '../logins/logins.service.js';

export type Refreshed =
  | { readonly kind: 'renewed'; readonly login: Login; readonly refreshToken: string }
  | { readonly kind: 'refused'; readonly cause: 'unknown_token' | 'login_ended' | 'used_twice' | 'other_key' };

/** Opaque, kept as hashes, used once. One that comes twice ends its login: somebody else has it too. */
@Injectable()
export class RefreshTokens {
  readonly #database: Database;
  readonly #logins: Logins;

  constructor(@Inject(Database) database: Database, @Inject(Logins) logins: Logins) {
    this.#database = database;
    this.#logins = logins;
  }

  async issue(login: Login, transaction: Transaction): Promise<string> {
    const token = mintSecret('srt');
    const { id: loginId, tenantId, expiresAt } = login;
    await transaction.refreshToken.create({
      data: { id: mintId('rft'), tenantId, loginId, hash: hashSecret(token), expiresAt },
    });
    return token;
  }

  /** The login of one, used or not. */
  async loginOf(tenantId: string, token: string): Promise<Login | undefined> {
    const where = { tenantId, hash: hashSecret(token) };
    const row = await this.#database.refreshToken.findFirst({ where, include: { login: true } });
    return row?.login;
  }

  /** The live login of one that was not used yet. */
  async unusedLoginOf(tenantId: string, token: string): Promise<Login | undefined> {
    const where = { tenantId, hash: hashSecret(token), usedAt: null };
    const row = await this.#database.refreshToken.findFirst({ where });
    return row === null ? undefined : this.#logins.alive(tenantId, { id: row.loginId });
  }

  /** `thumbprint`: of the key that the caller proved to have. */
  async renew(tenantId: string, token: string, thumbprint: string | undefined): Promise<Refreshed> {
    const outcome = await this.#database.$transaction(async (transaction): Promise<Refreshed> => {
      const row = await transaction.refreshToken.findFirst({
        where: { tenantId, hash: hashSecret(token) },
        include: { login: true },
      });
      if (row === null) return { kind: 'refused', cause: 'unknown_token' };
      // Who has it without its key must not be able to use it up.
      const bound = (row.login.confirmation as { readonly jkt?: string } | null)?.jkt;
      if (bound !== undefined && bound !== thumbprint) return { kind: 'refused', cause: 'other_key' };
      const login = await this.#logins.alive(tenantId, { id: row.loginId }, transaction);
      if (login === undefined) return { kind: 'refused', cause: 'login_ended' };
      // Of many at once, one finds it unused.
      const taken = await transaction.refreshToken.updateMany({
        where: { id: row.id, usedAt: null },
        data: { usedAt: new Date() },
      });
      if (taken.count !== 1) {
        await this.#logins.end(tenantId, login.id, 'a refresh token was used twice', transaction);
        return { kind: 'refused', cause: 'used_twice' };
      }
      return { kind: 'renewed', login, refreshToken: await this.issue(login, transaction) };
    });
    if (outcome.kind === 'renewed') await this.#logins.touch(outcome.login);
    return outcome;
  }
}
