import { Injectable } from '@nestjs/common';
import type { Transaction } from '../db/database.js';

/** Postgres channel on which replicas tell each other that a tenant's bundle must be compiled again. */
export const changesChannel = 'sallyport_changed';

/** Every change that nodes must hear of goes through here, inside the transaction that makes it. */
@Injectable()
export class ConfigurationChanges {
  /** Raises the bundle's version (which also puts changes of one tenant in a row) and wakes every replica on commit. */
  async changed(tenantId: string, transaction: Transaction): Promise<void> {
    await transaction.tenant.update({ where: { id: tenantId }, data: { bundleVersion: { increment: 1 } } });
    await transaction.$executeRaw`select pg_notify(${changesChannel}, ${tenantId})`;
  }
}
