import { Inject, Injectable } from '@nestjs/common';
import { CONFIG } from '../config.js';
import type { Config } from '../config.js';
import { Database } from '../db/database.js';
import type { Transaction } from '../db/database.js';
import type { Login, Prisma } from '../db/generated/client.js';
import { LoginRefused } from '../logins/login-refused.js';
import { Logins } from '../logins/logins.service.js';
import type { NewLogin } from '../logins/logins.service.js';
import { AccessTokens } from './access-tokens.js';
import { isCovered } from './authorization-details.js';
import type { AuthorizationDetail } from './authorization-details.js';
import { DeviceCodes } from './device-codes.js';
import { grantTypes } from './grant-types.js';
import { longestToken } from './lifetimes.js';
import { OAuthProblem, invalidGrant, invalidRequest } from './oauth-problem.js';
import { principalsOf } from './principals.js';
import { RefreshTokens } from './refresh-tokens.js';
import { SamlBearer } from './saml-bearer.js';
import { SubjectTokens } from './subject-tokens.js';
import type { Subject } from './subject-tokens.js';
import { checkTarget, invalidDetails, limitsOf, refuseLimits, tokenTypes } from './token-request.js';
import type { Limits, TokenRequest } from './token-request.js';

/** Where a request comes from, and the key that it proved to have. */
export interface Asker {
  readonly tenantId: string;
  readonly address: string;
  readonly userAgent: string;
  readonly thumbprint: string | undefined;
}

export interface TokenAnswer {
  readonly access_token: string;
  readonly issued_token_type?: string;
  readonly token_type: 'Bearer' | 'DPoP';
  readonly expires_in: number;
  readonly refresh_token?: string;
  readonly authorization_details?: readonly AuthorizationDetail[];
}

/** Every way to a token. Each ends in a login, and the token is minted under it. */
@Injectable()
export class TokenGrants {
  readonly #database: Database;
  readonly #logins: Logins;
  readonly #tokens: AccessTokens;
  readonly #subjects: SubjectTokens;
  readonly #refresh: RefreshTokens;
  readonly #devices: DeviceCodes;
  readonly #saml: SamlBearer;
  readonly #config: Config;

  constructor(
    @Inject(Database) database: Database,
    @Inject(Logins) logins: Logins,
    @Inject(AccessTokens) tokens: AccessTokens,
    @Inject(SubjectTokens) subjects: SubjectTokens,
    @Inject(RefreshTokens) refresh: RefreshTokens,
    @Inject(DeviceCodes) devices: DeviceCodes,
    @Inject(SamlBearer) saml: SamlBearer,
    @Inject(CONFIG) config: Config,
  ) {
    this.#database = database;
    this.#logins = logins;
    this.#tokens = tokens;
    this.#subjects = subjects;
    this.#refresh = refresh;
    this.#devices = devices;
    this.#saml = saml;
    this.#config = config;
  }

