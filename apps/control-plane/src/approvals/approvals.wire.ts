import { status } from '@grpc/grpc-js';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { ApprovalState, ApprovalsServiceService } from '@sallyport/contracts';
import type { ApprovalsServiceServer, WatchRequest, WatchResponse } from '@sallyport/contracts';
import { Refusal } from '../grpc/access.js';
import type { NodePeer } from '../grpc/access.js';
import { Peers } from '../grpc/peers.js';
import { GrpcServers } from '../grpc/servers.js';
import { Problem } from '../http/problem.js';
import { Notifications } from '../notify/notifications.js';
import { ApprovalsService, approvalChannel, stateOf } from './approvals.service.js';
import type { ApprovalWithWords } from './approvers.js';
import { readHeldCommand } from './held-command.js';

const states: Readonly<Record<string, ApprovalState>> = {
  pending: ApprovalState.APPROVAL_STATE_PENDING,
  approved: ApprovalState.APPROVAL_STATE_APPROVED,
  denied: ApprovalState.APPROVAL_STATE_DENIED,
  expired: ApprovalState.APPROVAL_STATE_EXPIRED,
  withdrawn: ApprovalState.APPROVAL_STATE_WITHDRAWN,
  redeemed: ApprovalState.APPROVAL_STATE_REDEEMED,
};
const wireState = (state: string): ApprovalState => states[state] ?? ApprovalState.APPROVAL_STATE_UNSPECIFIED;

/** A notification may be lost: watchers look by themselves this often, milliseconds. */
const lookInterval = 2_000;
const sweepInterval = 5_000;

/** The proxies' side of approvals: ask, watch, redeem, withdraw. */
@Injectable()
export class ApprovalsWire implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown {
  readonly #approvals: ApprovalsService;
  readonly #servers: GrpcServers;
  readonly #peers: Peers;
  readonly #watchers = new Map<string, Set<() => void>>();
  #sweep: NodeJS.Timeout | undefined;

  constructor(
    @Inject(ApprovalsService) approvals: ApprovalsService,
    @Inject(GrpcServers) servers: GrpcServers,
    @Inject(Peers) peers: Peers,
    @Inject(Notifications) notifications: Notifications,
  ) {
    this.#approvals = approvals;
    this.#servers = servers;
    this.#peers = peers;
    notifications.on(approvalChannel, (id) => {
      for (const look of this.#watchers.get(id) ?? []) look();
    });
  }

  onModuleInit(): void {
    const service: ApprovalsServiceServer = {
      request: this.#peers.unary(async ({ tenantId }, request) => {
        const read = readHeldCommand(request);
        if (read.kind === 'refused') throw new Refusal(status.INVALID_ARGUMENT, read.field);
        const asked = await this.#approvals.request(tenantId, read.held);
        if (asked.kind === 'unknown') throw new Refusal(status.NOT_FOUND, 'its caller or its connection is not known');
        if (asked.kind === 'too_many')
          throw new Refusal(status.RESOURCE_EXHAUSTED, 'too many commands of this caller wait already');
        const { approval, now } = asked;
        return {
          approvalId: approval.id,
          state: wireState(stateOf(approval, now)),
          expiresAt: approval.expiresAt.getTime(),
          expiresIn: Math.max(0, approval.expiresAt.getTime() - now.getTime()),
        };
      }),
      watch: this.#peers.serverStream((peer, call) => this.#watch(peer, call)),
      redeem: this.#peers.unary(async ({ tenantId }, { approvalId, binding, sessionId }) => {
        if (!isId(approvalId) || !isId(sessionId)) return refusedRedemption('gone');
        const redeemed = await this.#approvals.redeem(tenantId, { id: approvalId, binding, sessionId });
        return redeemed.kind === 'granted'
          ? { granted: true, code: '', message: '', approvers: [...redeemed.approvers] }
          : refusedRedemption(redeemed.kind === 'void' ? redeemed : 'gone');
      }),
      withdraw: this.#peers.unary(async ({ tenantId }, { approvalId: id, sessionId, timeIsUp }) => {
        if (isId(id) && isId(sessionId)) await this.#approvals.withdraw(tenantId, { id, sessionId, timeIsUp });
        return {};
      }),
    };
    this.#servers.add(ApprovalsServiceService, service);
  }

  onApplicationBootstrap(): void {
    // Each change is one conditional UPDATE: replicas that sweep at once do no harm.
    this.#sweep = setInterval(() => void this.#approvals.expire().catch(() => undefined), sweepInterval).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.#sweep);
  }

  /** The present state first, then every other, until it is settled. */
  #watch({ tenantId }: NodePeer, call: ServerWritableStream<WatchRequest, WatchResponse>): Promise<void> {
    const { approvalId } = call.request;
    if (!isId(approvalId)) return Promise.reject(new Refusal(status.NOT_FOUND, 'there is no such approval'));
    return new Promise((resolve, reject) => {
      let told = '';
      let looking = false;
      let again = false;
      const look = async (): Promise<void> => {
        if (looking) {
          again = true;
          return;
        }
        looking = true;
        try {
          const approval = await this.#approvals.find(tenantId, approvalId);
          const state = stateOf(approval, await this.#approvals.now());
          if (state !== told) {
            told = state;
            call.write({
              state: wireState(state),
              reason: approval.settledReason ?? '',
              approvers: agreedBy(approval),
            });
          }
          if (state !== 'pending') finish();
        } catch (cause) {
          finish(
            cause instanceof Problem
              ? new Refusal(status.NOT_FOUND, 'there is no such approval')
              : cause instanceof Error
                ? cause
                : new Error('unknown'),
          );
        } finally {
          looking = false;
          if (again) {
            again = false;
            void look();
          }
        }
      };
      const onNotice = (): void => void look();
      const watchers = this.#watchers.get(approvalId) ?? new Set();
      this.#watchers.set(approvalId, watchers.add(onNotice));
      const timer = setInterval(onNotice, lookInterval);
      let finished = false;
      const finish = (problem?: Error): void => {
        if (finished) return;
        finished = true;
        clearInterval(timer);
        watchers.delete(onNotice);
        if (watchers.size === 0) this.#watchers.delete(approvalId);
        if (problem !== undefined) return reject(problem);
        call.end();
        resolve();
      };
      call.on('cancelled', () => finish());
      void look();
    });
  }
}

const refusedRedemption = (why: 'gone' | { readonly reason: string }) => ({
  granted: false,
  code: why === 'gone' ? 'approval_expired' : 'approval_denied',
  message: why === 'gone' ? 'this approval is used up, over, or for another command' : why.reason,
  approvers: [],
});

const longestId = 64;
/** What could be one of ours; anything else is nobody's, and costs no query. */
const isId = (id: string): boolean => id !== '' && id.length <= longestId && !id.includes('\0');

const agreedBy = ({ words }: ApprovalWithWords): string[] =>
  words.filter(({ agrees }) => agrees).map(({ userName }) => userName);
