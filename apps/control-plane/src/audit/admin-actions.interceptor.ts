import { Inject, Injectable } from '@nestjs/common';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { Request } from 'express';
import { from, lastValueFrom } from 'rxjs';
import type { Observable } from 'rxjs';
import { mintId } from '@sallyport/runtime';
import { Database } from '../db/database.js';
import type { Prisma } from '../db/generated/client.js';
import type { Caller, CallerHolder } from '../http/caller.js';
import { toProblem } from '../http/problem.filter.js';
import { routeOf } from '../http/route.js';
import { withoutSecrets } from './without-secrets.js';

/** They change nothing; a token must not stand in an address, so they are no GET. */
const questions = new Set(['POST /oauth/introspect']);

/**
 * Records every mutation by somebody who is known: before it is made, so that none goes without; its outcome follows.
 * What strangers may do (set-up) keeps its own record, so that they cannot fill the database.
 */
@Injectable()
export class AdminActionsInterceptor implements NestInterceptor {
  readonly #database: Database;

  constructor(@Inject(Database) database: Database) {
    this.#database = database;
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<Request & CallerHolder>();
    const { caller } = request;
    if (request.method === 'GET' || request.method === 'HEAD' || caller === undefined) return next.handle();
    const route = routeOf(context.getClass(), context.getHandler()) ?? '';
    if (questions.has(route)) return next.handle();
    return from(this.#record({ caller, request, route }, next));
  }

  async #record(
    { caller, request, route }: { readonly caller: Caller; readonly request: Request; readonly route: string },
    next: CallHandler,
  ): Promise<unknown> {
    const id = mintId('act');
    await this.#database.adminAction.create({
      data: {
        id,
        tenantId: caller.tenantId,
        userId: caller.kind === 'user' ? caller.id : null,
        userName: caller.name,
        action: route,
        noun: route.split('/')[2] ?? '',
        nounId: firstParameter(request),
        outcome: 'started',
        detail: { body: withoutSecrets(request.body) } as Prisma.InputJsonObject,
      },
    });
    try {
      const result: unknown = await lastValueFrom(next.handle(), { defaultValue: undefined });
      await this.#database.adminAction.update({ where: { id }, data: { outcome: 'done', ...nounOf(result) } });
      return result;
    } catch (problem) {
      await this.#database.adminAction
        .update({ where: { id }, data: { outcome: toProblem(problem).code } })
        .catch(() => undefined);
      throw problem;
    }
  }
}

function firstParameter(request: Request): string | null {
  const value = request.params['ref'] ?? request.params['id'];
  return typeof value === 'string' ? value.replaceAll('\0', '').toWellFormed().slice(0, 100) : null;
}

const nounOf = (result: unknown): { nounId?: string } =>
  typeof result === 'object' && result !== null && 'id' in result && typeof result.id === 'string'
    ? { nounId: result.id }
    : {};
