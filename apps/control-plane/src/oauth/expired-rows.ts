import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { ConfigurationChanges } from '../configuration/changes.js';
import { Database } from '../db/database.js';
import { LOG } from '../log.js';
import type { Log } from '../log.js';

const every = 600_000;
const day = 86_400_000;
/** People look back at logins for a while. What they did with them is in the evidence, which is kept as long as that is. */
export const loginsKept = 90 * day;
/** For who polls late: told `expired_token` instead of nothing. */
const codesKept = 3_600_000;

/** Takes away what is over: device codes, refresh tokens and, long after, logins. */
@Injectable()
export class ExpiredRows implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #database: Database;
  readonly #changes: ConfigurationChanges;
  readonly #log: Log;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(
    @Inject(Database) database: Database,
    @Inject(ConfigurationChanges) changes: ConfigurationChanges,
    @Inject(LOG) log: Log,
  ) {
    this.#database = database;
    this.#changes = changes;
    this.#log = log;
  }

  onApplicationBootstrap(): void {
    const tick = (): void => {
      this.#running = this.sweep(new Date()).catch((cause: unknown) => {
        const message = cause instanceof Error ? cause.message : 'unknown';
        this.#log.warn({ cause: message }, 'expired logins and codes were not swept; it is tried again');
      });
    };
    this.#timer = setInterval(tick, every).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
  }

  async sweep(now: Date): Promise<void> {
    const before = (kept: number) => ({ expiresAt: { lt: new Date(now.getTime() - kept) } });
    await this.#database.deviceCode.deleteMany({ where: before(codesKept) });
    // A used one is kept until its login is over: until then it must be known when it comes again.
    await this.#database.refreshToken.deleteMany({ where: before(0) });
    // None outlives the one above it, so what goes along with one is over as well.
    await this.#database.$transaction(async (transaction) => {
      const where = before(loginsKept);
      const ended = { ...where, endedAt: { not: null } };
      const tenants = await transaction.login.findMany({
        where: ended,
        select: { tenantId: true },
        distinct: ['tenantId'],
        orderBy: { tenantId: 'asc' },
      });
      // Those that ended are in the bundle, and one version of that has one content.
      for (const { tenantId } of tenants) await this.#changes.changed(tenantId, transaction);
      await transaction.login.deleteMany({ where });
    });
  }
}
