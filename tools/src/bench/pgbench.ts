import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Run {
  /** Transactions per second. */
  readonly tps: number;
  /** Mean latency, milliseconds. */
  readonly latency: number;
}

export interface Endpoint {
  readonly name: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

export const has = (program: string): boolean => spawnSync(program, ['--version']).status === 0;

/** One run of Debian's pgbench against an endpoint. */
export async function pgbench(endpoint: Endpoint, args: readonly string[], directory?: string): Promise<Run> {
  const output = await run(endpoint, ['-n', ...args, endpoint.database], directory);
  const tps = /tps = ([\d.]+)/.exec(output)?.[1];
  const latency = /latency average = ([\d.]+) ms/.exec(output)?.[1];
  if (tps === undefined || latency === undefined) throw new Error(`pgbench against ${endpoint.name} said:\n${output}`);
  return { tps: Number(tps), latency: Number(latency) };
}

/** The latency of every transaction of one run, milliseconds. */
export async function latencies(endpoint: Endpoint, args: readonly string[]): Promise<readonly number[]> {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-bench-'));
  try {
    await pgbench(endpoint, ['-l', ...args], directory);
    const logs = await Promise.all((await readdir(directory)).map((name) => readFile(join(directory, name), 'utf8')));
    return logs.flatMap((log) =>
      log
        .trimEnd()
        .split('\n')
        .map((line) => Number(line.split(' ')[2]) / 1000),
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

export const initialise = (endpoint: Endpoint, scale: number): Promise<string> =>
  run(endpoint, ['-i', '-q', '-s', String(scale), endpoint.database]);

function run(endpoint: Endpoint, args: readonly string[], directory?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('pgbench', ['-h', '127.0.0.1', '-p', String(endpoint.port), '-U', endpoint.user, ...args], {
      env: { PATH: process.env['PATH'] ?? '', PGPASSWORD: endpoint.password, PGSSLMODE: 'disable' },
      ...(directory === undefined ? {} : { cwd: directory }),
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve(output) : reject(new Error(`pgbench ended with ${code}:\n${output.slice(-800)}`)),
    );
  });
}
