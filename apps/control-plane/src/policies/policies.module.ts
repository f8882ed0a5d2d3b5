import { Module } from '@nestjs/common';
import { Enforceability } from './enforceability.js';
import { PolicySetsController } from './policy-sets.controller.js';
import { PolicySetsService } from './policy-sets.service.js';

@Module({
  controllers: [PolicySetsController],
  providers: [PolicySetsService, Enforceability],
  exports: [Enforceability],
})
export class PoliciesModule {}
