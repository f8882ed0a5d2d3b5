import { Inject, Injectable } from '@nestjs/common';
import { mintId } from '@sallyport/runtime';
import { ConfigurationChanges } from '../configuration/changes.js';
import { Database } from '../db/database.js';
import type { Transaction } from '../db/database.js';
import type { Login, Prisma } from '../db/generated/client.js';
import { LoginRefused } from './login-refused.js';

/** How a login came about. */
export const loginKinds = ['browser', 'device', 'exchange', 'assertion', 'delegation'] as const;
export type LoginKind = (typeof loginKinds)[number];

/** Logins that one may have above it. */
export const deepestLogin = 5;

export interface NewLogin {
  readonly tenantId: string;
  /** On whose behalf it is. */
  readonly whose: { readonly userId: string } | { readonly subagentId: string };
  readonly how: LoginKind;
  /** It ends with the one above it at the latest. */
  readonly expiresAt: Date;
  /** Where a person signed in, and the session's name there. */
  readonly providerId?: string | undefined;
  readonly providerSession?: string | undefined;
  /** Of the secret in a browser's cookie: `hashSecret`. */
  readonly cookieHash?: string | undefined;
  readonly address?: string | undefined;
  readonly userAgent?: string | undefined;
  /** The login that it is under. */
  readonly parentId?: string | undefined;
  /** Ids of the principals, the acting one first; by default only whose it is. */
  readonly chain?: readonly string[] | undefined;
  readonly purpose?: string | undefined;
  /** RFC 9396; absent: what its principals may. */
  readonly details?: Prisma.InputJsonValue | undefined;
  readonly budget?: string | undefined;
  /** RFC 7800. */
  readonly confirmation?: Prisma.InputJsonValue | undefined;
}

/** Whose logins are to end. */
export type EndedParty =
  | { readonly userId: string }
  | { readonly subagentId: string }
  | {
      readonly providerId: string;
      readonly providerSession?: string | undefined;
      /** Id of the user. */
      readonly signedInAs?: string | undefined;
    };

/** How a login is found: by its id, or by the secret in a browser's cookie. */
export type LoginKey = { readonly id: string } | { readonly cookieHash: string };

/**
 * Logins: what every token is minted under. Ending one ends all under it, and tells the proxies in the same transaction.
 * Where a transaction is given, everything happens within it.
 */
@Injectable()
export class Logins {
  readonly #database: Database;
  readonly #changes: ConfigurationChanges;

  constructor(@Inject(Database) database: Database, @Inject(ConfigurationChanges) changes: ConfigurationChanges) {
    this.#database = database;
    this.#changes = changes;
  }

