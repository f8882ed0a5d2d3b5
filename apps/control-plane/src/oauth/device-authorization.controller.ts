import { Body, Controller, Inject, Post, Req } from '@nestjs/common';
import type { Request } from 'express';
import { z } from 'zod';
import { CONFIG } from '../config.js';
import type { Config } from '../config.js';
import { Answers } from '../http/answers.js';
import { NounDocs, Summary } from '../http/noun.js';
import { placeOf } from './caller-place.js';
import { DeviceCodes } from './device-codes.js';
import { OAuthDoor } from './oauth-door.js';
import { OAuthProblem } from './oauth-problem.js';
import { TakesForm } from './takes-form.js';
import { parameter } from './token-request.js';

const deviceForm = z.object({ client_id: parameter(100).describe('`sally`.'), scope: parameter(1_000) });
const deviceAnswer = z
  .object({
    device_code: z.string(),
    user_code: z.string().describe('What a person types.'),
    verification_uri: z.string().describe('Where they type it.'),
    verification_uri_complete: z.string(),
    expires_in: z.int().describe('Seconds.'),
    interval: z.int().describe('Seconds between two polls of the token endpoint.'),
  })
  .meta({ id: 'DeviceAuthorization' });

/** Where a device that has no browser begins (RFC 8628): `sally login` over ssh. */
@NounDocs('oauth')
@Controller('oauth')
export class DeviceAuthorizationController {
  readonly #door: OAuthDoor;
  readonly #devices: DeviceCodes;
  readonly #config: Config;

  constructor(
    @Inject(OAuthDoor) door: OAuthDoor,
    @Inject(DeviceCodes) devices: DeviceCodes,
    @Inject(CONFIG) config: Config,
  ) {
    this.#door = door;
    this.#devices = devices;
    this.#config = config;
  }

  @Post('device_authorization')
  @TakesForm()
  @Answers(deviceAnswer, 200)
  @Summary('Begin a login that a person confirms elsewhere (RFC 8628)')
  begin(
    @Req() request: Request,
    @Body({ schema: deviceForm }) { client_id: client, scope }: z.infer<typeof deviceForm>,
  ): Promise<z.input<typeof deviceAnswer>> {
    return this.#door.through(request, 'POST /oauth/device_authorization', async (tenantId, count) => {
      if (client !== 'sally')
        throw new OAuthProblem('invalid_client', 'client_id: `sally`', { cause: 'unknown_client' });
      if (scope !== undefined) throw new OAuthProblem('invalid_scope', 'there are no scopes');
      // Each is a row that waits: who makes many has to wait, too.
      count();
      const { address, userAgent } = placeOf(request);
      const begun = await this.#devices.begin(tenantId, address, userAgent);
      if (begun === undefined)
        throw new OAuthProblem('temporarily_unavailable', 'too many devices wait for their people; try again later');
      const page = `${this.#config.publicUrl.replace(/\/+$/, '')}/auth/device`;
      return {
        ...{ device_code: begun.deviceCode, user_code: begun.userCode, verification_uri: page },
        verification_uri_complete: `${page}?user_code=${begun.userCode}`,
        ...{ expires_in: begun.expiresIn, interval: begun.interval },
      };
    });
  }
}
