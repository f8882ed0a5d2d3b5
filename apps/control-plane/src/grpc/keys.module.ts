import { Global, Module } from '@nestjs/common';
import { CONFIG } from '../config.js';
import type { Config } from '../config.js';
import { Database } from '../db/database.js';
import { Tenancy } from '../db/tenancy.js';
import { Notifications } from '../notify/notifications.js';
import { KEYS, openKeyring } from './keyring.js';

/** What every part that serves nodes stands on: the keys, and the wire between replicas. */
@Global()
@Module({
  providers: [
    {
      provide: KEYS,
      inject: [CONFIG, Database, Tenancy],
      useFactory: (config: Config, database: Database, { defaultTenant }: Tenancy) =>
        openKeyring(database, defaultTenant, config.key),
    },
    Notifications,
  ],
  exports: [KEYS, Notifications],
})
export class KeysModule {}
