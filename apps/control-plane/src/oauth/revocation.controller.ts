import { Body, Controller, Inject, Post, Req } from '@nestjs/common';
import type { Request } from 'express';
import { z } from 'zod';
import { Answers } from '../http/answers.js';
import { NounDocs, Summary } from '../http/noun.js';
import { Logins } from '../logins/logins.service.js';
import { AccessTokens } from './access-tokens.js';
import { OAuthDoor } from './oauth-door.js';
import { RefreshTokens } from './refresh-tokens.js';
import { TakesForm } from './takes-form.js';
import { tokenForm } from './token-request.js';
import type { TokenForm } from './token-request.js';

const revoked = z.object({}).meta({ id: 'Revoked' });

/** Taking back a token by having it (RFC 7009). Its login ends, with every token of it and every login under it. */
@NounDocs('oauth')
@Controller('oauth')
export class RevocationController {
  readonly #door: OAuthDoor;
  readonly #logins: Logins;
  readonly #tokens: AccessTokens;
  readonly #refresh: RefreshTokens;

  constructor(
    @Inject(OAuthDoor) door: OAuthDoor,
    @Inject(Logins) logins: Logins,
    @Inject(AccessTokens) tokens: AccessTokens,
    @Inject(RefreshTokens) refresh: RefreshTokens,
  ) {
    this.#door = door;
    this.#logins = logins;
    this.#tokens = tokens;
    this.#refresh = refresh;
  }

  @Post('revoke')
  @TakesForm()
  @Answers(revoked, 200)
  @Summary('Take a token back, with all that was delegated under it (RFC 7009)')
  revoke(@Req() request: Request, @Body({ schema: tokenForm }) { token }: TokenForm): Promise<z.input<typeof revoked>> {
    return this.#door.through(request, 'POST /oauth/revoke', async (tenantId, count) => {
      const id = await this.#loginOf(tenantId, token);
      // One that is unknown is revoked already, says the RFC; who tries many has to wait nevertheless.
      if (id === undefined || !(await this.#logins.end(tenantId, id, 'its token was revoked'))) count();
      return {};
    });
  }

  async #loginOf(tenantId: string, token: string): Promise<string | undefined> {
    if (!this.#tokens.isOurs(token)) return (await this.#refresh.loginOf(tenantId, token))?.id;
    const outcome = await this.#tokens.verify(tenantId, token);
    return outcome.kind === 'valid' ? outcome.login.id : undefined;
  }
}
