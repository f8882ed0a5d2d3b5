import { Inject, Injectable } from '@nestjs/common';
import { KeptCommand } from '@sallyport/contracts';
import { seal, unseal } from '@sallyport/pki';
import { mintId } from '@sallyport/runtime';
import { CONFIG } from '../config.js';
import type { Config } from '../config.js';
import { Database } from '../db/database.js';
import type { Transaction } from '../db/database.js';
import type { Approval, Prisma } from '../db/generated/client.js';
import { KEYS } from '../grpc/keyring.js';
import type { Keys } from '../grpc/keyring.js';
import type { UserCaller } from '../http/caller.js';
import { Problem, notFound } from '../http/problem.js';
import { Notifications } from '../notify/notifications.js';
import { Approvers } from './approvers.js';
import type { ApprovalWithWords } from './approvers.js';
import type { HeldCommand } from './held-command.js';

/** Told between replicas: this approval moved. */
export const approvalChannel = 'sallyport_approval';

/** More would hide what matters from approvers. */
const mostPending = { caller: 50, connection: 20 } as const;
/** Asking and leaving over and over is a flood as well. */
const mostAsked = { count: 60, window: 60_000 } as const;

export type Requested =
  | { readonly kind: 'asked'; readonly approval: Approval; readonly now: Date }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'too_many' };

export type Redeemed =
  | { readonly kind: 'granted'; readonly approvers: readonly string[] }
  /** Used up, over, or for another command. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'void'; readonly reason: string };

/**
 * Held commands and what humans say of them. Every change of state is one conditional UPDATE, and what time it is the
 * database says: replicas whose clocks differ agree on what has expired.
 */
@Injectable()
export class ApprovalsService {
  readonly #database: Database;
  readonly #keys: Keys;
  readonly #config: Config;
  readonly #notifications: Notifications;
  readonly #approvers: Approvers;

  constructor(
    @Inject(Database) database: Database,
    @Inject(KEYS) keys: Keys,
    @Inject(CONFIG) config: Config,
    @Inject(Notifications) notifications: Notifications,
    @Inject(Approvers) approvers: Approvers,
  ) {
    this.#database = database;
    this.#keys = keys;
    this.#config = config;
    this.#notifications = notifications;
    this.#approvers = approvers;
  }

  async now(from: Pick<Transaction, '$queryRaw'> = this.#database): Promise<Date> {
    const rows = await from.$queryRaw<{ now: Date }[]>`select clock_timestamp() as now`;
    const [row] = rows;
    if (row === undefined) throw new Error('the database does not know what time it is');
    return row.now;
  }

  /** The same held command gets the same approval while one is open. */
  async request(tenantId: string, held: HeldCommand): Promise<Requested> {
    const { sessionId } = held;
    const binding = new Uint8Array(held.binding);
    return this.#database.$transaction(async (transaction) => {
      // One at a time per caller: what is counted here stays so.
      await transaction.$executeRaw`select pg_advisory_xact_lock(hashtextextended(${`approval:${held.callerId}`}, 0))`;
      const caller = await transaction.subagent.findFirst({ where: { tenantId, id: held.callerId, disabled: false } });
      const connection = await transaction.connection.findFirst({ where: { tenantId, name: held.connection } });
      if (caller === null || connection === null) return { kind: 'unknown' };
      const now = await this.now(transaction);
      const live = { tenantId, callerId: caller.id, expiresAt: { gt: now } };
      const open = await transaction.approval.findFirst({
        where: { ...live, binding, state: { in: ['pending', 'approved'] } },
        orderBy: { createdAt: 'desc' },
      });
      if (open !== null) {
        if (open.waiters.includes(sessionId)) return { kind: 'asked', approval: open, now };
        const waiters = { push: sessionId };
        const approval = await transaction.approval.update({ where: { id: open.id }, data: { waiters } });
        return { kind: 'asked', approval, now };
      }
      if (await isTooMany(transaction, { ...live, connectionId: connection.id, now })) return { kind: 'too_many' };
      const id = mintId('apr');
      const approval = await transaction.approval.create({
        data: {
          id,
          tenantId,
          state: 'pending',
          sessionId,
          commandId: held.commandId,
          callerKind: held.callerKind,
          callerId: caller.id,
          callerName: caller.name,
          onBehalfOf: held.onBehalfOf,
          ownerId: caller.ownerId,
          connectionId: connection.id,
          connectionName: connection.name,
          database: held.database,
          binding,
          shape: held.shape,
          policyVersion: held.policyVersion,
          policies: held.policies,
          reason: held.reason,
          effect: held.effect,
          shownText: held.shownText,
          shownParameters: held.shownParameters,
          held: held.held as unknown as Prisma.InputJsonArray,
          behind: held.behind as unknown as Prisma.InputJsonArray,
          marks: held.marks,
          ...(held.preview === undefined ? {} : { preview: held.preview as unknown as Prisma.InputJsonObject }),
          waiters: [sessionId],
          needed: held.approvalsNeeded,
          sealedCommand: new Uint8Array(
            seal(this.#keys.sealKey, KeptCommand.encode(held.command).finish(), `approval:${id}`),
          ),
          expiresAt: new Date(now.getTime() + this.#config.approvalExpiry),
        },
      });
      return { kind: 'asked', approval, now };
    });
  }

