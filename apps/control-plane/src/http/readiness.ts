import { Inject, Injectable, Optional } from '@nestjs/common';
import { Database } from '../db/database.js';
import { pendingMigrations, readMigrations } from '../db/migrations.js';
import type { Migration } from '../db/migrations.js';
import { within } from '../within.js';

/** Resolves when its part can serve, and rejects with words that anybody may read when it cannot. */
export type ReadinessCheck = () => Promise<void> | void;

/** Can this replica serve? Each part that must be up adds its own check. */
@Injectable()
export class Readiness {
  readonly #checks = new Map<string, ReadinessCheck>();
  readonly #migrations: Promise<readonly Migration[]>;
  readonly #patience: number;
  #leaving = false;

  constructor(@Inject(Database) database: Database, @Optional() patience = 2_000) {
    this.#patience = patience;
    this.add('serving', () => {
      if (this.#leaving) throw new Error('it is being stopped');
    });
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

  /** From here on it is not ready: whoever asks goes elsewhere. */
  leave(): void {
    this.#leaving = true;
  }

  async look(): Promise<{ readonly ready: boolean; readonly checks: Readonly<Record<string, 'ok' | 'failed'>> }> {
    const entries = await Promise.all(
      [...this.#checks].map(async ([name, check]): Promise<[string, 'ok' | 'failed']> => {
        try {
          await within(this.#patience, Promise.resolve().then(check));
          return [name, 'ok'];
        } catch {
          return [name, 'failed'];
        }
      }),
    );
    const checks = Object.fromEntries(entries);
    return { ready: entries.every(([, state]) => state === 'ok'), checks };
  }
}
