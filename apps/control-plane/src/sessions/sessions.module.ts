import { Module } from '@nestjs/common';
import { AuditController } from '../audit/audit.controller.js';
import { SessionsController } from './sessions.controller.js';
import { SessionsService } from './sessions.service.js';

/** What happened: sessions, their commands, the audit, and what people changed. Reading only. */
@Module({ controllers: [SessionsController, AuditController], providers: [SessionsService] })
export class SessionsModule {}
