import { Inject, Injectable } from '@nestjs/common';
import type { BeforeApplicationShutdown } from '@nestjs/common';
import { Database } from '../db/database.js';
import { pendingMigrations, readMigrations } from '../db/migrations.js';
import type { Migration } from '../db/migrations.js';

/** Resolves when its part can serve, and rejects with words that anybody may read when it cannot. */
export type ReadinessCheck = () => Promise<void> | void;

/** Can this replica serve? Each part that must be up adds its own check. */
@Injectable()
export class Readiness implements BeforeApplicationShutdown {
  readonly #checks = new Map<string, ReadinessCheck>();
  readonly #migrations: Promise<readonly Migration[]>;
  #stopping = false;

  constructor(@Inject(Database) database: Database) {
    this.#migrations = readMigrations();
    this.add('database', async () => {
      await database.$queryRaw`select 1`;
    });
    this.add('migrations', async () => {
      const reader = { query: async (sql: string) => ({ rows: await database.$queryRawUnsafe<unknown[]>(sql) }) };
      const pending = await pendingMigrations(reader, await this.#migrations);
      if (pending.length > 0) throw new Error('migrations are pending');
    });
  }

  add(name: string, check: ReadinessCheck): void {
    this.#checks.set(name, check);
  }

  beforeApplicationShutdown(): void {
    this.#stopping = true;
  }

  async look(): Promise<{ readonly ready: boolean; readonly checks: Readonly<Record<string, 'ok' | 'failed'>> }> {
    const entries = await Promise.all(
      [...this.#checks].map(async ([name, check]): Promise<[string, 'ok' | 'failed']> => {
        try {
          await within(2_000, check);
          return [name, 'ok'];
        } catch {
          return [name, 'failed'];
        }
      }),
    );
    const checks = Object.fromEntries(entries);
    return { ready: !this.#stopping && entries.every(([, state]) => state === 'ok'), checks };
  }
}

async function within(milliseconds: number, check: ReadinessCheck): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error('no answer in time')), milliseconds);
  try {
    await Promise.race([Promise.resolve().then(check), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
