import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from './generated/client.js';
import type { Prisma } from './generated/client.js';

/** The control plane's own database. Every query names its tenant. */
export class Database extends PrismaClient {
  constructor(url: string) {
    const pool = { connectionString: url, max: 10, connectionTimeoutMillis: 5_000, application_name: 'sallyport' };
    super({
      adapter: new PrismaPg(pool),
      errorFormat: 'minimal',
      transactionOptions: { maxWait: 15_000, timeout: 20_000 },
    });
  }
}

export type Transaction = Prisma.TransactionClient;

/** Nest's token of the URL, for connections of one's own (LISTEN). */
export const DATABASE_URL = Symbol('database-url');
