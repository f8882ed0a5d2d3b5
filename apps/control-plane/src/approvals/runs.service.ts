import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { RunCommand } from '@sallyport/contracts';
import type { RunResult } from '@sallyport/contracts';
import { mintId } from '@sallyport/runtime';
import { Hub } from '../configuration/hub.js';
import { Database } from '../db/database.js';
import type { ApprovalRun } from '../db/generated/client.js';
import { LOG } from '../log.js';
import type { Log } from '../log.js';
import { Problem, notFound } from '../http/problem.js';
import { Notifications } from '../notify/notifications.js';
import { ApprovalsService, stateOf } from './approvals.service.js';
import type { ApprovalWithWords } from './approvers.js';

const runChannel = 'sallyport_run';
/** How long a REST call waits for a result. */
const patience = 25_000;
/** How long a run waits for a proxy. */
const unclaimed = 15_000;
const lookInterval = 50;
const sweepInterval = 2_000;
/** A proxy that has not answered by then is asked again; one that was not heard of for so long is given up. */
const unanswered = 10_000;
const silent = 30_000;
/** A proxy ends what takes longer than five minutes. */
const longest = 6 * 60_000;
/** Rows of an answer that are kept: it is masked, and it is not the place for more. */
const mostRows = 100;

/**
 * Kept commands, run by id: a proxy with a replica at hand does it, with the caller's own identity. Every run ends,
 * whatever is lost on the way: notices are looked for, orders repeated, and what nobody can tell is told as that.
 */
