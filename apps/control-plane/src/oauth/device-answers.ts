import { Inject, Injectable } from '@nestjs/common';
import type { DeviceCode } from '../db/generated/client.js';
import type { UserCaller } from '../http/caller.js';
import { FailureLimiter } from '../http/failure-limiter.js';
import { Problem, notFound } from '../http/problem.js';
import { Logins } from '../logins/logins.service.js';
import { DeviceCodes } from './device-codes.js';

/** Wrong codes of one person in a minute. */
export const mostWrongCodes = 10;

/** A person's word on a device. Who guesses codes has to wait: a guessed one would log a stranger's device in as them. */
@Injectable()
export class DeviceAnswers {
  readonly #devices: DeviceCodes;
  readonly #logins: Logins;
  readonly #limiter = new FailureLimiter(mostWrongCodes);

  constructor(@Inject(DeviceCodes) devices: DeviceCodes, @Inject(Logins) logins: Logins) {
    this.#devices = devices;
    this.#logins = logins;
  }

  async look({ id, tenantId }: UserCaller, code: string): Promise<DeviceCode> {
    this.#checkGuesses(id);
    const waiting = await this.#devices.waiting(tenantId, code);
    if (waiting === undefined) throw this.#wrong(id);
    return waiting;
  }

  async answer({ id, tenantId, loginId }: UserCaller, code: string, agrees: boolean): Promise<void> {
    this.#checkGuesses(id);
    // An API token could be somebody else's by now, and a login of it would outlive it.
    const login = loginId === null ? undefined : await this.#logins.alive(tenantId, { id: loginId });
    if (agrees && login?.how !== 'browser')
      throw new Problem('forbidden', 'sign in with a browser to log a device in: a token cannot make a login');
    if (!(await this.#devices.answer(tenantId, code, { agrees, userId: id, loginId }))) throw this.#wrong(id);
  }

  #checkGuesses(userId: string): void {
    const wait = this.#limiter.blockedFor(userId);
    if (wait > 0) throw new Problem('too_many_requests', 'too many wrong codes', { retryAfterSeconds: wait });
  }

  #wrong(userId: string): Problem {
    this.#limiter.failed(userId);
    return notFound('device with this code');
  }
}
