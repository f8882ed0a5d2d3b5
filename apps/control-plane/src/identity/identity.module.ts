import { Module } from '@nestjs/common';
import { LoginsModule } from '../logins/logins.module.js';
import { AccessTokensModule } from '../oauth/access-tokens.module.js';
import { Authenticator } from './authenticator.js';
import { GroupsController } from './groups.controller.js';
import { GroupsService } from './groups.service.js';
import { IssuerKeys } from './issuer-keys.js';
import { IssuersController } from './issuers.controller.js';
import { IssuersService } from './issuers.service.js';
import { KeyRefresh } from './key-refresh.js';
import { MeController } from './me.controller.js';
import { ObservedIdentitiesController } from './observed-identities.controller.js';
import { SetupController } from './setup.controller.js';
import { SubagentAuthenticator } from './subagent-authenticator.js';
import { SubagentsController } from './subagents.controller.js';
import { SubagentsService } from './subagents.service.js';
import { TokensController } from './tokens.controller.js';
import { UsersController } from './users.controller.js';
import { UsersService } from './users.service.js';

/** Who may be who: issuers, subagents, users, groups, and the tokens of people. */
@Module({
  imports: [AccessTokensModule, LoginsModule],
  controllers: [
    SetupController,
    MeController,
    TokensController,
    UsersController,
    GroupsController,
    IssuersController,
    SubagentsController,
    ObservedIdentitiesController,
  ],
  providers: [
    Authenticator,
    SubagentAuthenticator,
    IssuerKeys,
    KeyRefresh,
    GroupsService,
    IssuersService,
    SubagentsService,
    UsersService,
  ],
  exports: [Authenticator, SubagentAuthenticator],
})
export class IdentityModule {}
