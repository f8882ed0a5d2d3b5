import { Controller, Get, Header, Inject } from '@nestjs/common';
import { z } from 'zod';
import { CONFIG } from '../config.js';
import type { Config } from '../config.js';
import { Tenancy } from '../db/tenancy.js';
import { Answers, list } from '../http/answers.js';
import { NounDocs, Summary } from '../http/noun.js';
import { dpopAlgorithms } from './dpop.js';
import { grantTypes } from './grant-types.js';
import { issuerUrl } from './issuer-url.js';
import { SamlBearer } from './saml-bearer.js';
import { TokenKeys } from './token-keys.js';

const jwks = z.object({ keys: list(z.record(z.string(), z.unknown())).describe('JSON Web Keys (RFC 7517).') });
const texts = list(z.string());
const metadata = z.object({
  issuer: z.string(),
  token_endpoint: z.string(),
  jwks_uri: z.string(),
  introspection_endpoint: z.string(),
  revocation_endpoint: z.string(),
  device_authorization_endpoint: z.string(),
  response_types_supported: texts,
  grant_types_supported: texts,
  token_endpoint_auth_methods_supported: texts,
  revocation_endpoint_auth_methods_supported: texts,
  authorization_details_types_supported: texts,
  dpop_signing_alg_values_supported: texts,
});

/** What others need to know of us to ask for tokens and to verify them. There is no OpenID here: people sign in elsewhere. */
@NounDocs('oauth')
@Controller()
export class MetadataController {
  readonly #keys: TokenKeys;
  readonly #config: Config;
  readonly #tenancy: Tenancy;
  readonly #saml: SamlBearer;

  constructor(
    @Inject(TokenKeys) keys: TokenKeys,
    @Inject(CONFIG) config: Config,
    @Inject(Tenancy) tenancy: Tenancy,
    @Inject(SamlBearer) saml: SamlBearer,
  ) {
    this.#keys = keys;
    this.#config = config;
    this.#tenancy = tenancy;
    this.#saml = saml;
  }

  @Get('oauth/jwks')
  @Header('cache-control', 'public, max-age=60')
  @Answers(jwks, 200)
  @Summary('Public keys of our tokens (RFC 7517)')
  async keys(): Promise<z.input<typeof jwks>> {
    const keys = await this.#keys.published(this.#tenancy.defaultTenant);
    return { keys: keys.map(({ publicJwk }) => ({ ...publicJwk })) };
  }

  @Get('.well-known/oauth-authorization-server')
  @Answers(metadata, 200)
  @Summary('What we are as an authorization server (RFC 8414)')
  read(): z.input<typeof metadata> {
    const issuer = issuerUrl(this.#config, this.#tenancy, this.#tenancy.defaultTenant);
    return {
      issuer,
      token_endpoint: `${issuer}/oauth/token`,
      jwks_uri: `${issuer}/oauth/jwks`,
      introspection_endpoint: `${issuer}/oauth/introspect`,
      revocation_endpoint: `${issuer}/oauth/revoke`,
      device_authorization_endpoint: `${issuer}/oauth/device_authorization`,
      response_types_supported: [],
      grant_types_supported: Object.values(grantTypes).filter(
        (grant) => grant !== grantTypes.samlBearer || this.#saml.verifier !== undefined,
      ),
      token_endpoint_auth_methods_supported: ['none'],
      revocation_endpoint_auth_methods_supported: ['none'],
      authorization_details_types_supported: ['sallyport_connection'],
      dpop_signing_alg_values_supported: [...dpopAlgorithms],
    };
  }
}
