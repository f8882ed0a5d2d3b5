import { Inject, Injectable } from '@nestjs/common';
import { KeptCommand } from '@sallyport/contracts';
import type { RequestRequest } from '@sallyport/contracts';
import { seal, unseal } from '@sallyport/pki';
import { approversMissing, isEligibleApprover } from '@sallyport/policy';
import type { Principal } from '@sallyport/policy';
import { mintId } from '@sallyport/runtime';
import { CONFIG } from '../config.js';
import type { Config } from '../config.js';
import { Database } from '../db/database.js';
import type { Transaction } from '../db/database.js';
import type { Approval, ApprovalWord } from '../db/generated/client.js';
import { KEYS } from '../grpc/keyring.js';
import type { Keys } from '../grpc/keyring.js';
import type { UserCaller } from '../http/caller.js';
import { Problem, notFound } from '../http/problem.js';
import { Notifications } from '../notify/notifications.js';

export type ApprovalWithWords = Approval & { readonly words: readonly ApprovalWord[] };

/** Told between replicas: this approval moved. */
export const approvalChannel = 'sallyport_approval';

/** One caller may have this many waiting: more would hide what matters from approvers. */
const mostPending = 50;

/** Held commands and what humans say of them. Every change of state is one conditional UPDATE. */
@Injectable()
export class ApprovalsService {
  readonly #database: Database;
  readonly #keys: Keys;
  readonly #config: Config;
  readonly #notifications: Notifications;

  constructor(
    @Inject(Database) database: Database,
    @Inject(KEYS) keys: Keys,
    @Inject(CONFIG) config: Config,
    @Inject(Notifications) notifications: Notifications,
  ) {
    this.#database = database;
    this.#keys = keys;
    this.#config = config;
    this.#notifications = notifications;
  }

