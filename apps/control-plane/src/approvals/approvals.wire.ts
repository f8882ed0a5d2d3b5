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
import type { ApprovalWithWords } from './approvals.service.js';

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
        const approval = await this.#approvals.request(tenantId, request);
        if (approval === undefined)
          throw new Refusal(
            status.RESOURCE_EXHAUSTED,
            'too many commands of this caller wait, or its names are not known',
          );
        return {
          approvalId: approval.id,
          state: wireState(stateOf(approval)),
          expiresAt: approval.expiresAt.getTime(),
        };
      }),
      watch: this.#peers.serverStream((peer, call) => this.#watch(peer, call)),
      redeem: this.#peers.unary(async ({ tenantId }, { approvalId, binding, sessionId }) => {
        const approval = await this.#approvals.redeem(tenantId, { id: approvalId, binding, sessionId });
        return approval === undefined
          ? {
              granted: false,
              code: 'approval_expired',
              message: 'this approval is used up, over, or for another command',
              approvers: [],
            }
          : { granted: true, code: '', message: '', approvers: agreedBy(approval) };
      }),
      withdraw: this.#peers.unary(async ({ tenantId }, { approvalId, sessionId }) => {
        await this.#approvals.withdraw(tenantId, approvalId, sessionId);
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
          const state = stateOf(approval);
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

const agreedBy = ({ words }: ApprovalWithWords): string[] =>
  words.filter(({ agrees }) => agrees).map(({ userName }) => userName);
