import { isDeepStrictEqual } from 'node:util';
import { Inject, Injectable } from '@nestjs/common';
import { refusedHeaders, tokenLimits } from '@sallyport/identity';
import { mintId } from '@sallyport/runtime';
import { SignJWT, decodeJwt, decodeProtectedHeader, errors, jwtVerify } from 'jose';
import type { JWTPayload } from 'jose';
import { CONFIG } from '../config.js';
import type { Config } from '../config.js';
import { Database } from '../db/database.js';
import type { Transaction } from '../db/database.js';
import type { Login } from '../db/generated/client.js';
import { Tenancy } from '../db/tenancy.js';
import type { AuthorizationDetail } from './authorization-details.js';
import { issuerUrl } from './issuer-url.js';
import { longestToken } from './lifetimes.js';
import { principalsOf } from './principals.js';
import type { PrincipalRow } from './principals.js';
import { TokenKeys, tokenAlgorithm } from './token-keys.js';

const kidForm = /^key_[0-9A-HJKMNP-TV-Z]{26}$/;

export interface MintedToken {
  readonly token: string;
  /** Seconds. */
  readonly expiresIn: number;
}

/** An access token of ours that was proved, with its login and its principals as they are now. */
export interface AccessToken {
  readonly kind: 'valid';
  readonly login: Login;
  /** The acting one first. */
  readonly chain: readonly PrincipalRow[];
  readonly details: readonly AuthorizationDetail[] | undefined;
  /** Thumbprint of the key that it is bound to. */
  readonly boundTo: string | undefined;
  readonly claims: JWTPayload;
}
export interface RefusedToken {
  readonly kind: 'refused';
  readonly cause: string;
  readonly claimed: { readonly issuer: string; readonly subject: string };
}

/** Access tokens: JWTs of RFC 9068 that proxies verify offline. What was taken back is known here at once. */
@Injectable()
export class AccessTokens {
  readonly #database: Database;
  readonly #keys: TokenKeys;
  readonly #config: Config;
  readonly #tenancy: Tenancy;

  constructor(
    @Inject(Database) database: Database,
    @Inject(TokenKeys) keys: TokenKeys,
    @Inject(CONFIG) config: Config,
    @Inject(Tenancy) tenancy: Tenancy,
  ) {
    this.#database = database;
    this.#keys = keys;
    this.#config = config;
    this.#tenancy = tenancy;
  }

  issuer(tenantId: string): string {
    return issuerUrl(this.#config, this.#tenancy, tenantId);
  }

  /** Only to find out who has to prove it. */
  isOurs(token: string): boolean {
    if (token.length > tokenLimits.token) return false;
    try {
      const { iss } = decodeJwt(token);
      return iss === this.issuer(this.#tenancy.defaultTenant);
    } catch {
      return false;
    }
  }

  /** A token under this login; `life` in milliseconds. It never outlives the login. */
  async mint(login: Login, life: number = this.#config.tokenLifetime): Promise<MintedToken> {
    const { tenantId } = login;
    const now = Math.floor(Date.now() / 1000);
    const end = Math.floor(login.expiresAt.getTime() / 1000);
    const expires = Math.min(now + Math.floor(Math.min(life, longestToken) / 1000), end);
    const line = await this.#database.login.findMany({
      where: { tenantId, id: { in: login.ancestors }, budget: { not: null } },
      select: { id: true, budget: true },
    });
    const budgets = [...line, login].flatMap(({ id, budget }) =>
      budget === null ? [] : [{ login: id, limits: budget }],
    );
    const { id: kid, key } = await this.#keys.signer(tenantId);
    const issuer = this.issuer(tenantId);
    const act = actorOf(login.chain);
    const token = await new SignJWT({
      ...(act === undefined ? {} : { act }),
      client_id: clientOf(login),
      logins: [...login.ancestors, login.id],
      ...(login.details === null ? {} : { authorization_details: login.details }),
      ...(budgets.length === 0 ? {} : { budgets }),
      ...(login.purpose === '' ? {} : { purpose: login.purpose }),
      ...(login.confirmation === null ? {} : { cnf: login.confirmation }),
    })
      .setProtectedHeader({ alg: tokenAlgorithm, typ: 'at+jwt', kid })
      .setIssuer(issuer)
      .setAudience(issuer)
      .setSubject(login.chain.at(-1) ?? '')
      .setIssuedAt(now)
      .setExpirationTime(expires)
      .setJti(mintId('jwt'))
      .sign(key);
    return { token, expiresIn: Math.max(0, expires - now) };
  }

