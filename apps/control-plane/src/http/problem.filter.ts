import { Catch, HttpException, Inject } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import type { Request, Response } from 'express';
import { mintId } from '@sallyport/runtime';
import { Prisma } from '../db/generated/client.js';
import { LOG } from '../log.js';
import type { Log } from '../log.js';
import { OAuthProblem, oauthOf } from '../oauth/oauth-problem.js';
import { Problem, problemCodes } from './problem.js';
import type { ProblemCode } from './problem.js';

/** The one place where an exception becomes an answer. What it does not know is logged, and told as `internal`. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #log: Log;

  constructor(@Inject(LOG) log: Log) {
    this.#log = log;
  }

  catch(exception: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Response>();
    const request = host.switchToHttp().getRequest<Request>();
    const reference = mintId('req');
    const problem = toProblem(exception);
    if (problem.status >= 500)
      this.#log.error(
        {
          request: reference,
          method: request.method,
          path: request.path,
          problem: problem.code,
          cause: describe(exception),
        },
        'request failed',
      );
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (request.path.startsWith('/oauth/')) {
      answerInOAuth(response, exception instanceof OAuthProblem ? exception : oauthOf(problem), problem);
      return;
    }
    if (problem.status === 401) response.setHeader('www-authenticate', 'Bearer realm="sallyport"');
    if (problem.retryAfterSeconds !== undefined) response.setHeader('retry-after', String(problem.retryAfterSeconds));
    response
      .status(problem.status)
      .type('application/problem+json')
      .send(JSON.stringify(problem.toJSON(`urn:sallyport:request:${reference}`)));
  }
}

/** The form that clients of OAuth read (RFC 6749 section 5.2). */
function answerInOAuth(response: Response, refusal: OAuthProblem, { retryAfterSeconds }: Problem): void {
  if (refusal.status === 401) response.setHeader('www-authenticate', 'Bearer realm="sallyport"');
  if (retryAfterSeconds !== undefined) response.setHeader('retry-after', String(retryAfterSeconds));
  response
    .status(refusal.status)
    .setHeader('cache-control', 'no-store')
    .json({ error: refusal.error, error_description: refusal.message });
}

export function toProblem(exception: unknown): Problem {
  if (exception instanceof Problem) return exception;
  if (exception instanceof OAuthProblem) return new Problem('invalid_request', exception.message);
  if (exception instanceof Prisma.PrismaClientKnownRequestError) return ofDatabase(exception.code);
  if (exception instanceof Prisma.PrismaClientInitializationError) return unavailable();
  const status = statusOf(exception);
  if (status === 404) return new Problem('not_found', 'there is nothing at this address');
  if (status === 400)
    return new Problem('invalid_request', 'the address or the body cannot be read (the body must be JSON)');
  const code = codes.find((name) => problemCodes[name].status === status && status < 500);
  return code === undefined
    ? new Problem('internal', 'something went wrong here; the log knows more under this request id')
    : new Problem(code, problemCodes[code].title);
}

const codes = Object.keys(problemCodes) as readonly ProblemCode[];
const unavailable = (): Problem =>
  new Problem('unavailable', 'the database cannot be reached, or is too busy', { retryAfterSeconds: 5 });

/** Codes of Prisma's client: what the database refused, as far as the caller can do something about it. */
function ofDatabase(code: string): Problem {
  switch (code) {
    case 'P2002':
      return new Problem('conflict', 'something of that name or identity is there already');
    case 'P2003':
      return new Problem('in_use', 'something else still refers to it, or what it refers to is gone');
    case 'P2025':
      return new Problem('not_found', 'it is not there any more');
    case 'P1001':
    case 'P1002':
    case 'P1008':
    case 'P1017':
    case 'P2024':
    case 'P2028':
    case 'P2034':
    case 'P2037':
    case 'ECONNREFUSED':
      return unavailable();
    default:
      return new Problem('internal', 'something went wrong here; the log knows more under this request id');
  }
}

/** Errors of Nest and of the body parser carry a status. */
function statusOf(exception: unknown): number {
  if (exception instanceof HttpException) return exception.getStatus();
  if (exception instanceof Error && 'status' in exception && typeof exception.status === 'number')
    return exception.status;
  return 500;
}

/** For the log: what broke and where, bounded. Prisma's messages name columns, never values. */
function describe(exception: unknown): string {
  return (exception instanceof Error ? (exception.stack ?? exception.message) : String(exception)).slice(0, 4_000);
}
