import { Inject, Injectable } from '@nestjs/common';
import type { RunResult } from '@sallyport/contracts';
import { mintId } from '@sallyport/runtime';
import { Hub } from '../configuration/hub.js';
import { Database } from '../db/database.js';
import type { ApprovalRun } from '../db/generated/client.js';
import { Problem } from '../http/problem.js';
import { Notifications } from '../notify/notifications.js';
import { ApprovalsService, stateOf } from './approvals.service.js';
import type { ApprovalWithWords } from './approvals.service.js';

const runChannel = 'sallyport_run';
const patience = 25_000;
const lookInterval = 50;
/** Rows of an answer that are kept: it is masked, and it is not the place for more. */
const mostRows = 100;

/** Kept commands, run by id: a proxy with a replica at hand does it, with the caller's own identity. */
@Injectable()
export class RunsService {
  readonly #database: Database;
  readonly #approvals: ApprovalsService;
  readonly #notifications: Notifications;
  readonly #hub: Hub;

  constructor(
    @Inject(Database) database: Database,
    @Inject(ApprovalsService) approvals: ApprovalsService,
    @Inject(Notifications) notifications: Notifications,
    @Inject(Hub) hub: Hub,
  ) {
    this.#database = database;
    this.#approvals = approvals;
    this.#notifications = notifications;
    this.#hub = hub;
    notifications.on(runChannel, (id) => void this.#dispatch(id).catch(() => undefined));
    hub.onRunResult((peer, result) => void this.#finish(peer.nodeId, result).catch(() => undefined));
  }

  /** Waits for the result a while; a run that takes longer is found with its approval. */
  async run(approval: ApprovalWithWords): Promise<ApprovalRun> {
    checkRunnable(approval);
    const run = await this.#begin(approval);
    await this.#notifications.send(runChannel, run.id);
    const deadline = Date.now() + patience;
    for (;;) {
      const row = await this.#database.approvalRun.findUniqueOrThrow({ where: { id: run.id } });
      if (row.finishedAt !== null) return row;
      if (Date.now() > deadline) return row.state === 'waiting' ? this.#give(row.id) : row;
      await new Promise((resolve) => setTimeout(resolve, lookInterval));
    }
  }

  /** One at a time: the grant is one-shot, so a second run could only fail. */
  #begin({ tenantId, id }: ApprovalWithWords): Promise<ApprovalRun> {
    return this.#database.$transaction(async (transaction) => {
      await transaction.$queryRaw`select 1 from "Approval" where "id" = ${id} and "tenantId" = ${tenantId} for update`;
      const since = new Date(Date.now() - 2 * patience);
      const open = await transaction.approvalRun.count({
        where: { tenantId, approvalId: id, finishedAt: null, createdAt: { gt: since } },
      });
      if (open > 0) throw new Problem('conflict', 'the approval is being run already');
      return transaction.approvalRun.create({
        data: { id: mintId('run'), tenantId, approvalId: id, state: 'waiting' },
      });
    });
  }

  /** Nobody took it: no proxy is connected. The approval stays as it is. */
  async #give(id: string): Promise<ApprovalRun> {
    await this.#database.approvalRun.updateMany({
      where: { id, state: 'waiting' },
      data: {
        state: 'failed',
        finishedAt: new Date(),
        result: failure('no_proxy', 'no proxy is connected: try again later'),
      },
    });
    return this.#database.approvalRun.findUniqueOrThrow({ where: { id } });
  }

  list(tenantId: string, approvalId: string): Promise<ApprovalRun[]> {
    return this.#database.approvalRun.findMany({
      where: { tenantId, approvalId },
      orderBy: { createdAt: 'asc' },
      take: 50,
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
    proxy.send({
      $case: 'runCommand',
      value: {
        runId: id,
        approvalId: approval.id,
        command: this.#approvals.open(approval),
        callerKind: approval.callerKind,
        callerId: approval.callerId,
        maxRows: mostRows,
      },
    });
  }

  /** Only from the proxy that was asked. */
  async #finish(nodeId: string, { runId, resultRows, ...result }: RunResult): Promise<void> {
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
}

/** A run that never reached a proxy, in the form of one that did. */
const failure = (code: string, message: string) => ({
  completed: false,
  tag: '',
  rows: 0,
  code,
  message,
  columns: [],
  resultRows: [],
  runId: '',
  sessionId: '',
});

function checkRunnable(approval: ApprovalWithWords): void {
  switch (stateOf(approval)) {
    case 'approved':
      return;
    case 'pending':
      throw new Problem('approval_pending', 'nobody has agreed yet', {
        facts: { approval: approval.id },
        retryAfterSeconds: 30,
      });
    default:
      throw new Problem('conflict', `the approval is ${stateOf(approval)}: it cannot be run`);
  }
}
