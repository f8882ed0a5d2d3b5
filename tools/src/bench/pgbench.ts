import { spawn, spawnSync } from 'node:child_process';

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

export const hasPgbench = (): boolean => spawnSync('pgbench', ['--version']).status === 0;

/** One run of Debian's pgbench against an endpoint. */
export async function pgbench(endpoint: Endpoint, args: readonly string[]): Promise<Run> {
  const output = await run(
    'pgbench',
    ['-h', '127.0.0.1', '-p', String(endpoint.port), '-U', endpoint.user, '-n', ...args, endpoint.database],
    endpoint.password,
  );
  const tps = /tps = ([\d.]+)/.exec(output)?.[1];
  const latency = /latency average = ([\d.]+) ms/.exec(output)?.[1];
  if (tps === undefined || latency === undefined) throw new Error(`pgbench against ${endpoint.name} said:\n${output}`);
  return { tps: Number(tps), latency: Number(latency) };
}

export const initialise = (endpoint: Endpoint, scale: number): Promise<string> =>
  run(
    'pgbench',
    [
      '-h',
      '127.0.0.1',
      '-p',
      String(endpoint.port),
      '-U',
      endpoint.user,
      '-i',
      '-q',
      '-s',
      String(scale),
      endpoint.database,
    ],
    endpoint.password,
  );

function run(command: string, args: readonly string[], password: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: { PATH: process.env['PATH'] ?? '', PGPASSWORD: password, PGSSLMODE: 'disable' },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve(output) : reject(new Error(`${command} ended with ${code}:\n${output.slice(-800)}`)),
    );
  });
}
