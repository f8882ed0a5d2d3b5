import { Controller, Get, Inject, Post, Query } from '@nestjs/common';
import { z } from 'zod';
import { Database } from '../db/database.js';
import { Answers, AnswersNothing, moment } from '../http/answers.js';
import { CurrentUser } from '../http/caller.js';
import type { UserCaller } from '../http/caller.js';
import { NounDocs, Summary } from '../http/noun.js';
import { pageOf, pageQuery, timePage, toPage } from '../http/page.js';
import type { Page, PageQuery } from '../http/page.js';
import { TokenKeys, published } from './token-keys.js';

const keyView = z
  .object({
    id: z.string().describe('`kid` of the tokens that it signs.'),
    activeAt: moment.describe('From then on it signs; it is published before.'),
    createdAt: moment,
  })
  .meta({ id: 'TokenKey' });

/** Keys that sign access tokens. */
@NounDocs('token-keys')
@Controller('v1/token-keys')
export class TokenKeysController {
  readonly #database: Database;
  readonly #keys: TokenKeys;

  constructor(@Inject(Database) database: Database, @Inject(TokenKeys) keys: TokenKeys) {
    this.#database = database;
    this.#keys = keys;
  }

  @Get()
  @Answers(pageOf(keyView), 200)
  @Summary('List the published keys that access tokens are signed with, newest first')
  async list(
    @CurrentUser() caller: UserCaller,
    @Query({ schema: pageQuery }) query: PageQuery,
  ): Promise<Page<z.input<typeof keyView>>> {
    const { before, orderBy, take } = timePage('createdAt', query);
    const where = { AND: [{ ...published, tenantId: caller.tenantId }, before] };
    const select = { id: true, activeAt: true, createdAt: true } as const;
    const rows = await this.#database.keyring.findMany({ where, select, orderBy, take });
    return toPage(
      rows,
      query.limit,
      (row) => [row.createdAt.toISOString(), row.id],
      (row) => row,
    );
  }

  @Post('rotate')
  @AnswersNothing()
  @Summary('Sign with the next key as soon as every proxy can have it')
  rotate(@CurrentUser() caller: UserCaller): Promise<void> {
    return this.#keys.rotate(caller.tenantId);
  }
}
