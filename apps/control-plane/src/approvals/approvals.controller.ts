import { clip } from '@sallyport/audit';
import { Body, Controller, Get, Inject, Param, Post, Query, Res } from '@nestjs/common';
import type { Response } from 'express';
import { z } from 'zod';
import { Database } from '../db/database.js';
import type { ApprovalRun } from '../db/generated/client.js';
import { Answers, Refuses, list, moment } from '../http/answers.js';
import { CurrentCaller, CurrentUser } from '../http/caller.js';
import type { Caller, SubagentCaller, UserCaller } from '../http/caller.js';
import { NounDocs, Summary } from '../http/noun.js';
import { pageOf, pageQuery, timePage, toPage } from '../http/page.js';
import type { Page } from '../http/page.js';
import { Problem, notFound } from '../http/problem.js';
import { idParams, text } from '../http/text.js';
import type { IdParams } from '../http/text.js';
import { namesConnection, permitsAll } from '../oauth/authorization-details.js';
import { ApprovalsService, stateOf } from './approvals.service.js';
import type { ApprovalWithWords } from './approvers.js';
import { namedTextsOf } from './held-command.js';
import { presentPreview, previewView } from './preview.js';
import { RunsService } from './runs.service.js';

const approvalQuery = z.strictObject({
  ...pageQuery.shape,
  state: z.enum(['pending', 'approved', 'denied', 'expired', 'withdrawn', 'redeemed']).optional(),
});
const reason = text(2_000);
const agreement = z.strictObject({ reason: reason.default('') });
const denial = z.strictObject({ reason: reason.min(1) });

const approvalView = z
  .object({
    id: z.string(),
    state: z.string().describe('`pending`, `approved`, `denied`, `expired`, `withdrawn` or `redeemed`.'),
    caller: z.object({
      kind: z.string(),
      id: z.string(),
      name: z.string(),
      owner: z.string().nullable().describe('Name of the user who answers for it.'),
    }),
    onBehalfOf: list(z.string()).describe('Ids up its chain, nearest first.'),
    connection: z.string(),
    database: z.string(),
    session: z.string(),
    effect: z.string().describe('What the command does, in words.'),
    reason: z.string().describe('Why it is held, in the words of the policy.'),
    text: z
      .string()
      .describe('With detectors applied and hidden characters as escapes. Lists show both ends of a long one.'),
    parameters: list(z.string()).describe('As the text.'),
    behind: list(z.object({ name: z.string(), text: z.string() })).describe(
      'Names in the text, and what they stand for in its session.',
    ),
    marks: list(z.string()).describe('What an eye would miss: hidden characters, look-alikes, blank stretches.'),
    preview: previewView
      .nullable()
      .describe('What it did when it was tried in a transaction, where its policy owes a preview. Lists leave it out.'),
    policies: list(z.string()).describe('Ids of the policies that hold it.'),
    needed: z.int().describe('How many distinct people must agree.'),
    words: list(z.object({ user: z.string(), agrees: z.boolean(), reason: z.string(), at: moment })),
    createdAt: moment,
    expiresAt: moment,
  })
  .meta({ id: 'Approval' });
const runView = z
  .object({
    id: z.string(),
    state: z.string().describe('`waiting`, `sent`, `completed` or `failed`.'),
    result: z.unknown().describe('What came of it, masked; null as long as nothing did.'),
    createdAt: moment,
    finishedAt: moment.nullable(),
  })
  .meta({ id: 'ApprovalRun' });
const approvalWithRuns = approvalView.extend({ runs: list(runView) }).meta({ id: 'ApprovalWithRuns' });

/** Names by id. */
type Owners = ReadonlyMap<string, string>;

const present = (approval: ApprovalWithWords, now: Date, owners: Owners): z.input<typeof approvalView> => ({
  id: approval.id,
  state: stateOf(approval, now),
  caller: {
    kind: approval.callerKind,
    id: approval.callerId,
    name: approval.callerName,
    owner: approval.ownerId === null ? null : (owners.get(approval.ownerId) ?? approval.ownerId),
  },
  onBehalfOf: approval.onBehalfOf,
  connection: approval.connectionName,
  database: approval.database,
  session: approval.sessionId,
  effect: approval.effect,
  reason: approval.reason,
  text: approval.shownText,
  parameters: approval.shownParameters,
  behind: namedTextsOf(approval.behind),
  marks: approval.marks,
  preview: presentPreview(approval.preview),
  policies: approval.policies,
  needed: approval.needed,
  words: approval.words.map(({ userName, agrees, reason: why, createdAt }) => ({
    user: userName,
    agrees,
    reason: why,
    at: createdAt,
  })),
  createdAt: approval.createdAt,
  expiresAt: approval.expiresAt,
});

/** A delegated token sees what was asked with the same chain, where it may be at all; one without sees none of that. */
const isOwnOf = ({ id, onBehalfOf, details }: SubagentCaller, approval: ApprovalWithWords): boolean =>
  approval.callerId === id &&
  approval.onBehalfOf.join() === onBehalfOf.join() &&
  namesConnection(details, approval.connectionName);

/** In a list a long text is shown by both of its ends; reading one gives all of it. */
const brief = (view: z.input<typeof approvalView>): z.input<typeof approvalView> => ({
  ...view,
  preview: null,
  effect: clip(view.effect, 1_000),
  text: clip(view.text, 2_000),
  parameters: view.parameters.slice(0, 50).map((parameter) => clip(parameter, 200)),
  behind: view.behind.slice(0, 10).map(({ name, text: stands }) => ({ name, text: clip(stands, 500) })),
});

