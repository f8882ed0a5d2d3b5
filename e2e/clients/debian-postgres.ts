import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from '@sallyport/testing';
import { debian } from './psql.js';
import { runWell } from './program.js';

/** Debian's own PostgreSQL on loopback: its pg_dump refuses a newer server, and an older target is a target too. */
export interface DebianPostgres {
  readonly port: number;
  connect(database?: string): Promise<pg.Client>;
  stop(): Promise<void>;
}

export async function startDebianPostgres(): Promise<DebianPostgres> {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-debian-'));
  const port = await freePort();
  const password = randomBytes(12).toString('hex');
  const passwordFile = join(directory, 'password');
  await writeFile(passwordFile, password);
  // It refuses to run as root; Debian's package brings a user for it.
  const user = process.getuid?.() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : {};
  if (user.uid !== undefined) for (const path of [directory, passwordFile]) await chown(path, user.uid, user.gid);
  const data = join(directory, 'data');
  const initdb = ['-D', data, '-U', 'postgres', '-A', 'scram-sha-256', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'];
  await runWell(debian('initdb'), [...initdb, `--pwfile=${passwordFile}`], { cwd: directory, ...user });
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off', 'autovacuum=off'];
  const server = spawn(
    debian('postgres'),
    ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
    { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'], ...user },
  );
  let said = '';
  await new Promise<void>((resolve, reject) => {
    server.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      said = (said + chunk).slice(-4_000);
      if (said.includes('ready to accept connections')) resolve();
    });
    server.once('error', reject);
    server.once('close', () => reject(new Error(`Debian's PostgreSQL did not start: ${said}`)));
  });
  return {
    port,
    connect: async (database = 'postgres') => {
      const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', password, database });
      client.on('error', () => undefined);
      await client.connect();
      return client;
    },
    stop: async () => {
      if (server.exitCode === null && server.signalCode === null) {
        const closed = once(server, 'close');
        server.kill('SIGINT');
        await closed;
      }
      await rm(directory, { recursive: true, force: true });
    },
  };
}

const idOf = (which: '-u' | '-g'): number => Number(execFileSync('id', [which, 'postgres'], { encoding: 'utf8' }));
