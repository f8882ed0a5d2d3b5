import { Module } from '@nestjs/common';
import { EnrolmentService } from './enrolment.service.js';
import { JoinTokens } from './join-tokens.js';

/** How nodes become known. */
@Module({ providers: [EnrolmentService, JoinTokens], exports: [EnrolmentService, JoinTokens] })
export class EnrolmentModule {}
