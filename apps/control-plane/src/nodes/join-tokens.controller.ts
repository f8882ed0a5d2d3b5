import { Body, Controller, Delete, Get, Inject, Param, Post, Query } from '@nestjs/common';
import { z } from 'zod';
import { Database } from '../db/database.js';
import type { JoinToken } from '../db/generated/client.js';
import { JoinTokens } from '../enrolment/join-tokens.js';
import { CurrentUser } from '../http/caller.js';
import type { UserCaller } from '../http/caller.js';
import { Answers, AnswersNothing, moment } from '../http/answers.js';
import { NounDocs, Summary } from '../http/noun.js';
import { nounPage, pageOf, pageQuery, toPage } from '../http/page.js';
import type { Page, PageQuery } from '../http/page.js';
import { notFound } from '../http/problem.js';
import { idParams } from '../http/text.js';
import type { IdParams } from '../http/text.js';

/** As certificates name nodes (libs/pki). */
const nodeName = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/, 'must be lower-case letters, digits, dots and hyphens');

const newJoinToken = z.strictObject({
  kind: z.enum(['proxy', 'agent']),
  nodeName: nodeName.optional().describe('The only name that may enrol with it; by default any.'),
  expiresInSeconds: z.number().int().min(60).max(604_800).default(3_600),
});

const joinTokenView = z
  .object({
    id: z.string(),
    kind: z.string().describe('`proxy` or `agent`.'),
    nodeName: z.string().nullable().describe('The only name that may enrol with it; null: any.'),
    expiresAt: moment,
    usedAt: moment.nullable(),
    usedBy: z.string().nullable().describe('Name of the node that enrolled with it.'),
    createdBy: z.string(),
    createdAt: moment,
  })
  .meta({ id: 'JoinToken' });
const freshJoinToken = joinTokenView
  .extend({ token: z.string().describe('Shown only here.') })
  .meta({ id: 'FreshJoinToken' });

const present = (row: JoinToken): z.input<typeof joinTokenView> => ({
  id: row.id,
  kind: row.kind,
  nodeName: row.nodeName,
  expiresAt: row.expiresAt,
  usedAt: row.usedAt,
  usedBy: row.usedBy,
  createdBy: row.createdBy,
  createdAt: row.createdAt,
});

/** What a new proxy or agent enrols with: once, for a while. */
@NounDocs('join-tokens')
@Controller('v1/join-tokens')
export class JoinTokensController {
  readonly #database: Database;
  readonly #tokens: JoinTokens;

  constructor(@Inject(Database) database: Database, @Inject(JoinTokens) tokens: JoinTokens) {
    this.#database = database;
    this.#tokens = tokens;
  }

  @Get()
  @Answers(pageOf(joinTokenView), 200)
  @Summary('List join tokens')
  async list(
    @CurrentUser() caller: UserCaller,
    @Query({ schema: pageQuery }) query: PageQuery,
  ): Promise<Page<z.input<typeof joinTokenView>>> {
    const rows = await this.#database.joinToken.findMany(nounPage(caller.tenantId, query));
    return toPage(rows, query.limit, (row) => [row.id], present);
  }

  @Post()
  @Answers(freshJoinToken, 201)
  @Summary('Make a join token; the answer shows it once')
  async create(
    @CurrentUser() caller: UserCaller,
    @Body({ schema: newJoinToken }) body: z.infer<typeof newJoinToken>,
  ): Promise<z.input<typeof freshJoinToken>> {
    const { row, token } = await this.#tokens.create({
      tenantId: caller.tenantId,
      kind: body.kind,
      nodeName: body.nodeName,
      expiresAt: new Date(Date.now() + body.expiresInSeconds * 1000),
      createdBy: caller.name,
    });
    return { ...present(row), token };
  }

  @Delete(':id')
  @AnswersNothing()
  @Summary('Take a join token back')
  async remove(@CurrentUser() caller: UserCaller, @Param({ schema: idParams }) { id }: IdParams): Promise<void> {
    const done = await this.#database.joinToken.deleteMany({ where: { tenantId: caller.tenantId, id, usedAt: null } });
    if (done.count === 0) throw notFound('unused join token');
  }
}
