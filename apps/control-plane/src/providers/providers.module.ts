import { Module } from '@nestjs/common';
import { LoginsModule } from '../logins/logins.module.js';
import { BackChannelLogout } from './back-channel-logout.js';
import { MetadataRefresh } from './metadata-refresh.js';
import { People } from './people.js';
import { ProvidersController } from './providers.controller.js';
import { ProvidersService } from './providers.service.js';
import { SignInController } from './sign-in.controller.js';
import { SignInDoor } from './sign-in-door.js';
import { SignIns } from './sign-ins.js';

/** Where people sign in, and how. */
@Module({
  imports: [LoginsModule],
  controllers: [ProvidersController, SignInController],
  providers: [ProvidersService, People, SignIns, BackChannelLogout, SignInDoor, MetadataRefresh],
  exports: [ProvidersService, People],
})
export class ProvidersModule {}
