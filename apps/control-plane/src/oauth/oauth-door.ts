import { Inject, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { RefusedAccess } from '../audit/refused-access.js';
import { Tenancy } from '../db/tenancy.js';
import { FailureLimiter } from '../http/failure-limiter.js';
import { Problem } from '../http/problem.js';
import { OAuthProblem } from './oauth-problem.js';

/** Failures of one address in a minute. Machines of one company often share an address. */
export const mostFailures = 100;

/** Who knocks at the routes that are open to everybody: refusals are kept, and who fails too often waits. */
@Injectable()
export class OAuthDoor {
  readonly #refused: RefusedAccess;
  readonly #tenancy: Tenancy;
  readonly #limiter = new FailureLimiter(mostFailures);

  constructor(@Inject(RefusedAccess) refused: RefusedAccess, @Inject(Tenancy) tenancy: Tenancy) {
    this.#refused = refused;
    this.#tenancy = tenancy;
  }

  /** `count`: what it does counts as a failure, though it is answered as if it were none. */
  async through<Result>(
    request: Request,
    route: string,
    work: (tenantId: string, count: () => void) => Promise<Result>,
  ): Promise<Result> {
    const tenantId = this.#tenancy.defaultTenant;
    const address = request.socket.remoteAddress ?? '';
    const refusal = { tenantId, route, address, user: undefined };
    const wait = this.#limiter.blockedFor(address);
    if (wait > 0) {
      await this.#refused.record({ ...refusal, outcome: 'too_many_requests', cause: 'too_many', claimed: undefined });
      throw new Problem('too_many_requests', 'too many refused requests', { retryAfterSeconds: wait });
    }
    try {
      return await work(tenantId, () => void this.#limiter.failed(address));
    } catch (problem) {
      if (problem instanceof OAuthProblem && problem.refusedFor !== undefined) {
        this.#limiter.failed(address);
        const { refusedFor: cause, claimed } = problem;
        await this.#refused.record({ ...refusal, outcome: 'unauthenticated', cause, claimed });
      }
      throw problem;
    }
  }
}
