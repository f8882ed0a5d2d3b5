import { spawn } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '@sallyport/testing';
import type { Stack } from '../stack/stack.js';
import type { Endpoint } from './pgbench.js';

/** Debian's PgBouncer in session mode, as another program that stands in between. */
export async function startPgBouncer(
  { directory }: Stack,
  direct: Endpoint,
): Promise<{ readonly endpoint: Endpoint; stop(): Promise<void> }> {
  const port = await freePort();
  const users = join(directory, 'pgbouncer.users');
  const settings = join(directory, 'pgbouncer.ini');
  await writeFile(users, `"${direct.user}" "${direct.password}"\n`);
  await writeFile(
    settings,
    `[databases]
${direct.database} = host=127.0.0.1 port=${direct.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${users}
pool_mode = session
max_client_conn = 2200
default_pool_size = 200
`,
  );
  // It refuses to run as root.
  for (const path of [directory, users, settings]) await chmod(path, path === directory ? 0o711 : 0o644);
  const asUser = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const child = spawn('pgbouncer', ['-q', ...asUser, settings], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await new Promise((resolve) => setTimeout(resolve, 500));
  if (child.exitCode !== null) throw new Error(`pgbouncer did not start: ${said}`);
  return {
    endpoint: { ...direct, name: 'PgBouncer', port },
    stop: async () => {
      child.kill('SIGINT');
      await ended;
    },
  };
}
