import { Module } from '@nestjs/common';
import { LoginsModule } from '../logins/logins.module.js';
import { MetadataRefresh } from './metadata-refresh.js';
import { People } from './people.js';
import { ProvidersController } from './providers.controller.js';
import { ProvidersService } from './providers.service.js';

/** Where people sign in, and how. */
@Module({
  imports: [LoginsModule],
  controllers: [ProvidersController],
  providers: [ProvidersService, People, MetadataRefresh],
  exports: [ProvidersService, People],
})
export class ProvidersModule {}
