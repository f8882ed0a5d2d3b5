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

@Injectable()
export class SessionEnding {
  readonly #database: Database;

  constructor(@Inject(Database) database: Database) {
    this.#database = database;
  }

  async request(notice: EndSessionNotice): Promise<void> {
    await this.#database.$executeRaw`select pg_notify(${endSessionChannel}, ${JSON.stringify(notice)})`;
  }
}
