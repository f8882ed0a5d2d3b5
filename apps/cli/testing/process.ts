import { type ChildProcess, spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The built program: build first. */
export const entry = join(dirname(fileURLToPath(import.meta.url)), '..', 'dist', 'main.js');

export interface Running {
  readonly child: ChildProcess;
  readonly said: { stdout: string; stderr: string };
  readonly exitCode: Promise<number | null>;
}

/** `sally` as a process of its own, with no environment but the one that is given. */
export function spawnSally(
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly input?: string } = {},
): Running {
  const child = spawn(process.execPath, [entry, ...args], { env: { PATH: process.env['PATH'] ?? '', ...options.env } });
  const said = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (said.stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (said.stderr += chunk));
  child.stdin.on('error', () => undefined).end(options.input ?? '');
  const exitCode = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { child, said, exitCode };
}

export async function runProcess(...call: Parameters<typeof spawnSally>) {
  const { said, exitCode } = spawnSally(...call);
  return { exitCode: await exitCode, ...said };
}