  /** Proves one of ours, and that nothing of what it stands on was taken back. */
  async verify(
    tenantId: string,
    token: string,
    from: Database | Transaction = this.#database,
  ): Promise<AccessToken | RefusedToken> {
    const claimed = claimedBy(token);
    const no = (cause: string): RefusedToken => ({ kind: 'refused', cause, claimed });
    const payload = await this.#proved(tenantId, token);
    if (typeof payload === 'string') return no(payload);
    const ids = payload['logins'];
    const { iat } = payload;
    if (!isTexts(ids) || ids.length === 0 || ids.length > 6 || iat === undefined) return no('bad_claims');
    if (iat > Date.now() / 1000 + 60) return no('issued_in_future');
    const logins = await from.login.findMany({
      where: { tenantId, id: { in: [...ids] }, endedAt: null, expiresAt: { gt: new Date() } },
    });
    const login = logins.find(({ id }) => id === ids.at(-1));
    if (login === undefined || logins.length !== ids.length) return no('login_ended');
    const isOfLogin =
      [...login.ancestors, login.id].join() === ids.join() &&
      payload.sub === login.chain.at(-1) &&
      isDeepStrictEqual(payload['act'], actorOf(login.chain));
    if (!isOfLogin) return no('bad_claims');
    const principals = await principalsOf(from, tenantId, login.chain, new Date(iat * 1000));
    if (!principals.ok) return no(principals.cause);
    const confirmation = payload['cnf'] as { readonly jkt?: unknown } | undefined;
    // A binding that we cannot check binds to nobody.
    if (confirmation !== undefined && typeof confirmation.jkt !== 'string') return no('unknown_binding');
    return {
      ...{ kind: 'valid', login, chain: principals.chain, claims: payload },
      details: (login.details ?? undefined) as readonly AuthorizationDetail[] | undefined,
      boundTo: confirmation === undefined ? undefined : String(confirmation.jkt),
    };
  }

  async #proved(tenantId: string, token: string): Promise<JWTPayload | string> {
    if (token.length > tokenLimits.token) return 'too_long';
    try {
      const header = decodeProtectedHeader(token);
      if (refusedHeaders.some((name) => Object.hasOwn(header, name))) return 'header_not_allowed';
      if (header.alg !== tokenAlgorithm) return 'algorithm_not_allowed';
      const { kid } = header;
      if (typeof kid !== 'string' || !kidForm.test(kid)) return 'unknown_key';
      const key = await this.#keys.verifier(tenantId, kid);
      if (key === undefined) return 'unknown_key';
      const issuer = this.issuer(tenantId);
      const { payload } = await jwtVerify(token, key, {
        ...{ algorithms: [tokenAlgorithm], typ: 'at+jwt', issuer, audience: issuer },
        requiredClaims: ['sub', 'iat', 'exp', 'jti', 'logins'],
      });
      return payload;
    } catch (cause) {
      return causeOf(cause);
    }
  }
}

function causeOf(cause: unknown): string {
  if (cause instanceof errors.JWTExpired) return 'expired';
  if (cause instanceof errors.JWSSignatureVerificationFailed) return 'bad_signature';
  if (cause instanceof errors.JWTClaimValidationFailed) return cause.claim === 'aud' ? 'wrong_audience' : 'bad_claims';
  if (cause instanceof errors.JOSEError || cause instanceof TypeError) return 'malformed';
  throw cause;
}

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

/** RFC 8693: the acting one outermost, those that acted before inside; nothing where the subject acts itself. */
export function actorOf(chain: readonly string[]): object | undefined {
  const [first, ...rest] = chain;
  if (first === undefined || rest.length === 0) return undefined;
  const inner = actorOf(rest);
  return { sub: first, ...(inner === undefined ? {} : { act: inner }) };
}

/** Which client it was: the console and `sally` are known; a subagent is its own. */
export const clientOf = ({ how, chain }: Pick<Login, 'how' | 'chain'>): string =>
  how === 'browser' ? 'console' : how === 'device' ? 'sally' : (chain[0] ?? '');

function claimedBy(token: string): { readonly issuer: string; readonly subject: string } {
  const bounded = (value: unknown): string => (typeof value === 'string' ? value.slice(0, 256).toWellFormed() : '');
  try {
    const { iss, sub } = decodeJwt(token);
    return { issuer: bounded(iss), subject: bounded(sub) };
  } catch {
    return { issuer: '', subject: '' };
  }
}
