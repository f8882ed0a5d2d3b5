import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { RefusedAccess } from './audit/refused-access.js';
import { CONFIG } from './config.js';
import type { Config } from './config.js';
import { ConfigurationChanges } from './configuration/changes.js';
import { SessionEnding } from './configuration/session-ending.js';
import { DATABASE_URL, Database } from './db/database.js';
import { Tenancy } from './db/tenancy.js';
import { Readiness } from './http/readiness.js';
import { LOG } from './log.js';
import type { Log } from './log.js';

/** What was made before Nest: everything that touches the outside before the first module does. */
export interface Ground {
  readonly config: Config;
  readonly log: Log;
  readonly database: Database;
  /** For connections of one's own (LISTEN). */
  readonly databaseUrl: string;
  readonly tenancy: Tenancy;
}

/** The ground on which every module stands; global, so that no module imports it. */
@Module({})
export class GroundModule {
  static with({ config, log, database, databaseUrl, tenancy }: Ground): DynamicModule {
    const values = [
      { provide: CONFIG, useValue: config },
      { provide: LOG, useValue: log },
      { provide: Database, useValue: database },
      { provide: DATABASE_URL, useValue: databaseUrl },
      { provide: Tenancy, useValue: tenancy },
    ];
    const services = [ConfigurationChanges, SessionEnding, Readiness, RefusedAccess];
    return {
      module: GroundModule,
      global: true,
      providers: [...values, ...services],
      exports: [CONFIG, LOG, Database, DATABASE_URL, Tenancy, ...services],
    };
  }
}
