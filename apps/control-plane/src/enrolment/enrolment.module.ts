import { Global, Module } from '@nestjs/common';
import { EnrolmentService } from './enrolment.service.js';
import { JoinTokens } from './join-tokens.js';

/** How nodes become known. Global: REST makes join tokens through `JoinTokens`. */
@Global()
@Module({ providers: [EnrolmentService, JoinTokens], exports: [EnrolmentService, JoinTokens] })
export class EnrolmentModule {}
