import { Module } from '@nestjs/common';
import { ConfigurationModule } from '../configuration/configuration.module.js';
import { GrpcModule } from '../grpc/grpc.module.js';
import { KeysModule } from '../grpc/keys.module.js';
import { ApprovalsController } from './approvals.controller.js';
import { ApprovalsService } from './approvals.service.js';
import { Approvers } from './approvers.js';
import { ApprovalsWire } from './approvals.wire.js';
import { RunsService } from './runs.service.js';

/** Held commands, humans' words, and what is run of them. */
@Module({
  imports: [KeysModule, ConfigurationModule, GrpcModule],
  controllers: [ApprovalsController],
  providers: [Approvers, ApprovalsService, ApprovalsWire, RunsService],
})
export class ApprovalsModule {}