  /** The same held command gets the same approval while one is open. `undefined`: too many are waiting, or who is that? */
  async request(tenantId: string, request: RequestRequest): Promise<Approval | undefined> {
    const binding = new Uint8Array(request.binding);
    const caller = await this.#database.subagent.findFirst({ where: { tenantId, id: request.callerId } });
    const connection = await this.#database.connection.findFirst({ where: { tenantId, name: request.connection } });
    if (binding.length !== 32 || caller === null || connection === null || request.command === undefined)
      return undefined;
    const command = KeptCommand.encode(request.command).finish();
    return this.#database.$transaction(async (transaction) => {
      await transaction.$executeRaw`select pg_advisory_xact_lock(hashtext(${Buffer.from(binding).toString('hex')}))`;
      const open = await transaction.approval.findFirst({
        where: {
          tenantId,
          binding,
          callerId: caller.id,
          state: { in: ['pending', 'approved'] },
          expiresAt: { gt: new Date() },
        },
        orderBy: { createdAt: 'desc' },
      });
      if (open !== null) return open;
      const waiting = await transaction.approval.count({
        where: { tenantId, callerId: caller.id, state: 'pending', expiresAt: { gt: new Date() } },
      });
      if (waiting >= mostPending) return undefined;
      const id = mintId('apr');
      return transaction.approval.create({
        data: {
          id,
          tenantId,
          state: 'pending',
          sessionId: request.sessionId,
          commandId: request.commandId,
          callerKind: request.callerKind,
          callerId: caller.id,
          callerName: caller.name,
          onBehalfOf: request.onBehalfOf,
          ownerId: caller.ownerId,
          connectionId: connection.id,
          connectionName: connection.name,
          database: request.database,
          binding,
          shape: request.shape,
          policyVersion: request.policyVersion,
          policies: request.policies,
          reason: request.reason,
          effect: request.effect,
          shownText: request.shownText,
          shownParameters: request.shownParameters,
          needed: Math.max(1, request.approvalsNeeded),
          sealedCommand: new Uint8Array(seal(this.#keys.sealKey, command, `approval:${id}`)),
          expiresAt: new Date(Date.now() + this.#config.approvalExpiry),
        },
      });
    });
  }

  async find(tenantId: string, id: string): Promise<ApprovalWithWords> {
    const row = await this.#database.approval.findFirst({
      where: { tenantId, id },
      include: { words: { orderBy: { createdAt: 'asc' } } },
    });
    if (row === null) throw notFound('approval');
    return row;
  }

  /** The kept command, as it was held. */
  open(approval: Approval): KeptCommand {
    return KeptCommand.decode(unseal(this.#keys.sealKey, approval.sealedCommand, `approval:${approval.id}`));
  }

  /** One-shot: of many that race, the database lets one change the row. */
  async redeem(
    tenantId: string,
    redeemed: { readonly id: string; readonly binding: Uint8Array; readonly sessionId: string },
  ): Promise<ApprovalWithWords | undefined> {
    const now = new Date();
    const { count } = await this.#database.approval.updateMany({
      where: {
        tenantId,
        id: redeemed.id,
        state: 'approved',
        binding: new Uint8Array(redeemed.binding),
        expiresAt: { gt: now },
      },
      data: { state: 'redeemed', redeemedAt: now, redeemedBy: redeemed.sessionId },
    });
    if (count !== 1) return undefined;
    await this.#moved(redeemed.id);
    return this.find(tenantId, redeemed.id);
  }

  async withdraw(tenantId: string, id: string, sessionId: string): Promise<void> {
    const { count } = await this.#database.approval.updateMany({
      where: { tenantId, id, sessionId, state: 'pending' },
      data: { state: 'withdrawn', settledAt: new Date() },
    });
    if (count === 1) await this.#moved(id);
  }

  /** One human's word. Enough agree, and it is approved; one says no, and it is denied. */
  async speak(
    user: UserCaller,
    id: string,
    word: { readonly agrees: boolean; readonly reason: string },
  ): Promise<ApprovalWithWords> {
    const { tenantId } = user;
    await this.#database.$transaction(async (transaction) => {
      await transaction.$queryRaw`select 1 from "Approval" where "id" = ${id} and "tenantId" = ${tenantId} for update`;
      const approval = await transaction.approval.findFirst({ where: { tenantId, id }, include: { words: true } });
      if (approval === null) throw notFound('approval');
      if (stateOf(approval) !== 'pending')
        throw new Problem('conflict', `the approval is ${stateOf(approval)} already`);
      const behind = behindOf(approval);
      if (!isEligibleApprover({ approver: user.id, ...behind }))
        throw new Problem('forbidden', 'the caller, anyone in its chain and its owner cannot speak for this command');
      if (approval.words.some(({ userId }) => userId === user.id))
        throw new Problem('conflict', 'you have spoken already');
      await transaction.approvalWord.create({
        data: { id: mintId('wrd'), tenantId, approvalId: id, userId: user.id, userName: user.name, ...word },
      });
      await settle(transaction, approval, { ...word, userId: user.id });
    });
    await this.#moved(id);
    return this.find(tenantId, id);
  }

  /** What nobody answered in time is refused, whether or not anybody looks. */
  async expire(): Promise<void> {
    const late = await this.#database.approval.findMany({
      where: { state: { in: ['pending', 'approved'] }, expiresAt: { lte: new Date() } },
      select: { id: true },
      take: 500,
    });
    for (const { id } of late) {
      const { count } = await this.#database.approval.updateMany({
        where: { id, state: { in: ['pending', 'approved'] }, expiresAt: { lte: new Date() } },
        data: { state: 'expired', settledAt: new Date() },
      });
      if (count === 1) await this.#moved(id);
    }
  }

  #moved(id: string): Promise<void> {
    return this.#notifications.send(approvalChannel, id);
  }
}

/** An approval whose time is over is expired before anybody has written so. */
export const stateOf = ({ state, expiresAt }: Approval): string =>
  (state === 'pending' || state === 'approved') && expiresAt.getTime() <= Date.now() ? 'expired' : state;

/** Who stands behind a command, and so can never speak for it. */
function behindOf(approval: Approval): {
  readonly chain: readonly [Principal, ...Principal[]];
  readonly owners: readonly string[];
} {
  const owner = approval.ownerId ?? undefined;
  const caller: Principal = { kind: 'subagent', id: approval.callerId, name: approval.callerName, groups: [], owner };
  const others = approval.onBehalfOf.map((id): Principal => ({
    kind: 'user',
    id,
    name: id,
    groups: [],
    owner: undefined,
  }));
  return { chain: [caller, ...others], owners: owner === undefined ? [] : [owner] };
}

async function settle(
  transaction: Transaction,
  approval: ApprovalWithWords,
  word: { readonly agrees: boolean; readonly reason: string; readonly userId: string },
): Promise<void> {
  const settled = (state: string): Promise<unknown> =>
    transaction.approval.update({
      where: { id: approval.id },
      data: { state, settledAt: new Date(), settledReason: word.reason },
    });
  if (!word.agrees) return void (await settled('denied'));
  const approvers = [...approval.words.filter(({ agrees }) => agrees).map(({ userId }) => userId), word.userId];
  if (approversMissing({ needed: approval.needed, approvers, ...behindOf(approval) }) === 0) await settled('approved');
}
