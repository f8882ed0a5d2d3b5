import { Body, Controller, Inject, Post } from '@nestjs/common';
import { z } from 'zod';
import { Answers } from '../http/answers.js';
import { CurrentCaller } from '../http/caller.js';
import type { Caller } from '../http/caller.js';
import { NounDocs, Summary } from '../http/noun.js';
import { AccessTokens, clientOf } from './access-tokens.js';
import { authorizationDetails } from './authorization-details.js';
import { RefreshTokens } from './refresh-tokens.js';
import { TakesForm } from './takes-form.js';
import { tokenForm } from './token-request.js';
import type { TokenForm } from './token-request.js';

const seconds = z.int().optional().describe('Seconds since 1970.');
const introspection = z
  .object({
    active: z.boolean().describe('Good now. Where it is not, nothing else is told.'),
    token_type: z.enum(['Bearer', 'DPoP', 'refresh_token']).optional(),
    client_id: z.string().optional(),
    username: z.string().optional().describe('Name of the principal that acts.'),
    sub: z.string().optional().describe('On whose behalf.'),
    act: z.record(z.string(), z.unknown()).optional().describe('Who acts for them (RFC 8693).'),
    logins: z.array(z.string()).readonly().optional().describe('From the root to the one that it was minted under.'),
    authorization_details: authorizationDetails.readonly().optional(),
    purpose: z.string().optional(),
    iss: z.string().optional(),
    aud: z.string().optional(),
    jti: z.string().optional(),
    iat: seconds,
    exp: seconds,
  })
  .meta({ id: 'Introspection' });
type Introspection = z.input<typeof introspection>;

/** Whether a token is good now, and what it says (RFC 7662): for services that cannot verify one offline. */
@NounDocs('oauth')
@Controller('oauth')
export class IntrospectionController {
  readonly #tokens: AccessTokens;
  readonly #refresh: RefreshTokens;

  constructor(@Inject(AccessTokens) tokens: AccessTokens, @Inject(RefreshTokens) refresh: RefreshTokens) {
    this.#tokens = tokens;
    this.#refresh = refresh;
  }

  @Post('introspect')
  @TakesForm()
  @Answers(introspection, 200)
  @Summary('Is this token good now, and what does it say? (RFC 7662)')
  async introspect(
    @CurrentCaller() caller: Caller,
    @Body({ schema: tokenForm }) { token }: TokenForm,
  ): Promise<Introspection> {
    const { tenantId } = caller;
    if (!this.#tokens.isOurs(token)) return this.#refreshToken(tenantId, token);
    const outcome = await this.#tokens.verify(tenantId, token);
    if (outcome.kind === 'refused') return { active: false };
    const { login, chain, details, boundTo, claims } = outcome;
    return {
      ...{ active: true, token_type: boundTo === undefined ? 'Bearer' : 'DPoP', client_id: clientOf(login) },
      ...{ username: chain[0]?.name, sub: claims.sub, logins: [...login.ancestors, login.id] },
      ...(claims['act'] === undefined ? {} : { act: claims['act'] as Record<string, unknown> }),
      ...(details === undefined ? {} : { authorization_details: [...details] }),
      ...(login.purpose === '' ? {} : { purpose: login.purpose }),
      ...{ iss: claims.iss, aud: this.#tokens.issuer(tenantId), jti: claims.jti, iat: claims.iat, exp: claims.exp },
    };
  }

  async #refreshToken(tenantId: string, token: string): Promise<Introspection> {
    const login = await this.#refresh.unusedLoginOf(tenantId, token);
    if (login === undefined) return { active: false };
    return {
      ...{ active: true, token_type: 'refresh_token', client_id: clientOf(login), sub: login.chain.at(-1) },
      ...{ logins: [login.id], exp: Math.floor(login.expiresAt.getTime() / 1000) },
    };
  }
}