  async find(tenantId: string, id: string): Promise<ApprovalWithWords> {
    const row = await this.#database.approval.findFirst({ where: { tenantId, id }, include: withWords });
    if (row === null) throw notFound('approval');
    return row;
  }

  /** The kept command, as it was held. */
  open(approval: Approval): KeptCommand {
    return KeptCommand.decode(unseal(this.#keys.sealKey, approval.sealedCommand, `approval:${approval.id}`));
  }

  /** One-shot: of many that race, the database lets one change the row. Both sides are looked at again before. */
  async redeem(
    tenantId: string,
    redeemed: { readonly id: string; readonly binding: Uint8Array; readonly sessionId: string },
  ): Promise<Redeemed> {
    const { id, sessionId } = redeemed;
    const now = await this.now();
    const mine = { tenantId, id, state: 'approved', binding: new Uint8Array(redeemed.binding), expiresAt: { gt: now } };
    const approval = await this.#database.approval.findFirst({ where: mine, include: withWords });
    if (approval === null) return { kind: 'gone' };
    const panel = await this.#approvers.of(approval);
    const approvers = await panel.counted(this.#database, approval.words, now);
    const caller = await this.#database.subagent.count({ where: { tenantId, id: approval.callerId, disabled: false } });
    const missing = approval.needed - approvers.length;
    if (caller === 0 || missing > 0) {
      const reason =
        caller === 0
          ? 'its caller is disabled or gone'
          : `${missing} of those who agreed may not approve it any more: ask again`;
      await this.#settle({ ...mine, state: 'approved' }, 'denied', reason, now);
      return { kind: 'void', reason };
    }
    const { count } = await this.#database.approval.updateMany({
      where: mine,
      data: { state: 'redeemed', redeemedAt: now, redeemedBy: sessionId },
    });
    if (count !== 1) return { kind: 'gone' };
    await this.#moved(id);
    return { kind: 'granted', approvers };
  }

  /** This session waits no more. Where its client left and nobody else waits, nobody needs to be asked. */
  async withdraw(
    tenantId: string,
    left: { readonly id: string; readonly sessionId: string; readonly timeIsUp: boolean },
  ): Promise<void> {
    const { id, sessionId, timeIsUp } = left;
    const isWithdrawn = await this.#database.$transaction(async (transaction) => {
      await lock(transaction, tenantId, id);
      const approval = await transaction.approval.findFirst({ where: { tenantId, id } });
      if (approval === null || !approval.waiters.includes(sessionId)) return false;
      const waiters = approval.waiters.filter((waiter) => waiter !== sessionId);
      const over = !timeIsUp && waiters.length === 0 && approval.state === 'pending';
      const end = over ? { state: 'withdrawn', settledAt: await this.now(transaction) } : {};
      await transaction.approval.update({ where: { id }, data: { waiters, ...end } });
      return over;
    });
    if (isWithdrawn) await this.#moved(id);
  }

  /** A human's word. One no settles it; enough that are permitted to say yes do, each person counted once. */
  async speak(
    user: UserCaller,
    id: string,
    word: { readonly agrees: boolean; readonly reason: string },
  ): Promise<ApprovalWithWords> {
    const { tenantId } = user;
    const panel = await this.#approvers.of(await this.find(tenantId, id));
    await this.#database.$transaction(async (transaction) => {
      await lock(transaction, tenantId, id);
      const approval = await transaction.approval.findFirst({ where: { tenantId, id }, include: withWords });
      if (approval === null) throw notFound('approval');
      const now = await this.now(transaction);
      const state = stateOf(approval, now);
      if (state !== 'pending') throw new Problem('conflict', `the approval is ${state} already`);
      const may = await panel.may(transaction, user, now);
      if (!may.ok) throw new Problem('forbidden', may.reason);
      if (approval.words.some(({ userId }) => userId === user.id))
        throw new Problem('conflict', 'you have spoken already');
      const { id: userId, name: userName } = user;
      const data = { id: mintId('wrd'), tenantId, approvalId: id, userId, userName, ...word };
      const words = [...approval.words, await transaction.approvalWord.create({ data })];
      const settled = { settledAt: now, settledReason: word.reason };
      if (!word.agrees) return transaction.approval.update({ where: { id }, data: { state: 'denied', ...settled } });
      const counted = await panel.counted(transaction, words, now);
      if (counted.length < approval.needed) return undefined;
      return transaction.approval.update({ where: { id }, data: { state: 'approved', ...settled } });
    });
    await this.#moved(id);
    return this.find(tenantId, id);
  }

  /** What nobody answered in time is refused, whether or not anybody looks. */
  async expire(): Promise<void> {
    const now = await this.now();
    const over = { state: { in: ['pending', 'approved'] }, expiresAt: { lte: now } };
    const late = await this.#database.approval.findMany({ where: over, select: { id: true }, take: 500 });
    for (const { id } of late) await this.#settle({ ...over, id }, 'expired', null, now);
  }

  async #settle(
    where: Prisma.ApprovalWhereInput & { readonly id: string },
    state: string,
    settledReason: string | null,
    settledAt: Date,
  ): Promise<void> {
    const { count } = await this.#database.approval.updateMany({ where, data: { state, settledReason, settledAt } });
    if (count === 1) await this.#moved(where.id);
  }

  #moved(id: string): Promise<void> {
    return this.#notifications.send(approvalChannel, id);
  }
}

