import { Inject, Injectable } from '@nestjs/common';
import { createJoinToken, formatJoinToken, hashJoinSecret } from '@sallyport/pki';
import { mintId } from '@sallyport/runtime';
import { Database } from '../db/database.js';
import type { Transaction } from '../db/database.js';
import type { JoinToken } from '../db/generated/client.js';
import { KEYS } from '../grpc/keyring.js';
import type { Keys } from '../grpc/keyring.js';

export interface JoinTokenOrder {
  readonly tenantId: string;
  readonly kind: 'proxy' | 'agent';
  /** The only name that may enrol with it. */
  readonly nodeName: string | undefined;
  readonly expiresAt: Date;
  readonly createdBy: string;
}

/** What a new proxy or agent comes in with: once, for a while. */
@Injectable()
export class JoinTokens {
  readonly #database: Database;
  readonly #keys: Keys;

  constructor(@Inject(Database) database: Database, @Inject(KEYS) keys: Keys) {
    this.#database = database;
    this.#keys = keys;
  }

  /** The token is told here and never again: only a hash of its secret is kept. */
  async create(order: JoinTokenOrder): Promise<{ readonly row: JoinToken; readonly token: string }> {
    const token = createJoinToken(this.#keys.fingerprint);
    const { nodeName = null, ...rest } = order;
    const row = await this.#database.joinToken.create({
      data: { ...rest, nodeName, id: mintId('jtk'), hash: hashJoinSecret(token.secret) },
    });
    return { row, token: formatJoinToken(token) };
  }

  /** Uses it up. Of many that race, one is told yes. */
  async use(
    transaction: Transaction,
    { tenantId, secret, kind, name }: { tenantId: string; secret: string; kind: string; name: string },
  ): Promise<boolean> {
    const now = new Date();
    const { count } = await transaction.joinToken.updateMany({
      where: {
        tenantId,
        kind,
        hash: hashJoinSecret(secret),
        usedAt: null,
        expiresAt: { gt: now },
        OR: [{ nodeName: null }, { nodeName: name }],
      },
      data: { usedAt: now, usedBy: name },
    });
    return count === 1;
  }
}
