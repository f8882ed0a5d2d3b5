import { Inject, Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { Authenticator } from '../identity/authenticator.js';
import { accessOf } from './authorization.js';
import type { Access } from './authorization.js';
import type { Caller, CallerHolder } from './caller.js';
import { Problem } from './problem.js';
import { routeOf } from './route.js';

const longestToken = 16_384;

/** Who is it, and does the table let them in? Every refusal of a token has the same words. */
@Injectable()
export class AuthGuard implements CanActivate {
  readonly #authenticator: Authenticator;

  constructor(@Inject(Authenticator) authenticator: Authenticator) {
    this.#authenticator = authenticator;
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const access = accessOf(routeOf(context.getClass(), context.getHandler()) ?? '');
    if (access === 'public') return true;
    const request = context.switchToHttp().getRequest<Request & CallerHolder>();
    const caller = await this.#callerOf(request.headers.authorization);
    if (caller === undefined) throw new Problem('unauthenticated', 'send a valid token: `Authorization: Bearer ...`');
    if (!allows(access, caller)) throw new Problem('forbidden', 'your role does not include this');
    request.caller = caller;
    return true;
  }

  async #callerOf(header: string | undefined): Promise<Caller | undefined> {
    const match = /^Bearer ([A-Za-z0-9._~+/-]+=*)$/i.exec(header ?? '');
    const token = match?.[1];
    if (token === undefined || token.length > longestToken) return undefined;
    return this.#authenticator.authenticate(token);
  }
}

const allows = (access: Exclude<Access, 'public'>, caller: Caller): boolean =>
  access.includes(caller.kind === 'user' ? caller.role : 'subagent');
