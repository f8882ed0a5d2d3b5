import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { Request, Response } from 'express';
import { from, lastValueFrom } from 'rxjs';
import type { Observable } from 'rxjs';
import { mintId } from '@sallyport/runtime';
import { CONFIG } from '../config.js';
import type { Config } from '../config.js';
import { Database } from '../db/database.js';
import { Sealer } from '../db/sealed.js';
import type { CallerHolder, UserCaller } from './caller.js';
import { Problem, invalidField } from './problem.js';
import { routeOf } from './route.js';

const keptFor = 24 * 3_600_000;
/** A request that is not done by then died with its replica; its key may be used again. */
const abandonedAfter = 60_000;
const inProgress = 0;

/**
 * `Idempotency-Key` on POST: the first request with a key does the work, a repeated one gets the first one's answer.
 * Answers may hold a token that is shown once, so they are kept sealed.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  readonly #database: Database;
  readonly #sealer: Sealer;

  constructor(@Inject(Database) database: Database, @Inject(CONFIG) config: Config) {
    this.#database = database;
    this.#sealer = new Sealer(config.key, 'idempotency');
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<Request & CallerHolder>();
    const key = request.headers['idempotency-key'];
    if (request.method !== 'POST' || key === undefined || request.caller?.kind !== 'user') return next.handle();
    if (typeof key !== 'string' || !/^[\x21-\x7e]{1,200}$/.test(key))
      throw invalidField('Idempotency-Key', 'must be 1 to 200 visible ASCII characters');
    const route = routeOf(context.getClass(), context.getHandler()) ?? '';
    return from(this.#once({ caller: request.caller, key, route }, request, context, next));
  }

  async #once(
    { caller, key, route }: { readonly caller: UserCaller; readonly key: string; readonly route: string },
    request: Request,
    context: ExecutionContext,
    next: CallHandler,
  ): Promise<unknown> {
    const response = context.switchToHttp().getResponse<Response>();
    const bodyHash = createHash('sha256')
      .update(JSON.stringify([request.path, request.body ?? null]))
      .digest('hex');
    const scope = { tenantId: caller.tenantId, userId: caller.id, key, route };
    const seal = `${caller.tenantId}/${caller.id}/${key}`;
    const now = Date.now();
    await this.#database.idempotencyKey.deleteMany({
      where: {
        OR: [
          { createdAt: { lt: new Date(now - keptFor) } },
          { ...scope, status: inProgress, createdAt: { lt: new Date(now - abandonedAfter) } },
        ],
      },
    });
    const id = mintId('idk');
    const claimed = await this.#database.idempotencyKey.createMany({
      data: [{ id, ...scope, bodyHash, status: inProgress, response: {} }],
      skipDuplicates: true,
    });
    if (claimed.count === 0) {
      const first = await this.#database.idempotencyKey.findUnique({ where: { tenantId_userId_key_route: scope } });
      if (first === null || first.status === inProgress)
        throw new Problem('in_progress', 'a request with this key is being worked on', { retryAfterSeconds: 1 });
      if (first.bodyHash !== bodyHash)
        throw new Problem('idempotency_key_reused', 'this key was used with another body; take a new one');
      response.status(first.status).setHeader('idempotency-replayed', 'true');
      const sealed = (first.response as { readonly sealed: string }).sealed;
      return JSON.parse(this.#sealer.open(Buffer.from(sealed, 'base64'), seal).toString('utf8'));
    }
    try {
      const result: unknown = await lastValueFrom(next.handle(), { defaultValue: null });
      const sealed = this.#sealer.seal(Buffer.from(JSON.stringify(result ?? null)), seal).toString('base64');
      await this.#database.idempotencyKey.update({
        where: { id },
        data: { status: response.statusCode, response: { sealed } },
      });
      return result;
    } catch (problem) {
      // What failed did nothing: the key is free for another try.
      await this.#database.idempotencyKey.deleteMany({ where: { id, status: inProgress } });
      throw problem;
    }
  }
}
