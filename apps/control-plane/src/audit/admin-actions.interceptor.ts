import { Inject, Injectable } from '@nestjs/common';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { Request } from 'express';
import { from, lastValueFrom } from 'rxjs';
import type { Observable } from 'rxjs';
import { mintId } from '@sallyport/runtime';
import { Database } from '../db/database.js';
import type { Prisma } from '../db/generated/client.js';
import { Tenancy } from '../db/tenancy.js';
import type { CallerHolder } from '../http/caller.js';
import { toProblem } from '../http/problem.filter.js';
import { routeOf } from '../http/route.js';
import { withoutSecrets } from './without-secrets.js';

/** Records every mutation: before it is made, so that none goes without; its outcome follows. */
@Injectable()
export class AdminActionsInterceptor implements NestInterceptor {
  readonly #database: Database;
  readonly #tenancy: Tenancy;

  constructor(@Inject(Database) database: Database, @Inject(Tenancy) tenancy: Tenancy) {
    this.#database = database;
    this.#tenancy = tenancy;
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<Request & CallerHolder>();
    if (request.method === 'GET' || request.method === 'HEAD') return next.handle();
    return from(this.#record(request, routeOf(context.getClass(), context.getHandler()) ?? '', next));
  }

  async #record(request: Request & CallerHolder, route: string, next: CallHandler): Promise<unknown> {
    const { caller } = request;
    const id = mintId('act');
    await this.#database.adminAction.create({
      data: {
        id,
        tenantId: caller?.tenantId ?? this.#tenancy.defaultTenant,
        userId: caller?.kind === 'user' ? caller.id : null,
        userName: caller?.name ?? '',
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
