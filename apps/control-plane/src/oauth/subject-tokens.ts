import { Inject, Injectable } from '@nestjs/common';
import type { Login } from '../db/generated/client.js';
import { SubagentAuthenticator } from '../identity/subagent-authenticator.js';
import { AccessTokens } from './access-tokens.js';
import { invalidGrant, invalidRequest } from './oauth-problem.js';
import { tokenTypes } from './token-request.js';

/** Who a token that is to be exchanged stands for. */
export type Subject =
  | { readonly kind: 'platform'; readonly subagentId: string; readonly expiresAt: Date }
  | { readonly kind: 'ours'; readonly login: Login; readonly expiresAt: Date };

interface Asker {
  readonly tenantId: string;
  readonly thumbprint: string | undefined;
}

const platformTypes: readonly string[] = [tokenTypes.jwt, tokenTypes.idToken, tokenTypes.accessToken];
const ourTypes: readonly string[] = [tokenTypes.jwt, tokenTypes.accessToken];

/** Proves the tokens that come in to be exchanged: those of platforms by the rules of proxies, ours by our own. */
@Injectable()
export class SubjectTokens {
  readonly #tokens: AccessTokens;
  readonly #subagents: SubagentAuthenticator;

  constructor(
    @Inject(AccessTokens) tokens: AccessTokens,
    @Inject(SubagentAuthenticator) subagents: SubagentAuthenticator,
  ) {
    this.#tokens = tokens;
    this.#subagents = subagents;
  }

  async subject(token: string, type: string, { tenantId, thumbprint }: Asker): Promise<Subject> {
    if (!this.#tokens.isOurs(token)) return this.#platform(token, type, 'subject_token_type');
    if (!ourTypes.includes(type)) throw invalidRequest('subject_token_type: it is an access token');
    const outcome = await this.#tokens.verify(tenantId, token);
    if (outcome.kind === 'refused') throw invalidGrant(outcome.cause, outcome.claimed);
    if (outcome.boundTo !== undefined && outcome.boundTo !== thumbprint) throw invalidGrant('other_key');
    return { kind: 'ours', login: outcome.login, expiresAt: outcome.login.expiresAt };
  }

  /** Who acts proves itself with the token of its own platform: one of ours might be less than all that it may. */
  async actor(token: string, type: string, { tenantId }: Asker): Promise<{ subagentId: string; expiresAt: Date }> {
    if (this.#tokens.isOurs(token)) {
      const outcome = await this.#tokens.verify(tenantId, token);
      if (outcome.kind === 'refused') throw invalidGrant(outcome.cause, outcome.claimed);
      throw invalidRequest("actor_token: give the token of the acting subagent's own platform");
    }
    const { subagentId, expiresAt } = await this.#platform(token, type, 'actor_token_type');
    return { subagentId, expiresAt };
  }

  /** RFC 7523: an assertion is somebody else's about the subagent, never one of ours. */
  async assertion(token: string): Promise<Subject> {
    if (this.#tokens.isOurs(token)) throw invalidRequest('assertion: exchange our own access tokens instead');
    return this.#platform(token, tokenTypes.jwt, 'assertion');
  }

  async #platform(token: string, type: string, parameter: string) {
    if (!platformTypes.includes(type)) throw invalidRequest(`${parameter}: jwt, id_token and access_token are known`);
    const outcome = await this.#subagents.verify(token);
    if (outcome.kind === 'refused') throw invalidGrant(outcome.cause, outcome.claimed);
    return { kind: 'platform', subagentId: outcome.id, expiresAt: new Date(outcome.expiresAt) } as const;
  }
}