  /** @throws OAuthProblem */
  grant(request: TokenRequest, asker: Asker): Promise<TokenAnswer> {
    checkTarget(request, this.#tokens.issuer(asker.tenantId));
    switch (request.grant_type) {
      case undefined:
        throw invalidRequest('grant_type is missing');
      case grantTypes.refresh:
        return this.#renew(request, asker);
      case grantTypes.device:
        return this.#device(request, asker);
      case grantTypes.exchange:
        return this.#exchange(request, asker);
      case grantTypes.jwtBearer:
        return this.#assertion(request, asker);
      case grantTypes.samlBearer:
        return this.#samlAssertion(request, asker);
      default:
        throw new OAuthProblem('unsupported_grant_type', 'the metadata lists the grants that there are');
    }
  }

  async #renew(request: TokenRequest, asker: Asker): Promise<TokenAnswer> {
    refuseLimits(request);
    const client = knownClient(request.client_id);
    const token = request.refresh_token;
    if (token === undefined) throw invalidRequest('refresh_token is missing');
    const known = await this.#refresh.loginOf(asker.tenantId, token);
    if (known !== undefined && client !== clientsOf[known.how]) throw invalidGrant('other_client');
    const outcome = await this.#refresh.renew(asker.tenantId, token, asker.thumbprint);
    if (outcome.kind === 'refused') throw invalidGrant(`refresh_${outcome.cause}`);
    await this.#checkPrincipals(outcome.login, this.#database);
    return { ...(await this.#answer(outcome.login)), refresh_token: outcome.refreshToken };
  }

  async #device(request: TokenRequest, asker: Asker): Promise<TokenAnswer> {
    refuseLimits(request);
    if (knownClient(request.client_id) !== 'sally')
      throw new OAuthProblem('unauthorized_client', 'device codes are for the client sally');
    if (request.device_code === undefined) throw invalidRequest('device_code is missing');
    const polled = await this.#devices.poll(asker.tenantId, request.device_code);
    if (polled.kind !== 'approved') throw notYet[polled.kind]();
    const { code, userId } = polled;
    const { tenantId, loginId } = code;
    const by = loginId === null ? undefined : await this.#logins.alive(tenantId, { id: loginId });
    // Who said yes has been logged out since: then nobody says yes.
    if (loginId !== null && by === undefined) throw invalidGrant('device_login_ended');
    const { login, refreshToken } = await this.#database.$transaction(async (transaction) => {
      const begun = await this.#logins.begin(
        {
          ...{ tenantId, whose: { userId }, how: 'device' },
          expiresAt: new Date(Date.now() + this.#config.loginLifetime),
          ...(by === undefined
            ? {}
            : { providerId: by.providerId ?? undefined, providerSession: by.providerSession ?? undefined }),
          ...{ address: code.address, userAgent: code.userAgent, confirmation: confirmationOf(asker.thumbprint) },
        },
        transaction,
      );
      await this.#checkPrincipals(begun, transaction);
      return { login: begun, refreshToken: await this.#refresh.issue(begun, transaction) };
    });
    return { ...(await this.#answer(login)), refresh_token: refreshToken };
  }

  async #exchange(request: TokenRequest, asker: Asker): Promise<TokenAnswer> {
    const { subject_token: token, actor_token: actorToken } = request;
    if (token === undefined || request.subject_token_type === undefined)
      throw invalidRequest('subject_token and subject_token_type are needed');
    if ((actorToken === undefined) !== (request.actor_token_type === undefined))
      throw invalidRequest('actor_token and actor_token_type go together');
    const limits = limitsOf(request);
    const subject = await this.#subjects.subject(token, request.subject_token_type, asker);
    const actor =
      actorToken === undefined
        ? undefined
        : await this.#subjects.actor(actorToken, request.actor_token_type ?? '', asker);
    const login = await this.#begin(subject, actor, limits, asker, 'exchange');
    return { ...(await this.#answer(login, limits.life ?? longestToken)), issued_token_type: tokenTypes.accessToken };
  }

  async #assertion(request: TokenRequest, asker: Asker): Promise<TokenAnswer> {
    if (request.assertion === undefined) throw invalidRequest('assertion is missing');
    if (request.actor_token !== undefined) throw invalidRequest('actor_token goes with token exchange only');
    const limits = limitsOf(request);
    const subject = await this.#subjects.assertion(request.assertion);
    const login = await this.#begin(subject, undefined, limits, asker, 'assertion');
    return this.#answer(login, limits.life ?? longestToken);
  }

  async #samlAssertion(request: TokenRequest, asker: Asker): Promise<TokenAnswer> {
    const { verifier } = this.#saml;
    if (verifier === undefined) throw new OAuthProblem('unsupported_grant_type', 'no SAML provider is set up');
    if (request.assertion === undefined) throw invalidRequest('assertion is missing');
    if (request.actor_token !== undefined) throw invalidRequest('actor_token goes with token exchange only');
    const limits = limitsOf(request);
    const outcome = await verifier(asker.tenantId, request.assertion);
    if (outcome.kind === 'refused') throw invalidGrant(outcome.cause);
    const subject: Subject = { kind: 'platform', subagentId: outcome.subagentId, expiresAt: outcome.expiresAt };
    const login = await this.#begin(subject, undefined, limits, asker, 'assertion');
    return this.#answer(login, limits.life ?? longestToken);
  }

  /** The login of a proved subject, and under it that of who acts for it, or asks for less. */
  async #begin(
    subject: Subject,
    actor: { readonly subagentId: string; readonly expiresAt: Date } | undefined,
    limits: Limits,
    asker: Asker,
    how: 'exchange' | 'assertion',
  ): Promise<Login> {
    const { tenantId, address, userAgent, thumbprint } = asker;
    const common = { tenantId, address, userAgent, confirmation: confirmationOf(thumbprint) };
    const until = (end: Date): Date => new Date(Math.min(end.getTime(), Date.now() + (limits.life ?? longestToken)));
    const narrowed: Pick<NewLogin, 'purpose' | 'details' | 'budget'> = {
      purpose: limits.purpose,
      details: limits.details as Prisma.InputJsonValue | undefined,
      budget: limits.budget,
    };
    return refusedAsOAuth(() =>
      this.#database.$transaction(async (transaction) => {
        const own =
          subject.kind === 'ours'
            ? undefined
            : await this.#logins.begin(
                {
                  ...{ ...common, whose: { subagentId: subject.subagentId }, how },
                  ...{ expiresAt: until(subject.expiresAt), ...(actor === undefined ? narrowed : {}) },
                },
                transaction,
              );
        const parent = own ?? (subject.kind === 'ours' ? subject.login : undefined);
        if (parent === undefined) throw new Error('a subject without a login');
        if (own !== undefined && actor === undefined) {
          await this.#checkPrincipals(own, transaction);
          return own;
        }
        const chain = actor === undefined ? parent.chain : [actor.subagentId, ...parent.chain];
        if (new Set(chain).size !== chain.length)
          throw new OAuthProblem('invalid_request', 'nobody acts twice in a chain', { cause: 'chain_loop' });
        const above = (parent.details ?? undefined) as readonly AuthorizationDetail[] | undefined;
        const details = limits.details ?? above;
        if (!isCovered(details, above)) throw invalidDetails('it reaches beyond the token that it is asked with');
        const child = await this.#logins.begin(
          {
            ...{ ...common, ...narrowed, how: 'delegation', parentId: parent.id, chain },
            whose: parent.userId === null ? { subagentId: parent.subagentId ?? '' } : { userId: parent.userId },
            details: details as Prisma.InputJsonValue | undefined,
            expiresAt: until(new Date(Math.min(subject.expiresAt.getTime(), actor?.expiresAt.getTime() ?? Infinity))),
          },
          transaction,
        );
        await this.#checkPrincipals(child, transaction);
        return child;
      }),
    );
  }

  async #checkPrincipals(login: Login, from: Database | Transaction): Promise<void> {
    const found = await principalsOf(from, login.tenantId, login.chain, login.createdAt);
    if (!found.ok) throw invalidGrant(found.cause);
  }

  async #answer(login: Login, life?: number): Promise<TokenAnswer> {
    const { token, expiresIn } = await this.#tokens.mint(login, life);
    return {
      access_token: token,
      token_type: login.confirmation === null ? 'Bearer' : 'DPoP',
      expires_in: expiresIn,
      ...(login.details === null
        ? {}
        : { authorization_details: login.details as unknown as readonly AuthorizationDetail[] }),
    };
  }
}

