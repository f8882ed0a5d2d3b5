import { Body, Controller, Delete, Get, Inject, Param, Post, Query } from '@nestjs/common';
import { suggestBinding } from '@sallyport/identity';
import { z } from 'zod';
import { Database } from '../db/database.js';
import type { Prisma } from '../db/generated/client.js';
import { Answers, AnswersNothing, Refuses, moment } from '../http/answers.js';
import { CurrentUser } from '../http/caller.js';
import type { UserCaller } from '../http/caller.js';
import { NounDocs, Summary } from '../http/noun.js';
import { pageOf, pageQuery, timePage, toPage } from '../http/page.js';
import type { Page, PageQuery } from '../http/page.js';
import { notFound } from '../http/problem.js';
import { idParams, name } from '../http/text.js';
import type { IdParams } from '../http/text.js';
import { SubagentsService, subagentFields, subagentView } from './subagents.service.js';
import type { SubagentView } from './subagents.service.js';

const claims = z.record(z.string(), z.string());
const observedView = z
  .object({
    id: z.string(),
    issuer: z.string().describe('Name of the issuer that vouches for it.'),
    subject: z.string(),
    claims: claims.describe('What of its last token a binding could name.'),
    connection: z.string().describe('What it asked for last; empty: the control plane.'),
    attempts: z.int(),
    firstSeenAt: moment,
    lastSeenAt: moment,
    suggestion: z
      .object({
        platform: z.string().nullable().describe('Where it runs, if that is known.'),
        claims: claims.describe('What binds this one and no other, for good.'),
        narrowing: claims.describe('What would bind less of it: one branch, one environment.'),
        problems: z.array(z.string()).readonly().describe('Why that cannot be saved: its token lacks what is needed.'),
      })
      .describe('How it would be bound.'),
  })
  .meta({ id: 'ObservedIdentity' });
type ObservedView = z.input<typeof observedView>;

const { groups, owner, holdSeconds } = subagentFields.shape;
const bind = z.strictObject({
  name: name.describe('Of the new subagent.'),
  claims: subagentFields.shape.claims.optional().describe('By default those that are suggested.'),
  groups,
  owner,
  holdSeconds,
});

const include = { issuer: true } as const;
type Row = Prisma.ObservedIdentityGetPayload<{ include: typeof include }>;

const present = (row: Row): ObservedView => {
  const own = row.claims as Readonly<Record<string, string>>;
  const { platform, problems, ...suggestion } = suggestBinding(row.issuer.issuer, own);
  return {
    id: row.id,
    issuer: row.issuer.name,
    subject: row.subject,
    claims: own,
    connection: row.connectionName,
    attempts: row.attempts,
    firstSeenAt: row.firstSeenAt,
    lastSeenAt: row.lastSeenAt,
    suggestion: { platform: platform ?? null, ...suggestion, problems: problems.map(({ message }) => message) },
  };
};

/** Who knocked with a good token and is bound to no subagent: one step from being one. */
@NounDocs('observed identities')
@Controller('v1/observed-identities')
export class ObservedIdentitiesController {
  readonly #database: Database;
  readonly #subagents: SubagentsService;

  constructor(@Inject(Database) database: Database, @Inject(SubagentsService) subagents: SubagentsService) {
    this.#database = database;
    this.#subagents = subagents;
  }

  @Get()
  @Answers(pageOf(observedView), 200)
  @Summary('List who came with a good token and is bound to no subagent, who came last first')
  async list(
    @CurrentUser() { tenantId }: UserCaller,
    @Query({ schema: pageQuery }) query: PageQuery,
  ): Promise<Page<ObservedView>> {
    const { before, ...page } = timePage('lastSeenAt', query);
    const rows = await this.#database.observedIdentity.findMany({ where: { tenantId, ...before }, include, ...page });
    return toPage(rows, query.limit, (row) => [row.lastSeenAt.toISOString(), row.id], present);
  }

  @Post(':id/bind')
  @Answers(subagentView, 201)
  @Refuses('not_found', 'conflict')
  @Summary('Make it a subagent')
  async bind(
    @CurrentUser() { tenantId }: UserCaller,
    @Param({ schema: idParams }) { id }: IdParams,
    @Body({ schema: bind }) { name, claims, ...fields }: z.infer<typeof bind>,
  ): Promise<SubagentView> {
    const row = await this.#database.observedIdentity.findFirst({ where: { tenantId, id }, include });
    if (row === null) throw notFound('observed identity');
    const suggested = suggestBinding(row.issuer.issuer, row.claims as Readonly<Record<string, string>>);
    const made = await this.#subagents.create(tenantId, {
      ...fields,
      name,
      issuer: row.issuer.name,
      claims: claims ?? suggested.claims,
    });
    await this.#database.observedIdentity.deleteMany({ where: { tenantId, id } });
    return made;
  }

  @Delete(':id')
  @AnswersNothing()
  @Summary('Forget it, until it comes again')
  async remove(@CurrentUser() { tenantId }: UserCaller, @Param({ schema: idParams }) { id }: IdParams): Promise<void> {
    const gone = await this.#database.observedIdentity.deleteMany({ where: { tenantId, id } });
    if (gone.count === 0) throw notFound('observed identity');
  }
}
