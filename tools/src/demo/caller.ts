import { spawn, spawnSync } from 'node:child_process';
import { Client, DatabaseError } from 'pg';
import type { ClientName, Stack } from '../stack/stack.js';

/** A subagent's own connection through the proxy, with the notices it was told. */
export interface Caller {
  readonly client: Client;
  readonly notices: { readonly message: string; readonly detail: string | undefined }[];
}

export const hasPsql = spawnSync('psql', ['--version']).status === 0;

export function connectionString(stack: Stack): string {
  return `host=127.0.0.1 port=${stack.proxyPort} user=billing dbname=app sslmode=require`;
}

export async function connectWith(stack: Stack, token: string): Promise<Caller> {
  const client = new Client({
    host: '127.0.0.1',
    port: stack.proxyPort,
    user: 'billing',
    password: token,
    database: 'app',
    ssl: { rejectUnauthorized: false },
  });
  const notices: Caller['notices'] = [];
  client.on('notice', (notice) => notices.push({ message: notice.message ?? '', detail: notice.detail }));
  client.on('error', () => undefined);
  await client.connect();
  return { client, notices };
}

export const connectAs = async (stack: Stack, name: ClientName): Promise<Caller> =>
  connectWith(stack, await stack.token(name));

/** What PostgreSQL would have answered: the error itself, or `undefined` when there was none. */
export async function errorOf(promise: Promise<unknown>): Promise<DatabaseError | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    if (error instanceof DatabaseError) return error;
    throw error;
  }
}

/** Runs psql with the token in PGPASSWORD, as the paste line says. */
export function psql(
  stack: Stack,
  token: string,
  commands: readonly string[],
): Promise<{ readonly text: string; readonly exitCode: number }> {
  return new Promise((resolve) => {
    const args = [connectionString(stack), '-X', ...commands.flatMap((command) => ['-c', command])];
    const child = spawn('psql', args, {
      env: { PATH: process.env['PATH'] ?? '', PGPASSWORD: token, LC_ALL: 'C.UTF-8' },
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    child.once('close', (code) => resolve({ text, exitCode: code ?? -1 }));
    child.stdin.end();
  });
}

export async function waitFor<Value>(
  what: string,
  look: () => Promise<Value | undefined>,
  timeoutMs = 10_000,
): Promise<Value> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await look();
    if (value !== undefined) return value;
    if (Date.now() > deadline) throw new Error(`${what} did not happen within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
}

/** A result as psql would print it, without the frame. */
export function render(rows: readonly Readonly<Record<string, unknown>>[]): string {
  const names = Object.keys(rows[0] ?? {});
  const cells = rows.map((row) => names.map((name) => (row[name] === null ? '' : String(row[name]))));
  const widths = names.map((name, at) => Math.max(name.length, ...cells.map((row) => row[at]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join(' | ')
      .trimEnd();
  return [line(names), widths.map((width) => '-'.repeat(width)).join('-+-'), ...cells.map(line)].join('\n');
}
