import { Inject, Injectable } from '@nestjs/common';
import type { StatementIntent, StatementOutcome, StatementRefused } from '@sallyport/audit';
import { z } from 'zod';
import { SessionEnding } from '../configuration/session-ending.js';
import { Database } from '../db/database.js';
import type { Session } from '../db/generated/client.js';
import { moment } from '../http/answers.js';
import { decodeCountCursor, pageQuery, timePage, toPage } from '../http/page.js';
import type { Page, PageQuery } from '../http/page.js';
import { Problem, notFound } from '../http/problem.js';
import { instant, line } from '../http/text.js';
import { presentStatement } from './statement.js';
import type { StatementView } from './statement.js';

export const sessionQuery = z.strictObject({
  ...pageQuery.shape,
  principal: line(200).optional().describe('Name of the caller.'),
  connection: line(200).optional(),
  open: z.enum(['true', 'false']).optional().describe('Only sessions that are open, or only those that are not.'),
  from: instant.optional().describe('Opened at or after.'),
  to: instant.optional().describe('Opened before.'),
});
export type SessionQuery = z.infer<typeof sessionQuery>;

export const sessionView = z
  .object({
    id: z.string(),
    caller: z.object({ kind: z.string(), id: z.string(), name: z.string() }),
    connection: z.string(),
    database: z.string(),
    proxy: z.string(),
    agent: z.string(),
    clientAddress: z.string(),
    application: z.string(),
    openedAt: moment,
    closedAt: moment.nullable().describe('null: it is open.'),
    closeCause: z.string().nullable(),
    statements: z.int(),
    refusals: z.int(),
  })
  .meta({ id: 'Session' });
export type SessionView = z.input<typeof sessionView>;

const present = (row: Session): SessionView => ({
  id: row.id,
  caller: { kind: row.callerKind, id: row.callerId, name: row.callerName },
  connection: row.connectionName,
  database: row.database,
  proxy: row.proxy,
  agent: row.agent,
  clientAddress: row.clientAddress,
  application: row.application,
  openedAt: row.openedAt,
  closedAt: row.closedAt,
  closeCause: row.closeCause,
  statements: row.statements,
  refusals: row.refusals,
});

/** Who was connected, and what they did: reading only. */
@Injectable()
export class SessionsService {
  readonly #database: Database;
  readonly #ending: SessionEnding;

  constructor(@Inject(Database) database: Database, @Inject(SessionEnding) ending: SessionEnding) {
    this.#database = database;
    this.#ending = ending;
  }

  async list(tenantId: string, query: SessionQuery): Promise<Page<SessionView>> {
    const { before, ...page } = timePage('openedAt', query);
    const rows = await this.#database.session.findMany({
      where: {
        tenantId,
        ...(query.principal === undefined ? {} : { callerName: query.principal }),
        ...(query.connection === undefined ? {} : { connectionName: query.connection }),
        ...(query.open === undefined ? {} : { closedAt: query.open === 'true' ? null : { not: null } }),
        openedAt: { ...(query.from && { gte: new Date(query.from) }), ...(query.to && { lt: new Date(query.to) }) },
        AND: before,
      },
      ...page,
    });
    return toPage(rows, query.limit, (row) => [row.openedAt.toISOString(), row.id], present);
  }

  async get(tenantId: string, id: string): Promise<SessionView> {
    return present(await this.#find(tenantId, id));
  }

  async statements(tenantId: string, id: string, { limit, cursor }: PageQuery): Promise<Page<StatementView>> {
    await this.#find(tenantId, id);
    const after = cursor === undefined ? -1 : decodeCountCursor(cursor);
    const decided = await this.#database.auditRecord.findMany({
      where: {
        tenantId,
        sessionId: id,
        type: { in: ['statement.intent', 'statement.refused'] },
        sequence: { gt: after },
      },
      orderBy: { sequence: 'asc' },
      take: limit + 1,
    });
    const commands = decided.flatMap((row) => (row.commandId === null ? [] : [row.commandId]));
    const outcomes = await this.#database.auditRecord.findMany({
      where: { tenantId, sessionId: id, type: 'statement.outcome', commandId: { in: commands } },
    });
    const byCommand = new Map(outcomes.map((row) => [row.commandId, row.content as unknown as StatementOutcome]));
    return toPage(
      decided,
      limit,
      (row) => [String(row.sequence)],
      (row) =>
        presentStatement(row.content as unknown as StatementIntent | StatementRefused, byCommand.get(row.commandId)),
    );
  }

  async end(tenantId: string, id: string, by: string): Promise<SessionView> {
    const session = await this.#find(tenantId, id);
    if (session.closedAt !== null) throw new Problem('conflict', 'the session is over already');
    await this.#ending.request({ tenantId, sessionId: id, reason: `ended by ${by}` });
    return present(session);
  }

  async #find(tenantId: string, id: string): Promise<Session> {
    const row = await this.#database.session.findFirst({ where: { tenantId, id } });
    if (row === null) throw notFound('session');
    return row;
  }
}