/** RFC 7800, for who proved to have a key. */
const confirmationOf = (thumbprint: string | undefined): Prisma.InputJsonValue | undefined =>
  thumbprint === undefined ? undefined : { jkt: thumbprint };

/** Which client a login belongs to, by how it came about. */
const clientsOf: Readonly<Record<string, string>> = { device: 'sally', browser: 'console' };

export function knownClient(client: string | undefined): string {
  if (client !== 'sally' && client !== 'console')
    throw new OAuthProblem('invalid_client', 'client_id: `sally` or `console`', { cause: 'unknown_client' });
  return client;
}

const notYet: Readonly<Record<'pending' | 'slow_down' | 'denied' | 'expired' | 'unknown', () => OAuthProblem>> = {
  pending: () => new OAuthProblem('authorization_pending', 'nobody has said yes yet; ask again'),
  slow_down: () => new OAuthProblem('slow_down', 'ask five seconds later than before'),
  denied: () => new OAuthProblem('access_denied', 'somebody said no'),
  expired: () => new OAuthProblem('expired_token', 'nobody said yes in time; begin again'),
  unknown: () => invalidGrant('unknown_device_code'),
};

async function refusedAsOAuth<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof LoginRefused)) throw cause;
    throw cause.code === 'ended'
      ? invalidGrant('login_ended')
      : new OAuthProblem('invalid_request', cause.message, { cause: cause.code });
  }
}