const withWords = { words: { orderBy: { createdAt: 'asc' } } } as const;

/** An approval whose time is over is expired before anybody has written so. */
export const stateOf = ({ state, expiresAt }: Approval, now: Date): string =>
  (state === 'pending' || state === 'approved') && expiresAt <= now ? 'expired' : state;

async function lock(transaction: Transaction, tenantId: string, id: string): Promise<void> {
  await transaction.$queryRaw`select 1 from "Approval" where "id" = ${id} and "tenantId" = ${tenantId} for update`;
}

async function isTooMany(
  transaction: Transaction,
  {
    now,
    connectionId,
    ...live
  }: {
    readonly now: Date;
    readonly connectionId: string;
    readonly tenantId: string;
    readonly callerId: string;
    readonly expiresAt: { readonly gt: Date };
  },
): Promise<boolean> {
  const { tenantId, callerId } = live;
  const since = new Date(now.getTime() - mostAsked.window);
  const [waiting, there, asked] = await Promise.all([
    transaction.approval.count({ where: { ...live, state: 'pending' } }),
    transaction.approval.count({ where: { ...live, state: 'pending', connectionId } }),
    transaction.approval.count({ where: { tenantId, callerId, createdAt: { gt: since } } }),
  ]);
  return waiting >= mostPending.caller || there >= mostPending.connection || asked >= mostAsked.count;
}