@Injectable()
export class RunsService implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #database: Database;
  readonly #approvals: ApprovalsService;
  readonly #notifications: Notifications;
  readonly #hub: Hub;
  readonly #log: Log;
  #sweeping: NodeJS.Timeout | undefined;

  constructor(
    @Inject(Database) database: Database,
    @Inject(ApprovalsService) approvals: ApprovalsService,
    @Inject(Notifications) notifications: Notifications,
    @Inject(Hub) hub: Hub,
    @Inject(LOG) log: Log,
  ) {
    this.#database = database;
    this.#approvals = approvals;
    this.#notifications = notifications;
    this.#hub = hub;
    this.#log = log;
    notifications.on(runChannel, (id) => this.#report(this.#dispatch(id)));
    hub.onRunResult((peer, result) => this.#report(this.#finish(peer.nodeId, result)));
  }

  onApplicationBootstrap(): void {
    this.#sweeping = setInterval(() => this.#report(this.sweep()), sweepInterval).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.#sweeping);
  }

  /** Waits for the result a while; a run that takes longer is found with its approval. */
  async run(approval: ApprovalWithWords): Promise<ApprovalRun> {
    const run = await this.#begin(approval);
    await this.#notifications.send(runChannel, run.id);
    const deadline = performance.now() + patience;
    for (;;) {
      const row = await this.#database.approvalRun.findUniqueOrThrow({ where: { id: run.id } });
      if (row.finishedAt !== null || performance.now() > deadline) return row;
      await new Promise((resolve) => setTimeout(resolve, lookInterval));
    }
  }

  list(tenantId: string, approvalId: string): Promise<ApprovalRun[]> {
    return this.#database.approvalRun.findMany({
      where: { tenantId, approvalId },
      orderBy: { createdAt: 'asc' },
      take: 50,
    });
  }

  /** What is not at its end: told to a proxy, told again, or given up. Replicas that sweep at once do no harm. */
  async sweep(): Promise<void> {
    const open = await this.#database.approvalRun.findMany({
      where: { finishedAt: null },
      orderBy: { createdAt: 'asc' },
      take: 200,
    });
    const now = (await this.#approvals.now()).getTime();
    for (const run of open) {
      const age = now - run.createdAt.getTime();
      if (run.state === 'waiting') {
        if (age > unclaimed) await this.#end(run, noProxy);
        else await this.#dispatch(run.id);
      } else if (age > longest) await this.#lost(run);
      else if (age > unanswered) await this.#askAgain(run, now);
    }
  }

  /** One at a time: the grant is one-shot, so a second run could only fail. */
  #begin({ tenantId, id }: ApprovalWithWords): Promise<ApprovalRun> {
    return this.#database.$transaction(async (transaction) => {
      await transaction.$queryRaw`select 1 from "Approval" where "id" = ${id} and "tenantId" = ${tenantId} for update`;
      // Only now is its state one that no other run can take away.
      const approval = await transaction.approval.findFirst({ where: { tenantId, id } });
      if (approval === null) throw notFound('approval');
      checkRunnable(id, stateOf(approval, await this.#approvals.now(transaction)));
      const open = await transaction.approvalRun.count({ where: { tenantId, approvalId: id, finishedAt: null } });
      if (open > 0) throw new Problem('conflict', 'the approval is being run already');
      return transaction.approvalRun.create({
        data: { id: mintId('run'), tenantId, approvalId: id, state: 'waiting' },
      });
    });
  }

  /** Every replica hears of it; one with a proxy claims it. */
  async #dispatch(id: string): Promise<void> {
    const run = await this.#database.approvalRun.findUnique({ where: { id } });
    if (run === null || run.state !== 'waiting') return;
    const [proxy] = this.#hub.proxies(run.tenantId);
    if (proxy === undefined) return;
    const { count } = await this.#database.approvalRun.updateMany({
      where: { id, state: 'waiting' },
      data: { state: 'sent', nodeId: proxy.peer.nodeId },
    });
    if (count !== 1) return;
    const approval = await this.#approvals.find(run.tenantId, run.approvalId);
    const { callerKind, callerId, id: approvalId } = approval;
    const command = this.#approvals.open(approval);
    const value = { runId: id, approvalId, command, callerKind, callerId, maxRows: mostRows, again: false };
    proxy.send({ $case: 'runCommand', value });
  }

  /** The order or its answer may be lost. Told again, a proxy says what it knows, and begins nothing. */
  async #askAgain(run: ApprovalRun, now: number): Promise<void> {
    const proxy = this.#hub.proxies(run.tenantId).find(({ peer }) => peer.nodeId === run.nodeId);
    if (proxy !== undefined) {
      const value = RunCommand.fromPartial({ runId: run.id, approvalId: run.approvalId, again: true });
      return proxy.send({ $case: 'runCommand', value });
    }
    const node = run.nodeId === null ? null : await this.#database.node.findUnique({ where: { id: run.nodeId } });
    const heard = node?.lastSeenAt?.getTime() ?? 0;
    if (node?.connectedAt == null && now - heard > silent) await this.#lost(run);
  }

  /** Nobody can tell any more what became of it. Where the grant was not used, nothing did: another proxy may. */
  async #lost(run: ApprovalRun): Promise<void> {
    const approval = await this.#approvals.find(run.tenantId, run.approvalId);
    const session = approval.redeemedBy ?? '';
    if (approval.state === 'redeemed') return this.#end(run, unknownOutcome(session));
    await this.#end(run, { ...noProxy, message: 'its proxy was lost before it began: run it again' });
  }

  async #end({ id, state, nodeId }: ApprovalRun, result: ReturnType<typeof failure>): Promise<void> {
    await this.#database.approvalRun.updateMany({
      where: { id, state, nodeId, finishedAt: null },
      data: { state: 'failed', finishedAt: new Date(), result },
    });
  }

  /** Only from the proxy that was asked. */
  async #finish(nodeId: string, { runId, resultRows, ...result }: RunResult): Promise<void> {
    const run = await this.#database.approvalRun.findFirst({ where: { id: runId, nodeId, finishedAt: null } });
    if (run === null) return;
    if (result.code === 'unknown_run') return this.#lost(run);
    const rows = resultRows.slice(0, mostRows).map(({ cells }) => cells.map(({ value }) => value ?? null));
    await this.#database.approvalRun.updateMany({
      where: { id: runId, nodeId, finishedAt: null },
      data: {
        state: result.completed ? 'completed' : 'failed',
        result: { ...result, resultRows: rows },
        finishedAt: new Date(),
      },
    });
  }

  #report(work: Promise<void>): void {
    work.catch((cause: unknown) =>
      this.#log.error({ cause: cause instanceof Error ? cause.message.slice(0, 500) : 'unknown' }, 'a run failed'),
    );
  }
}

/** A run of which no proxy told, in the form of one that was. */
const failure = (code: string, message: string, sessionId = '') => ({
  completed: false,
  tag: '',
  rows: 0,
  code,
  message,
  columns: [],
  resultRows: [],
  sessionId,
});
const noProxy = failure('no_proxy', 'no proxy took it: try again later');
const unknownOutcome = (session: string) =>
  failure('outcome_unknown', `its proxy was lost while it ran; what is known is in the record of ${session}`, session);

function checkRunnable(id: string, state: string): void {
  switch (state) {
    case 'approved':
      return;
    case 'pending':
      throw new Problem('approval_pending', 'nobody has agreed yet', {
        facts: { approval: id },
        retryAfterSeconds: 30,
      });
    default:
      throw new Problem('conflict', `the approval is ${state}: it cannot be run`);
  }
}
