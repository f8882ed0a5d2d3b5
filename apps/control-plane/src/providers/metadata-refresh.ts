import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { Database } from '../db/database.js';
import { LOG } from '../log.js';
import type { Log } from '../log.js';
import { keptMetadata } from './provider.js';
import { ProvidersService } from './providers.service.js';

const every = 60_000;
const oldAfter = 5 * 60_000;

/**
 * Keeps the metadata of providers fresh, and sweeps what counts once and is over. Replicas share the work: who claims a
 * provider first reads it.
 */
@Injectable()
export class MetadataRefresh implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #database: Database;
  readonly #providers: ProvidersService;
  readonly #log: Log;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(
    @Inject(Database) database: Database,
    @Inject(ProvidersService) providers: ProvidersService,
    @Inject(LOG) log: Log,
  ) {
    this.#database = database;
    this.#providers = providers;
    this.#log = log;
  }

  onApplicationBootstrap(): void {
    const tick = (): void => {
      this.#running = this.refreshOld(new Date()).catch((cause: unknown) => {
        const message = cause instanceof Error ? cause.message : 'unknown';
        this.#log.warn({ cause: message }, 'metadata of identity providers were not refreshed');
      });
    };
    this.#timer = setInterval(tick, every).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
  }

  async refreshOld(now: Date): Promise<void> {
    const cutoff = new Date(now.getTime() - oldAfter);
    const old = { disabled: false, metadataReadAt: { lt: cutoff } };
    const page = { where: old, orderBy: { metadataReadAt: 'asc' as const }, take: 100 };
    for (const row of await this.#database.identityProvider.findMany(page)) {
      const claimed = await this.#database.identityProvider.updateMany({
        where: { ...old, id: row.id },
        data: { metadataReadAt: now },
      });
      if (claimed.count === 0 || keptMetadata(row).given !== undefined) continue;
      const { metadataProblem: problem } = await this.#providers.refreshMetadata(row);
      if (problem !== null) this.#log.warn({ provider: row.name, problem }, 'metadata could not be read');
    }
    await this.#database.signIn.deleteMany({ where: { expiresAt: { lt: now } } });
    await this.#database.usedOnce.deleteMany({ where: { expiresAt: { lt: now } } });
  }
}
