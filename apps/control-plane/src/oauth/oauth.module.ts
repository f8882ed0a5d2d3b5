import { Module } from '@nestjs/common';
import { LoginsModule } from '../logins/logins.module.js';
import { IdentityModule } from '../identity/identity.module.js';
import { AccessTokensModule } from './access-tokens.module.js';
import { DeviceAnswers } from './device-answers.js';
import { DeviceAuthorizationController } from './device-authorization.controller.js';
import { DeviceCodesController } from './device-codes.controller.js';
import { DeviceCodes } from './device-codes.js';
import { DevicePageController } from './device-page.controller.js';
import { ExpiredRows } from './expired-rows.js';
import { IntrospectionController } from './introspection.controller.js';
import { MetadataController } from './metadata.controller.js';
import { OAuthDoor } from './oauth-door.js';
import { RefreshTokens } from './refresh-tokens.js';
import { RevocationController } from './revocation.controller.js';
import { SamlBearer } from './saml-bearer.js';
import { SubjectTokens } from './subject-tokens.js';
import { TokenController } from './token.controller.js';
import { TokenGrants } from './token-grants.js';
import { TokenKeysController } from './token-keys.controller.js';

/** The authorization server: tokens of ours, their keys, and every way to them. */
@Module({
  imports: [AccessTokensModule, IdentityModule, LoginsModule],
  controllers: [
    MetadataController,
    TokenController,
    IntrospectionController,
    RevocationController,
    DeviceAuthorizationController,
    DeviceCodesController,
    DevicePageController,
    TokenKeysController,
  ],
  providers: [
    DeviceAnswers,
    DeviceCodes,
    ExpiredRows,
    OAuthDoor,
    RefreshTokens,
    SamlBearer,
    SubjectTokens,
    TokenGrants,
  ],
  exports: [AccessTokensModule, DeviceCodes, RefreshTokens, SamlBearer],
})
export class OAuthModule {}
