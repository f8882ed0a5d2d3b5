import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { backoff } from '@sallyport/runtime';
import { Client, escapeIdentifier } from 'pg';
import { DATABASE_URL, Database } from '../db/database.js';
import type { Transaction } from '../db/database.js';
import { LOG } from '../log.js';
import type { Log } from '../log.js';

type Handler = (payload: string) => void;

/** Postgres takes less than 8000 bytes: ids travel, never content. */
const longestPayload = 7_900;
/** A server that is gone does not say good-bye, milliseconds. */
const farewell = 1_000;

/** What replicas tell each other through Postgres. Notifications may be lost: whoever listens also looks by himself. */
@Injectable()
export class Notifications implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #url: string;
  readonly #database: Database;
  readonly #log: Log;
  readonly #handlers = new Map<string, Set<Handler>>();
  readonly #resumed = new Set<() => void>();
  #client: Client | undefined;
  /** While it is being made. */
  #connecting: Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #stopped = false;

  constructor(@Inject(DATABASE_URL) url: string, @Inject(Database) database: Database, @Inject(LOG) log: Log) {
    this.#url = url;
    this.#database = database;
    this.#log = log;
  }

  /** Channels are named when modules are made, before the first connection. */
  on(channel: string, handler: Handler): () => void {
    const handlers = this.#handlers.get(channel) ?? new Set();
    this.#handlers.set(channel, handlers.add(handler));
    if (handlers.size === 1) void this.#client?.query(`listen ${escapeIdentifier(channel)}`).catch(() => undefined);
    return () => void handlers.delete(handler);
  }

  /** It listens (again): what was said in between was not heard. */
  onResumed(handler: () => void): void {
    this.#resumed.add(handler);
  }

  async send(channel: string, payload: string, through: Pick<Transaction, '$executeRaw'> = this.#database) {
    if (Buffer.byteLength(payload) > longestPayload) throw new RangeError('too long for a notification');
    await through.$executeRaw`select pg_notify(${channel}, ${payload})`;
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.#connect();
  }

  async onApplicationShutdown(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#connecting?.connection.stream.destroy();
    const client = this.#client;
    if (client === undefined) return;
    const deadline = setTimeout(() => client.connection.stream.destroy(), farewell);
    await client.end().catch(() => undefined);
    clearTimeout(deadline);
  }

  async #connect(): Promise<void> {
    if (this.#stopped) return;
    const client = new Client({
      connectionString: this.#url,
      application_name: 'sallyport-listen',
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
    });
    let over = false;
    const lost = (): void => {
      if (over) return;
      over = true;
      if (this.#client === client) this.#client = undefined;
      client.end().catch(() => undefined);
      if (this.#stopped) return;
      if (this.#failures === 0) this.#log.warn({}, 'notifications are not heard; connecting again');
      const delay = backoff(this.#failures++, { first: 100, most: 5_000, random: Math.random });
      this.#timer = setTimeout(() => void this.#connect(), delay);
    };
    client.on('error', lost);
    client.on('end', lost);
    client.on('notification', ({ channel, payload = '' }) => this.#deliver(channel, payload));
    this.#connecting = client;
    try {
      await client.connect();
      for (const channel of this.#handlers.keys()) await client.query(`listen ${escapeIdentifier(channel)}`);
      this.#client = client;
      this.#failures = 0;
      for (const handler of this.#resumed) handler();
    } catch {
      lost();
    } finally {
      this.#connecting = undefined;
    }
  }

  #deliver(channel: string, payload: string): void {
    for (const handler of this.#handlers.get(channel) ?? []) {
      try {
        handler(payload);
      } catch (cause) {
        this.#log.error({ channel, cause: cause instanceof Error ? cause.message : 'unknown' }, 'notification failed');
      }
    }
  }
}
