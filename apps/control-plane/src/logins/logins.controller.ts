import { Controller, Delete, Get, Inject, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { Database } from '../db/database.js';
import type { Prisma } from '../db/generated/client.js';
import { Answers, AnswersNothing, list, moment } from '../http/answers.js';
import { CurrentUser } from '../http/caller.js';
import type { UserCaller } from '../http/caller.js';
import { NounDocs, Summary } from '../http/noun.js';
import { pageOf, pageQuery, timePage, toPage } from '../http/page.js';
import type { Page } from '../http/page.js';
import { notFound } from '../http/problem.js';
import { idParams, name } from '../http/text.js';
import type { IdParams } from '../http/text.js';
import { Logins, loginKinds } from './logins.service.js';
import type { LoginKind } from './logins.service.js';

const loginQuery = z.strictObject({
  ...pageQuery.shape,
  all: z.enum(['true', 'false']).default('false').describe('Also those that are over.'),
  user: name
    .optional()
    .describe('Admins and auditors: of this user, on whose behalf or in person. Others see their own.'),
  subagent: name.optional().describe('Admins and auditors: those in which this subagent acts.'),
});

const loginView = z
  .object({
    id: z.string(),
    user: z.string().nullable().describe('On whose behalf it is: the name of a user,'),
    subagent: z.string().nullable().describe('or of a subagent.'),
    how: z.enum(loginKinds),
    under: z.string().nullable().describe('Id of the login that it was delegated under.'),
    chain: list(z.string()).describe('Ids of the principals, the acting one first.'),
    purpose: z.string(),
    address: z.string().describe('Where it was begun, or used last.'),
    userAgent: z.string(),
    createdAt: moment,
    lastUsedAt: moment.describe('To the minute.'),
    expiresAt: moment,
    endedAt: moment.nullable(),
    endReason: z.string().nullable().describe('Why it was ended early.'),
  })
  .meta({ id: 'Login' });

const include = { user: { select: { name: true } }, subagent: { select: { name: true } } } as const;
type Row = Prisma.LoginGetPayload<{ include: typeof include }>;

const present = (row: Row): z.input<typeof loginView> => ({
  id: row.id,
  user: row.user?.name ?? null,
  subagent: row.subagent?.name ?? null,
  how: row.how as LoginKind,
  under: row.parentId,
  chain: row.chain,
  purpose: row.purpose,
  address: row.address,
  userAgent: row.userAgent,
  createdAt: row.createdAt,
  lastUsedAt: row.lastUsedAt,
  expiresAt: row.expiresAt,
  endedAt: row.endedAt,
  endReason: row.endReason,
});

/** Logins: people see and end their own, and what was delegated under them; admins all. */
@NounDocs('logins')
@Controller('v1/logins')
export class LoginsController {
  readonly #database: Database;
  readonly #logins: Logins;

  constructor(@Inject(Database) database: Database, @Inject(Logins) logins: Logins) {
    this.#database = database;
    this.#logins = logins;
  }

  @Get()
  @Answers(pageOf(loginView), 200)
  @Summary('List logins, newest first')
  async list(
    @CurrentUser() caller: UserCaller,
    @Query({ schema: loginQuery }) query: z.infer<typeof loginQuery>,
  ): Promise<Page<z.input<typeof loginView>>> {
    const { before, orderBy, take } = timePage('createdAt', query);
    const live = query.all === 'true' ? {} : { endedAt: null, expiresAt: { gt: new Date() } };
    const rows = await this.#database.login.findMany({
      where: { AND: [{ tenantId: caller.tenantId, ...live }, before, await this.#seenBy(caller, query)] },
      include,
      orderBy,
      take,
    });
    return toPage(rows, query.limit, (row) => [row.createdAt.toISOString(), row.id], present);
  }

  @Get(':id')
  @Answers(loginView, 200)
  @Summary('Read one')
  async get(
    @CurrentUser() caller: UserCaller,
    @Param({ schema: idParams }) { id }: IdParams,
  ): Promise<z.input<typeof loginView>> {
    const row = await this.#database.login.findFirst({
      where: { AND: [{ tenantId: caller.tenantId, id }, await this.#seenBy(caller, {})] },
      include,
    });
    if (row === null) throw notFound('login');
    return present(row);
  }

  @Delete(':id')
  @AnswersNothing()
  @Summary('End one, and every one that was delegated under it')
  async end(@CurrentUser() caller: UserCaller, @Param({ schema: idParams }) { id }: IdParams): Promise<void> {
    const whose = caller.role === 'admin' ? {} : { chain: { has: caller.id } };
    const row = await this.#database.login.findFirst({ where: { tenantId: caller.tenantId, id, ...whose } });
    if (row === null || !(await this.#logins.end(caller.tenantId, id, `ended by ${caller.name}`)))
      throw notFound('login');
  }

  async #seenBy(
    { role, id, tenantId }: UserCaller,
    { user, subagent }: { readonly user?: string | undefined; readonly subagent?: string | undefined },
  ): Promise<Prisma.LoginWhereInput> {
    if (role !== 'admin' && role !== 'auditor') return { chain: { has: id } };
    const named = [
      ...(user === undefined ? [] : [await this.#database.user.findFirst({ where: { tenantId, name: user } })]),
      ...(subagent === undefined
        ? []
        : [await this.#database.subagent.findFirst({ where: { tenantId, name: subagent } })]),
    ];
    return { AND: named.map((row) => ({ chain: { has: row?.id ?? '' } })) };
  }
}
