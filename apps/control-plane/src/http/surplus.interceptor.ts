import { Injectable } from '@nestjs/common';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import type { Request } from 'express';
import type { Observable } from 'rxjs';
import type { CallerHolder } from './caller.js';
import { Problem } from './problem.js';

const most = 20;

/**
 * A body or a query that the route does not read is refused, not passed over: who sends `?dryRun=true` means it. What
 * a route does read has a schema that refuses the rest. Public routes are left to what probes add to them.
 */
@Injectable()
export class SurplusInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { query, body, caller } = context.switchToHttp().getRequest<Request & CallerHolder>();
    if (caller === undefined) return next.handle();
    const reads = readBy(context);
    const surplus = [
      ...(reads.has(RouteParamtypes.QUERY) ? [] : namesIn(query)),
      ...(reads.has(RouteParamtypes.BODY) ? [] : namesIn(body)),
    ];
    const [first] = surplus;
    if (first === undefined) return next.handle();
    const errors = surplus.slice(0, most).map((path) => ({ path, message: 'unknown field' }));
    throw new Problem('invalid_request', `${first}: unknown field`, { errors });
  }
}

function readBy(context: ExecutionContext): ReadonlySet<number> {
  const parameters: unknown = Reflect.getMetadata(ROUTE_ARGS_METADATA, context.getClass(), context.getHandler().name);
  return kindsOf(Object.keys(parameters ?? {}));
}

/**
 * Nest keeps what a handler reads under `kind:index`, and what decorators of our own read under
 * `<random hexadecimal>__customRouteArgs__:index`: such a name may begin with the digits of a kind.
 */
export const kindsOf = (parameters: readonly string[]): ReadonlySet<number> =>
  new Set(parameters.filter((name) => /^\d+:\d+$/.test(name)).map((name) => Number.parseInt(name, 10)));

const namesIn = (value: unknown): readonly string[] =>
  typeof value === 'object' && value !== null ? Object.keys(value).map((name) => name.slice(0, 200)) : [];
