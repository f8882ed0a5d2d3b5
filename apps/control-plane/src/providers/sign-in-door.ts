import { Inject, Injectable } from '@nestjs/common';
import { mintId } from '@sallyport/runtime';
import type { Request, Response } from 'express';
import { RefusedAccess } from '../audit/refused-access.js';
import { Tenancy } from '../db/tenancy.js';
import { FailureLimiter } from '../http/failure-limiter.js';
import { LOG } from '../log.js';
import type { Log } from '../log.js';
import { sendRefusal } from './pages.js';
import { SignInRefused } from './sign-in-refused.js';

/** Refusals of one address in a minute, and sign-ins that it begins. People of one company often share an address. */
export const mostRefused = 100;
export const mostBegun = 600;

/** Who knocks at the pages that are open to everybody: refusals are kept, and who comes too often waits. */
@Injectable()
export class SignInDoor {
  readonly #refused: RefusedAccess;
  readonly #tenancy: Tenancy;
  readonly #log: Log;
  readonly #failures = new FailureLimiter(mostRefused);
  readonly #requests = new FailureLimiter(mostBegun);

  constructor(@Inject(RefusedAccess) refused: RefusedAccess, @Inject(Tenancy) tenancy: Tenancy, @Inject(LOG) log: Log) {
    this.#refused = refused;
    this.#tenancy = tenancy;
    this.#log = log;
  }

  /** A refusal becomes a page for a person. */
  async through(request: Request, response: Response, route: string, work: () => Promise<void>): Promise<void> {
    const reference = mintId('req');
    const refusal = await this.#try(request, { route, reference }, work);
    if (refusal === undefined) return;
    sendRefusal(response, refusal.cause, reference);
  }

  /** For a provider's own request (OpenID Connect Back-Channel Logout 1.0, 2.8). */
  async answering(request: Request, response: Response, route: string, work: () => Promise<void>): Promise<void> {
    const refusal = await this.#try(request, { route, reference: mintId('req') }, work);
    if (refusal === undefined) response.status(200).end();
    else
      response
        .status(refusal.cause === 'too_many_requests' ? 429 : 400)
        .json({ error: 'invalid_request', error_description: refusal.message });
  }

  async #try(
    request: Request,
    { route, reference }: { readonly route: string; readonly reference: string },
    work: () => Promise<void>,
  ): Promise<SignInRefused | undefined> {
    const address = request.socket.remoteAddress ?? '';
    const about = { tenantId: this.#tenancy.defaultTenant, route, address, user: undefined, claimed: undefined };
    if (this.#failures.blockedFor(address) > 0 || this.#requests.blockedFor(address) > 0) {
      await this.#refused.record({ ...about, outcome: 'too_many_requests', cause: 'too_many' });
      return new SignInRefused('too_many_requests');
    }
    this.#requests.failed(address);
    try {
      await work();
      return undefined;
    } catch (problem) {
      if (!(problem instanceof SignInRefused)) throw problem;
      this.#failures.failed(address);
      const cause = problem.detail === '' ? problem.cause : `${problem.cause}: ${problem.detail}`;
      this.#log.info({ reference, route, cause }, 'a sign-in or sign-out was refused');
      await this.#refused.record({ ...about, outcome: 'unauthenticated', cause });
      return problem;
    }
  }
}