const presentRun = ({ id, state, result, createdAt, finishedAt }: ApprovalRun): z.input<typeof runView> => ({
  id,
  state,
  result,
  createdAt,
  finishedAt,
});

/** Held commands: people see them and speak; callers wait for them and have them run. */
@NounDocs('approvals')
@Controller('v1/approvals')
export class ApprovalsController {
  readonly #database: Database;
  readonly #approvals: ApprovalsService;
  readonly #runs: RunsService;

  constructor(
    @Inject(Database) database: Database,
    @Inject(ApprovalsService) approvals: ApprovalsService,
    @Inject(RunsService) runs: RunsService,
  ) {
    this.#database = database;
    this.#approvals = approvals;
    this.#runs = runs;
  }

  @Get()
  @Answers(pageOf(approvalView), 200)
  @Summary('List approvals, newest first')
  async list(
    @CurrentUser() { tenantId }: UserCaller,
    @Query({ schema: approvalQuery }) query: z.infer<typeof approvalQuery>,
  ): Promise<Page<z.input<typeof approvalView>>> {
    const { before, orderBy, take } = timePage('createdAt', query);
    const now = await this.#approvals.now();
    const live = query.state === 'pending' || query.state === 'approved' ? { expiresAt: { gt: now } } : {};
    const rows = await this.#database.approval.findMany({
      where: { tenantId, ...(query.state === undefined ? {} : { state: query.state }), ...live, ...before },
      include: { words: { orderBy: { createdAt: 'asc' } } },
      orderBy,
      take,
    });
    const owners = await this.#ownersOf(tenantId, rows);
    return toPage(
      rows,
      query.limit,
      (row) => [row.createdAt.toISOString(), row.id],
      (row) => brief(present(row, now, owners)),
    );
  }

  @Get(':id')
  @Answers(approvalWithRuns, 200)
  @Summary('Read one, with its runs')
  async get(
    @CurrentCaller() caller: Caller,
    @Param({ schema: idParams }) { id }: IdParams,
  ): Promise<z.input<typeof approvalWithRuns>> {
    const approval = await this.#readable(caller, id);
    return {
      ...(await this.#presentNow(approval)),
      runs: (await this.#runs.list(caller.tenantId, id)).map(presentRun),
    };
  }

  @Post(':id/approve')
  @Answers(approvalView, 200)
  @Refuses('conflict')
  @Summary('Agree to this one command')
  async approve(
    @CurrentUser() caller: UserCaller,
    @Param({ schema: idParams }) { id }: IdParams,
    @Body({ schema: agreement }) body: z.infer<typeof agreement>,
  ): Promise<z.input<typeof approvalView>> {
    return this.#presentNow(await this.#approvals.speak(caller, id, { agrees: true, reason: body.reason }));
  }

  @Post(':id/deny')
  @Answers(approvalView, 200)
  @Refuses('conflict')
  @Summary('Refuse it; the caller is told the reason')
  async deny(
    @CurrentUser() caller: UserCaller,
    @Param({ schema: idParams }) { id }: IdParams,
    @Body({ schema: denial }) body: z.infer<typeof denial>,
  ): Promise<z.input<typeof approvalView>> {
    return this.#presentNow(await this.#approvals.speak(caller, id, { agrees: false, reason: body.reason }));
  }

  @Post(':id/run')
  @Answers(runView, 200, 202)
  @Refuses('conflict', 'approval_pending')
  @Summary('Have the gateway run the command that it kept: by its caller, the owner of the caller, or an admin')
  async run(
    @CurrentCaller() caller: Caller,
    @Param({ schema: idParams }) { id }: IdParams,
    @Res({ passthrough: true }) response: Response,
  ): Promise<z.input<typeof runView>> {
    const approval = await this.#readable(caller, id);
    const isTheirs = caller.kind === 'subagent' || approval.ownerId === caller.id || caller.role === 'admin';
    // A run by id is decided, masked and counted for its principals: limits of a token hold where it opened the session.
    if (caller.kind === 'subagent' && (caller.budgeted || !permitsAll(caller.details, approval.connectionName)))
      throw new Problem(
        'forbidden',
        'your token allows only some of what its principals may: send the command again through the gateway, which finds its approval',
      );
    if (!isTheirs) throw new Problem('forbidden', 'only its caller, the owner of the caller or an admin may run it');
    const run = await this.#runs.run(approval);
    response.status(run.finishedAt === null ? 202 : 200);
    return presentRun(run);
  }

  async #presentNow(approval: ApprovalWithWords): Promise<z.input<typeof approvalView>> {
    const { tenantId } = approval;
    return present(approval, await this.#approvals.now(), await this.#ownersOf(tenantId, [approval]));
  }

  async #ownersOf(tenantId: string, approvals: readonly ApprovalWithWords[]): Promise<Owners> {
    const ids = [...new Set(approvals.flatMap(({ ownerId }) => ownerId ?? []))];
    const users = await this.#database.user.findMany({ where: { tenantId, id: { in: ids } } });
    return new Map(users.map(({ id, name }) => [id, name]));
  }

  /** A subagent sees its own, a member those of what it owns; who is not meant to know is told there is nothing. */
  async #readable(caller: Caller, id: string): Promise<ApprovalWithWords> {
    const approval = await this.#approvals.find(caller.tenantId, id);
    const may =
      caller.kind === 'subagent'
        ? isOwnOf(caller, approval)
        : caller.role !== 'member' || approval.ownerId === caller.id;
    if (!may) throw notFound('approval');
    return approval;
  }
}
