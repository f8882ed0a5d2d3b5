import { tokenLimits } from '@sallyport/identity';
import { Inject, Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { RefusedAccess } from '../audit/refused-access.js';
import { Tenancy } from '../db/tenancy.js';
import { Authenticator } from '../identity/authenticator.js';
import type { Authentication } from '../identity/authenticator.js';
import { BrowserSessions } from '../logins/browser-sessions.js';
import { accessOf } from './authorization.js';
import type { Access } from './authorization.js';
import type { Caller, CallerHolder } from './caller.js';
import { Problem } from './problem.js';
import { routeOf } from './route.js';

/** Who is it, and does the table let them in? Every refusal of a token has the same words; why is kept. */
@Injectable()
export class AuthGuard implements CanActivate {
  readonly #authenticator: Authenticator;
  readonly #refused: RefusedAccess;
  readonly #tenancy: Tenancy;
  readonly #sessions: BrowserSessions;

  constructor(
    @Inject(Authenticator) authenticator: Authenticator,
    @Inject(RefusedAccess) refused: RefusedAccess,
    @Inject(Tenancy) tenancy: Tenancy,
    @Inject(BrowserSessions) sessions: BrowserSessions,
  ) {
    this.#authenticator = authenticator;
    this.#refused = refused;
    this.#tenancy = tenancy;
    this.#sessions = sessions;
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const route = routeOf(context.getClass(), context.getHandler()) ?? '';
    const access = accessOf(route);
    if (access === 'public') return true;
    const request = context.switchToHttp().getRequest<Request & CallerHolder>();
    const address = request.socket.remoteAddress ?? '';
    const { authorization } = request.headers;
    // Who sends both means the token: a cookie comes along by itself.
    const authentication =
      (authorization === undefined ? await this.#sessions.authenticate(request) : undefined) ??
      (await this.#authenticate(request));
    if (authentication.kind === 'refused') {
      const tenantId = this.#tenancy.defaultTenant;
      const { cause, user, claimed } = authentication;
      // Who brings nothing at all did not try to log in.
      if (cause !== 'absent')
        await this.#refused.record({ tenantId, route, outcome: 'unauthenticated', cause, address, user, claimed });
      throw new Problem('unauthenticated', 'send a valid token: `Authorization: Bearer ...`');
    }
    const { caller } = authentication;
    if (!allows(access, caller)) {
      const { tenantId, name } = caller;
      const user = { id: caller.kind === 'user' ? caller.id : null, name };
      const cause = `not_for_${caller.kind === 'user' ? caller.role : caller.kind}`;
      await this.#refused.record({ tenantId, route, outcome: 'forbidden', cause, address, user, claimed: undefined });
      throw new Problem('forbidden', 'your role does not include this');
    }
    request.caller = caller;
    return true;
  }

  async #authenticate({ headers, method, path }: Request): Promise<Authentication> {
    if (headers.authorization === undefined) return { kind: 'refused', cause: 'absent' };
    const match = /^(Bearer|DPoP) ([A-Za-z0-9._~+/-]+=*)$/i.exec(headers.authorization);
    const [, scheme = '', token] = match ?? [];
    if (token === undefined) return { kind: 'refused', cause: 'malformed' };
    if (token.length > tokenLimits.token) return { kind: 'refused', cause: 'too_long' };
    const { dpop } = headers;
    // Two proofs are none.
    const proof = typeof dpop === 'string' && !dpop.includes(',') ? dpop : undefined;
    const isBound = scheme.toLowerCase() === 'dpop';
    return this.#authenticator.authenticate({ scheme: isBound ? 'dpop' : 'bearer', token, proof, method, path });
  }
}

const allows = (access: Exclude<Access, 'public'>, caller: Caller): boolean =>
  access.includes(caller.kind === 'user' ? caller.role : 'subagent');
