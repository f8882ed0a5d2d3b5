import { Module } from '@nestjs/common';
import { ConfigurationModule } from '../configuration/configuration.module.js';
import { PoliciesModule } from '../policies/policies.module.js';
import { CatalogsController } from './catalogs.controller.js';
import { CatalogsService } from './catalogs.service.js';
import { ClassesController } from './classes.controller.js';
import { ClassesService } from './classes.service.js';
import { ConnectionsController } from './connections.controller.js';
import { ConnectionsService } from './connections.service.js';
import { SuggestionsController } from './suggestions.controller.js';
import { SuggestionsService } from './suggestions.service.js';

/** Targets, what their columns hold, and how each class of data is masked. */
@Module({
  imports: [PoliciesModule, ConfigurationModule],
  controllers: [ConnectionsController, CatalogsController, SuggestionsController, ClassesController],
  providers: [ConnectionsService, CatalogsService, SuggestionsService, ClassesService],
})
export class ConnectionsModule {}
