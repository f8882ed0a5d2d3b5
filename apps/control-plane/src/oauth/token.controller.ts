import { Body, Controller, Inject, Post, Req } from '@nestjs/common';
import type { Request } from 'express';
import { z } from 'zod';
import { Answers } from '../http/answers.js';
import { NounDocs, Summary } from '../http/noun.js';
import { authorizationDetails } from './authorization-details.js';
import { placeOf } from './caller-place.js';
import { DpopProofs } from './dpop.js';
import { OAuthDoor } from './oauth-door.js';
import { OAuthProblem } from './oauth-problem.js';
import { TakesForm } from './takes-form.js';
import { TokenGrants } from './token-grants.js';
import { tokenRequest } from './token-request.js';
import type { TokenRequest } from './token-request.js';

const tokenAnswer = z
  .object({
    access_token: z.string(),
    issued_token_type: z.string().optional(),
    token_type: z.enum(['Bearer', 'DPoP']),
    expires_in: z.int().describe('Seconds.'),
    refresh_token: z.string().optional().describe('For the next one; it counts once.'),
    authorization_details: authorizationDetails.optional().readonly().describe('What it may at most.'),
  })
  .meta({ id: 'AccessToken' });

/** The token endpoint (RFC 6749). */
@NounDocs('oauth')
@Controller('oauth')
export class TokenController {
  readonly #door: OAuthDoor;
  readonly #grants: TokenGrants;
  readonly #proofs: DpopProofs;

  constructor(
    @Inject(OAuthDoor) door: OAuthDoor,
    @Inject(TokenGrants) grants: TokenGrants,
    @Inject(DpopProofs) proofs: DpopProofs,
  ) {
    this.#door = door;
    this.#grants = grants;
    this.#proofs = proofs;
  }

  @Post('token')
  @TakesForm()
  @Answers(tokenAnswer, 200)
  @Summary('Get an access token: refresh, token exchange, assertion or device code')
  token(
    @Body({ schema: tokenRequest }) body: TokenRequest,
    @Req() request: Request,
  ): Promise<z.input<typeof tokenAnswer>> {
    return this.#door.through(request, 'POST /oauth/token', async (tenantId) => {
      const thumbprint = await this.#thumbprintOf(request, tenantId);
      const answer = await this.#grants.grant(body, { tenantId, ...placeOf(request), thumbprint });
      const { authorization_details: details, ...rest } = answer;
      return { ...rest, ...(details === undefined ? {} : { authorization_details: [...details] }) };
    });
  }

  async #thumbprintOf(request: Request, tenantId: string): Promise<string | undefined> {
    const proof = request.headers['dpop'];
    if (proof === undefined) return undefined;
    const checked =
      typeof proof === 'string'
        ? await this.#proofs.check(proof, { tenantId, method: 'POST', path: '/oauth/token' })
        : ({ ok: false, cause: 'dpop_two_proofs' } as const);
    if (checked.ok) return checked.thumbprint;
    throw new OAuthProblem('invalid_dpop_proof', 'the DPoP proof is not good for this request', {
      cause: checked.cause,
    });
  }
}
