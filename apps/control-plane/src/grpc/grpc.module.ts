import { Module } from '@nestjs/common';
import { ConfigurationModule } from '../configuration/configuration.module.js';
import { EnrolmentModule } from '../enrolment/enrolment.module.js';
import { EvidenceModule } from '../evidence/evidence.module.js';
import { KeysModule } from './keys.module.js';
import { Peers } from './peers.js';
import { GrpcServers } from './servers.js';

/** The planes' wire: gRPC with proxies and agents. */
@Module({
  imports: [KeysModule, EnrolmentModule, ConfigurationModule, EvidenceModule],
  providers: [Peers, GrpcServers],
  exports: [GrpcServers, Peers],
})
export class GrpcModule {}
