import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Said {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
}

/** Runs a program to its end, away from any terminal: what would ask one reads its input instead. */
export async function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Said> {
  const child = spawn(program, args, {
    detached: true,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.uid === undefined || options.gid === undefined ? {} : { uid: options.uid, gid: options.gid }),
    env: { PATH: process.env['PATH'] ?? '', HOME: options.cwd ?? '/nonexistent', LC_ALL: 'C.UTF-8', ...options.env },
  });
  const said = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', (chunk: string) => (said[stream] += chunk));
  // It may end before it has read all.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const [code] = (await once(child, 'close')) as [number | null];
  return { ...said, exitCode: code ?? -1 };
}

/** What it said, on both streams; one that failed is no outcome. */
export async function runWell(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { stdout, stderr, exitCode } = await run(program, args, options);
  if (exitCode !== 0)
    throw new Error(`${program} ended with ${exitCode}:\n${stdout.slice(-2_000)}\n${stderr.slice(-4_000)}`);
  return stderr === '' ? stdout : `${stdout}\nstderr:\n${stderr}`;
}
