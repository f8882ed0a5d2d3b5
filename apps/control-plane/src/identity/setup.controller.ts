import { Body, Controller, Inject, Post, Req } from '@nestjs/common';
import type { Request } from 'express';
import { z } from 'zod';
import { mintId } from '@sallyport/runtime';
import { RefusedAccess } from '../audit/refused-access.js';
import { Database } from '../db/database.js';
import { Tenancy } from '../db/tenancy.js';
import { Answers, Refuses } from '../http/answers.js';
import { FailureLimiter } from '../http/failure-limiter.js';
import { NounDocs, Summary } from '../http/noun.js';
import { Problem } from '../http/problem.js';
import { line, name } from '../http/text.js';
import { hashSecret, mintSecret } from './secret-token.js';

const setup = z.strictObject({
  token: z.string().max(200).describe('The one-time token that the first start printed.'),
  name: name.describe('Name of the first admin.'),
  email: line(254).optional(),
});

const firstAdmin = z
  .object({
    id: z.string(),
    name: z.string(),
    role: z.literal('admin'),
    token: z.string().describe('Its API token, shown only here.'),
  })
  .meta({ id: 'FirstAdmin' });

/** First start: the one-time token becomes the first admin. */
@NounDocs('setup')
@Controller('v1/setup')
export class SetupController {
  readonly #database: Database;
  readonly #tenancy: Tenancy;
  readonly #refused: RefusedAccess;
  readonly #limiter = new FailureLimiter(10);

  constructor(
    @Inject(Database) database: Database,
    @Inject(Tenancy) tenancy: Tenancy,
    @Inject(RefusedAccess) refused: RefusedAccess,
  ) {
    this.#database = database;
    this.#tenancy = tenancy;
    this.#refused = refused;
  }

  @Post()
  @Answers(firstAdmin, 201)
  @Refuses('unauthenticated', 'too_many_requests')
  @Summary('Create the first admin; the answer shows its API token once')
  async create(
    @Body({ schema: setup }) body: z.infer<typeof setup>,
    @Req() request: Request,
  ): Promise<z.input<typeof firstAdmin>> {
    const address = request.socket.remoteAddress ?? '';
    const wait = this.#limiter.blockedFor(address);
    const tenantId = this.#tenancy.defaultTenant;
    const refusal = {
      tenantId,
      route: 'POST /v1/setup',
      cause: 'setup_token',
      address,
      user: undefined,
      claimed: undefined,
    };
    if (wait > 0) {
      await this.#refused.record({ ...refusal, outcome: 'too_many_requests' });
      throw new Problem('too_many_requests', 'too many wrong tokens', { retryAfterSeconds: wait });
    }
    const token = mintSecret('sat');
    const userId = mintId('usr');
    const done = await this.#database.$transaction(async (transaction) => {
      // The hash is the lock: of two who send the same token, one finds it.
      const taken = await transaction.tenant.updateMany({
        where: { id: tenantId, setupTokenHash: hashSecret(body.token) },
        data: { setupTokenHash: null },
      });
      if (taken.count !== 1) return false;
      await transaction.user.create({
        data: { id: userId, tenantId, name: body.name, email: body.email ?? null, role: 'admin' },
      });
      await transaction.apiToken.create({
        data: { id: mintId('tok'), tenantId, userId, name: 'setup', hash: hashSecret(token) },
      });
      await transaction.adminAction.create({
        data: {
          ...{ id: mintId('act'), tenantId, userId, userName: body.name, nounId: userId },
          ...{ action: 'POST /v1/setup', noun: 'setup', outcome: 'done', detail: { address } },
        },
      });
      return true;
    });
    if (!done) {
      this.#limiter.failed(address);
      await this.#refused.record({ ...refusal, outcome: 'unauthenticated' });
      throw new Problem('unauthenticated', 'the set-up token is wrong, or was used already');
    }
    return { id: userId, name: body.name, role: 'admin', token };
  }
}
