import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { Database } from '../db/database.js';
import { LOG } from '../log.js';
import type { Log } from '../log.js';
import { IssuersService } from './issuers.service.js';

const every = 60_000;
const oldAfter = 5 * 60_000;

/** Keeps the pinned keys of issuers fresh. Replicas share the work: who claims an issuer first reads it. */
@Injectable()
export class KeyRefresh implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #database: Database;
  readonly #issuers: IssuersService;
  readonly #log: Log;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(
    @Inject(Database) database: Database,
    @Inject(IssuersService) issuers: IssuersService,
    @Inject(LOG) log: Log,
  ) {
    this.#database = database;
    this.#issuers = issuers;
    this.#log = log;
  }

  onApplicationBootstrap(): void {
    const tick = (): void => {
      this.#running = this.refreshOld(new Date()).catch((cause: unknown) => {
        this.#log.warn({ cause: cause instanceof Error ? cause.message : 'unknown' }, 'issuer keys were not refreshed');
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
    const old = { jwksUri: { not: null }, keysReadAt: { lt: cutoff } };
    for (const row of await this.#database.issuer.findMany({ where: old, orderBy: { keysReadAt: 'asc' }, take: 100 })) {
      const claimed = await this.#database.issuer.updateMany({
        where: { ...old, id: row.id },
        data: { keysReadAt: now },
      });
      if (claimed.count === 0) continue;
      const { keysProblem } = await this.#issuers.refreshKeys(row);
      if (keysProblem !== null)
        this.#log.warn({ issuer: row.name, problem: keysProblem }, 'issuer keys could not be read');
    }
  }
}
