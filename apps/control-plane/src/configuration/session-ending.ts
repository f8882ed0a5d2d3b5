import { Inject, Injectable } from '@nestjs/common';
import { Database } from '../db/database.js';

/** Postgres channel on which replicas hear that a live session must end; the one that serves its proxy tells it. */
export const endSessionChannel = 'sallyport_end_session';

export interface EndSessionNotice {
  readonly tenantId: string;
  readonly sessionId: string;
  /** Told to the caller. */
  readonly reason: string;
}

/** Orders to end live sessions. They are kept: whoever did not hear one finds it. */
@Injectable()
export class SessionEnding {
  readonly #database: Database;

  constructor(@Inject(Database) database: Database) {
    this.#database = database;
  }

  async request({ tenantId, sessionId, reason }: EndSessionNotice): Promise<void> {
    const payload = JSON.stringify({ tenantId, sessionId, reason });
    await this.#database.$transaction(async (transaction) => {
      const where = { tenantId, id: sessionId };
      await transaction.session.updateMany({ where, data: { endReason: reason } });
      await transaction.$executeRaw`select pg_notify(${endSessionChannel}, ${payload})`;
    });
  }

  /** What is ordered of a proxy and not known to be done. */
  async pending(tenantId: string, proxy: string): Promise<readonly EndSessionNotice[]> {
    const rows = await this.#database.session.findMany({
      where: { tenantId, proxy, closedAt: null, endReason: { not: null } },
      select: { id: true, endReason: true },
      take: 1_000,
    });
    return rows.map(({ id, endReason }) => ({ tenantId, sessionId: id, reason: endReason ?? '' }));
  }
}