  /** @throws LoginRefused when the one above it is over, or is too deep */
  begin(wanted: NewLogin, transaction?: Transaction): Promise<Login> {
    return this.#within(transaction, async (inside) => {
      const parent =
        wanted.parentId === undefined ? undefined : await lockParent(inside, wanted.tenantId, wanted.parentId);
      return inside.login.create({ data: rowOf(wanted, parent, new Date()) });
    });
  }

  /** The login, if it is not over. What its principals may now is for the caller to ask. */
  async alive(tenantId: string, key: LoginKey, transaction?: Transaction): Promise<Login | undefined> {
    const row = await (transaction ?? this.#database).login.findFirst({
      where: { tenantId, ...key, endedAt: null, expiresAt: { gt: new Date() } },
    });
    return row ?? undefined;
  }

  /** It was used. Once a minute is exact enough, and saves a write per request. */
  async touch(login: Pick<Login, 'id' | 'tenantId' | 'lastUsedAt'>, address?: string): Promise<void> {
    const now = new Date();
    const minuteAgo = new Date(now.getTime() - 60_000);
    if (login.lastUsedAt >= minuteAgo) return;
    await this.#database.login.updateMany({
      where: { id: login.id, tenantId: login.tenantId, lastUsedAt: { lt: minuteAgo } },
      data: { lastUsedAt: now, ...(address === undefined ? {} : { address }) },
    });
  }

  /** Ends one and all under it; says whether it was still there to end. */
  async end(tenantId: string, loginId: string, reason: string, transaction?: Transaction): Promise<boolean> {
    return (await this.#end(tenantId, { id: loginId }, reason, transaction)) > 0;
  }

  /** Ends all of a user or subagent, those in whose chain it stands among them, or of a session at a provider; says how many. */
  endAllOf(tenantId: string, party: EndedParty, reason: string, transaction?: Transaction): Promise<number> {
    return this.#end(tenantId, ofParty(party), reason, transaction);
  }

  #end(
    tenantId: string,
    which: Prisma.LoginWhereInput,
    reason: string,
    transaction: Transaction | undefined,
  ): Promise<number> {
    return this.#within(transaction, async (inside) => {
      const now = new Date();
      const found = await inside.login.findMany({
        where: { ...which, tenantId, endedAt: null, expiresAt: { gt: now } },
        select: { id: true },
      });
      const ids = found.map(({ id }) => id);
      if (ids.length === 0) return 0;
      await this.#changes.changed(tenantId, inside);
      // Who begins one under these holds them until it is there, so that the next statement sees it.
      await inside.$queryRaw`select 1 from "Login" where "id" = any(${ids}) order by "id" for update`;
      const ended = await inside.login.updateMany({
        where: { tenantId, endedAt: null, OR: [{ id: { in: ids } }, { ancestors: { hasSome: ids } }] },
        data: { endedAt: now, endReason: reason },
      });
      return ended.count;
    });
  }

  #within<Result>(
    transaction: Transaction | undefined,
    work: (inside: Transaction) => Promise<Result>,
  ): Promise<Result> {
    return transaction === undefined ? this.#database.$transaction(work) : work(transaction);
  }
}

function ofParty(party: EndedParty): Prisma.LoginWhereInput {
  if ('userId' in party) return { chain: { has: party.userId } };
  if ('subagentId' in party) return { chain: { has: party.subagentId } };
  const { providerId, providerSession, signedInAs } = party;
  return {
    providerId,
    ...(providerSession === undefined ? {} : { providerSession }),
    ...(signedInAs === undefined ? {} : { userId: signedInAs }),
  };
}

/** The login above, with all above it kept from ending until ours is there: what ends them then sees it. */
async function lockParent(transaction: Transaction, tenantId: string, id: string): Promise<Login> {
  const parent = await transaction.login.findFirst({ where: { tenantId, id } });
  if (parent === null) throw new LoginRefused('ended', 'the login that it would be under is not there');
  const line = [...parent.ancestors, parent.id];
  if (line.length > deepestLogin)
    throw new LoginRefused('too_deep', `a login has at most ${deepestLogin} logins above it`);
  await transaction.$queryRaw`select 1 from "Login" where "id" = any(${line}) order by "id" for share`;
  const over = await transaction.login.count({
    where: { tenantId, id: { in: line }, endedAt: null, expiresAt: { gt: new Date() } },
  });
  if (over !== line.length) throw new LoginRefused('ended', 'a login above it is over');
  return parent;
}

function rowOf(wanted: NewLogin, parent: Login | undefined, now: Date): Prisma.LoginUncheckedCreateInput {
  const { tenantId, whose, how, providerId, providerSession, cookieHash, details, budget, confirmation } = wanted;
  const [principal] = Object.values(whose) as [string];
  const expiresAt = parent !== undefined && parent.expiresAt < wanted.expiresAt ? parent.expiresAt : wanted.expiresAt;
  return {
    ...{ id: mintId('log'), tenantId, ...whose, how, createdAt: now, lastUsedAt: now, expiresAt },
    parentId: parent?.id ?? null,
    ancestors: parent === undefined ? [] : [...parent.ancestors, parent.id],
    chain: [...(wanted.chain ?? [principal])],
    purpose: wanted.purpose ?? '',
    address: wanted.address ?? '',
    userAgent: wanted.userAgent ?? '',
    ...(providerId === undefined ? {} : { providerId }),
    ...(providerSession === undefined ? {} : { providerSession }),
    ...(cookieHash === undefined ? {} : { cookieHash }),
    ...(details === undefined ? {} : { details }),
    ...(budget === undefined ? {} : { budget }),
    ...(confirmation === undefined ? {} : { confirmation }),
  };
}
