import { Module } from '@nestjs/common';
import { EvidenceService } from './evidence.service.js';

/** Evidence as it comes from proxies. */
@Module({ providers: [EvidenceService], exports: [EvidenceService] })
export class EvidenceModule {}
