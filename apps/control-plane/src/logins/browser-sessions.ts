import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { CONFIG } from '../config.js';
import type { Config } from '../config.js';
import { Database } from '../db/database.js';
import type { Transaction } from '../db/database.js';
import type { Login } from '../db/generated/client.js';
import { Tenancy } from '../db/tenancy.js';
import type { Authentication } from '../identity/authenticator.js';
import { roles } from '../http/caller.js';
import type { Role } from '../http/caller.js';
import { hashSecret } from '../identity/secret-token.js';
import { cookieName, cookiesNamed, setCookie } from './cookie.js';
import { Logins } from './logins.service.js';
import { isSameOrigin } from './same-origin.js';

const name = 'sallyport-session';
const safe = new Set(['GET', 'HEAD', 'OPTIONS']);

export interface SignedIn {
  readonly tenantId: string;
  readonly userId: string;
  readonly providerId: string;
  /** The session's name there. */
  readonly providerSession: string | undefined;
  /** The provider's own end of it. */
  readonly expiresAt?: Date | undefined;
}

/** Logins of browsers: a secret in a cookie that no script can read. */
@Injectable()
export class BrowserSessions {
  readonly #database: Database;
  readonly #logins: Logins;
  readonly #tenancy: Tenancy;
  readonly #config: Config;

  constructor(
    @Inject(Database) database: Database,
    @Inject(Logins) logins: Logins,
    @Inject(Tenancy) tenancy: Tenancy,
    @Inject(CONFIG) config: Config,
  ) {
    this.#database = database;
    this.#logins = logins;
    this.#tenancy = tenancy;
    this.#config = config;
  }

  /** A login with a secret of its own, whatever the browser had before; that one ends. Answers the cookie to set. */
  async begin(signedIn: SignedIn, request: Request, transaction: Transaction): Promise<string> {
    const before = await this.loginOf(request);
    if (before !== undefined) await this.#logins.end(before.tenantId, before.id, 'signed in again', transaction);
    const secret = randomBytes(32).toString('base64url');
    const { sessionLifetime, publicUrl } = this.#config;
    const longest = new Date(Date.now() + sessionLifetime);
    const { tenantId, userId, providerId, providerSession, expiresAt } = signedIn;
    await this.#logins.begin(
      {
        ...{ tenantId, whose: { userId }, how: 'browser', providerId, providerSession },
        expiresAt: expiresAt !== undefined && expiresAt < longest ? expiresAt : longest,
        cookieHash: hashSecret(secret),
        address: request.socket.remoteAddress ?? '',
        userAgent: (request.headers['user-agent'] ?? '').slice(0, 300),
      },
      transaction,
    );
    return setCookie(publicUrl, { name, value: secret, sameSite: 'Lax', maxAge: Math.floor(sessionLifetime / 1000) });
  }

  /** The live login of the browser's cookie. */
  async loginOf(request: Request): Promise<Login | undefined> {
    const [secret, second] = cookiesNamed(request.headers.cookie, cookieName(this.#config.publicUrl, name));
    // Two of one name: somebody set one beside ours.
    if (secret === undefined || second !== undefined || !/^[A-Za-z0-9_-]{43}$/.test(secret)) return undefined;
    const login = await this.#logins.alive(this.#tenancy.defaultTenant, { cookieHash: hashSecret(secret) });
    const isIdle = login !== undefined && login.lastUsedAt.getTime() + this.#config.sessionIdle <= Date.now();
    if (!isIdle) return login;
    await this.#logins.end(login.tenantId, login.id, 'idle');
    return undefined;
  }

  /** `undefined`: it brings no cookie of ours. */
  async authenticate(request: Request): Promise<Authentication | undefined> {
    const cookies = cookiesNamed(request.headers.cookie, cookieName(this.#config.publicUrl, name));
    if (cookies.length === 0) return undefined;
    if (!safe.has(request.method) && !this.isOurs(request)) return { kind: 'refused', cause: 'cross_site' };
    const login = await this.loginOf(request);
    if (login?.userId === undefined || login.userId === null) return { kind: 'refused', cause: 'session_over' };
    const user = await this.#database.user.findFirst({
      where: { id: login.userId, tenantId: login.tenantId },
      include: { groups: { include: { group: true } } },
    });
    if (user === null) return { kind: 'refused', cause: 'session_over' };
    const { id, tenantId, role } = user;
    const known = { id, name: user.name };
    if (user.disabled) return { kind: 'refused', cause: 'disabled', user: known };
    if (login.createdAt < user.notBefore) return { kind: 'refused', cause: 'revoked', user: known };
    if (!isRole(role)) return { kind: 'refused', cause: 'unknown_role', user: known };
    await this.#logins.touch(login, request.socket.remoteAddress);
    const groups = user.groups.map((member) => member.group.name);
    const caller = { kind: 'user', tenantId, ...known, role, groups, tokenExpiresAt: login.expiresAt } as const;
    return { kind: 'known', caller: { ...caller, loginId: login.id, tokenMakers: [] } };
  }

  /** Did a page of ours send it? */
  isOurs(request: Request): boolean {
    return isSameOrigin(request.headers, this.#config.publicUrl);
  }

  /** Ends the login and forgets the cookie. */
  async end(request: Request, response: Response): Promise<Login | undefined> {
    const login = await this.loginOf(request);
    response.append('set-cookie', setCookie(this.#config.publicUrl, { name, value: '', sameSite: 'Lax', maxAge: 0 }));
    if (login !== undefined) await this.#logins.end(login.tenantId, login.id, 'signed out');
    return login;
  }
}

const isRole = (value: string): value is Role => (roles as readonly string[]).includes(value);
