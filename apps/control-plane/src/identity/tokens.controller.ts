import { Body, Controller, Delete, Get, Inject, Param, Post, Query } from '@nestjs/common';
import { z } from 'zod';
import { mintId } from '@sallyport/runtime';
import { Database } from '../db/database.js';
import type { Prisma } from '../db/generated/client.js';
import { Answers, AnswersNothing, Refuses, moment } from '../http/answers.js';
import { CurrentUser } from '../http/caller.js';
import type { UserCaller } from '../http/caller.js';
import { NounDocs, Summary } from '../http/noun.js';
import { nounPage, pageOf, pageQuery, toPage } from '../http/page.js';
import type { Page } from '../http/page.js';
import { Problem, notFound } from '../http/problem.js';
import { byReference, idParams, line, name } from '../http/text.js';
import type { IdParams } from '../http/text.js';
import { hashSecret, mintSecret } from './secret-token.js';

const tokenQuery = z.strictObject({
  ...pageQuery.shape,
  user: name.optional().describe('Admins: only the tokens of this user. Others see their own.'),
});
const newToken = z.strictObject({
  name: line(100).min(1).describe('What it is for.'),
  user: name.optional().describe('Admins: whose token it is. By default your own.'),
  expiresInSeconds: z
    .number()
    .int()
    .min(60)
    .max(31_536_000)
    .optional()
    .describe('By default as long as the token that you ask with: until revoked, or until its end.'),
});

type Row = Prisma.ApiTokenGetPayload<{ include: { user: true } }>;

const tokenView = z
  .object({
    id: z.string(),
    name: z.string().describe('What it is for.'),
    user: z.string().describe('Name of the user whose token it is.'),
    expiresAt: moment.nullable(),
    revokedAt: moment.nullable(),
    lastUsedAt: moment.nullable().describe('To the minute.'),
    createdAt: moment,
  })
  .meta({ id: 'Token' });
const freshToken = tokenView.extend({ token: z.string().describe('Shown only here.') }).meta({ id: 'FreshToken' });

const present = (row: Row): z.input<typeof tokenView> => ({
  id: row.id,
  name: row.name,
  user: row.user.name,
  expiresAt: row.expiresAt,
  revokedAt: row.revokedAt,
  lastUsedAt: row.lastUsedAt,
  createdAt: row.createdAt,
});

/** API tokens of people. A token itself is shown once, when it is made. */
@NounDocs('tokens')
@Controller('v1/tokens')
export class TokensController {
  readonly #database: Database;

  constructor(@Inject(Database) database: Database) {
    this.#database = database;
  }

  @Get()
  @Answers(pageOf(tokenView), 200)
  @Summary('List API tokens')
  async list(
    @CurrentUser() caller: UserCaller,
    @Query({ schema: tokenQuery }) query: z.infer<typeof tokenQuery>,
  ): Promise<Page<z.input<typeof tokenView>>> {
    const { where, ...page } = nounPage(caller.tenantId, query);
    const whose =
      caller.role === 'admin'
        ? query.user === undefined
          ? {}
          : { user: { name: query.user } }
        : { userId: caller.id };
    const rows = await this.#database.apiToken.findMany({
      where: { ...where, ...whose },
      include: { user: true },
      ...page,
    });
    return toPage(rows, query.limit, (row) => [row.id], present);
  }

  @Post()
  @Answers(freshToken, 201)
  @Refuses('not_found')
  @Summary('Make an API token; the answer shows it once')
  async create(
    @CurrentUser() caller: UserCaller,
    @Body({ schema: newToken }) body: z.infer<typeof newToken>,
  ): Promise<z.input<typeof freshToken>> {
    if (body.user !== undefined && body.user !== caller.name && caller.role !== 'admin')
      throw new Problem('forbidden', "only admins make other people's tokens");
    const user = await this.#database.user.findFirst({
      where: byReference(caller.tenantId, body.user ?? caller.id),
    });
    if (user === null) throw notFound('user');
    const expiresAt = endOf(body.expiresInSeconds, caller.tokenExpiresAt);
    const token = mintSecret('sat');
    const row = await this.#database.apiToken.create({
      data: {
        id: mintId('tok'),
        tenantId: caller.tenantId,
        userId: user.id,
        name: body.name,
        hash: hashSecret(token),
        // Whoever had this token, or the one that it is made with, could speak as its user.
        makers: [...new Set([...caller.tokenMakers, caller.id])].filter((maker) => maker !== user.id),
        expiresAt,
      },
      include: { user: true },
    });
    return { ...present(row), token };
  }

  @Delete(':id')
  @AnswersNothing()
  @Summary('Revoke an API token')
  async revoke(@CurrentUser() caller: UserCaller, @Param({ schema: idParams }) { id }: IdParams): Promise<void> {
    const whose = caller.role === 'admin' ? {} : { userId: caller.id };
    const done = await this.#database.apiToken.updateMany({
      where: { id, tenantId: caller.tenantId, revokedAt: null, ...whose },
      data: { revokedAt: new Date() },
    });
    if (done.count === 0) throw notFound('token');
  }
}

/** No token makes one that outlives it: who finds one that ends must not be able to keep it. */
function endOf(seconds: number | undefined, own: Date | null): Date | null {
  if (seconds === undefined) return own;
  const end = new Date(Date.now() + seconds * 1000);
  if (own !== null && end > own) throw new Problem('forbidden', 'a token cannot make one that outlives it');
  return end;
}
