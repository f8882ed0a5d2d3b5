import { Controller, Get, Inject, Query } from '@nestjs/common';
import { z } from 'zod';
import { Database } from '../db/database.js';
import type { AdminAction } from '../db/generated/client.js';
import { Answers, moment } from '../http/answers.js';
import { CurrentUser } from '../http/caller.js';
import type { UserCaller } from '../http/caller.js';
import { NounDocs, Summary } from '../http/noun.js';
import { pageOf, pageQuery, timePage, toPage } from '../http/page.js';
import type { Page } from '../http/page.js';
import { instant, line } from '../http/text.js';
import { auditEventView, auditTypes, presentEvent } from './audit-event.js';
import type { AuditEventView } from './audit-event.js';

const span = { from: instant.optional().describe('At or after.'), to: instant.optional().describe('Before.') };

const auditQuery = z.strictObject({
  ...pageQuery.shape,
  ...span,
  principal: line(200).optional().describe('Name of the caller.'),
  connection: line(200).optional(),
  session: line(64).optional().describe('Id of the session.'),
  verdict: z.enum(['allowed', 'approved', 'tried', 'refused']).optional(),
  table: line(300).optional().describe('`schema.table` that a command touched.'),
  type: z.enum(auditTypes).optional(),
});
const actionQuery = z.strictObject({
  ...pageQuery.shape,
  ...span,
  user: line(200).optional(),
  noun: line(64).optional(),
  outcome: line(64).optional().describe('`done`, `unauthenticated`, `forbidden` or the code of another problem.'),
});

const actionView = z
  .object({
    id: z.string(),
    at: moment,
    user: z.string().describe('Name; empty: nobody that we know.'),
    userId: z.string().nullable(),
    action: z.string().describe('The route.'),
    noun: z.string(),
    nounId: z.string().nullable(),
    outcome: z.string().describe('`done`, `started` (nothing more is known), or the code of the problem.'),
    detail: z.unknown(),
  })
  .meta({ id: 'AdminAction' });

const presentAction = (row: AdminAction): z.input<typeof actionView> => ({
  id: row.id,
  at: row.at,
  user: row.userName,
  userId: row.userId,
  action: row.action,
  noun: row.noun,
  nounId: row.nounId,
  outcome: row.outcome,
  detail: row.detail,
});

const within = ({ from, to }: { readonly from?: string | undefined; readonly to?: string | undefined }) => ({
  ...(from === undefined ? {} : { gte: new Date(from) }),
  ...(to === undefined ? {} : { lt: new Date(to) }),
});

@NounDocs('audit')
@Controller('v1')
export class AuditController {
  readonly #database: Database;

  constructor(@Inject(Database) database: Database) {
    this.#database = database;
  }

  @Get('audit')
  @Answers(pageOf(auditEventView), 200)
  @Summary('What subagents did, event by event, newest first')
  async audit(
    @CurrentUser() caller: UserCaller,
    @Query({ schema: auditQuery }) query: z.infer<typeof auditQuery>,
  ): Promise<Page<AuditEventView>> {
    const { before, ...page } = timePage('at', query);
    const rows = await this.#database.auditRecord.findMany({
      where: {
        tenantId: caller.tenantId,
        at: within(query),
        ...(query.principal === undefined ? {} : { callerName: query.principal }),
        ...(query.connection === undefined ? {} : { connectionName: query.connection }),
        ...(query.session === undefined ? {} : { sessionId: query.session }),
        ...(query.verdict === undefined ? {} : { verdict: query.verdict }),
        ...(query.table === undefined ? {} : { tables: { has: query.table } }),
        ...(query.type === undefined ? {} : { type: query.type }),
        AND: before,
      },
      ...page,
    });
    return toPage(rows, query.limit, (row) => [row.at.toISOString(), row.id], presentEvent);
  }

  @Get('admin-actions')
  @Answers(pageOf(actionView), 200)
  @Summary('What people changed over REST, and who was not let in, newest first')
  async adminActions(
    @CurrentUser() caller: UserCaller,
    @Query({ schema: actionQuery }) query: z.infer<typeof actionQuery>,
  ): Promise<Page<z.input<typeof actionView>>> {
    const { before, ...page } = timePage('at', query);
    const rows = await this.#database.adminAction.findMany({
      where: {
        tenantId: caller.tenantId,
        at: within(query),
        ...(query.user === undefined ? {} : { userName: query.user }),
        ...(query.noun === undefined ? {} : { noun: query.noun }),
        ...(query.outcome === undefined ? {} : { outcome: query.outcome }),
        AND: before,
      },
      ...page,
    });
    return toPage(rows, query.limit, (row) => [row.at.toISOString(), row.id], presentAction);
  }
}
