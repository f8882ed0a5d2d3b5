import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { billingRole } from '../stack/billing.js';
import { startStack } from '../stack/stack.js';
import type { Stack } from '../stack/stack.js';
import { type Endpoint, type Run, hasPgbench, initialise, pgbench } from './pgbench.js';
import { startSplice } from './splice.js';

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const seconds = Number(process.env['BENCH_SECONDS'] ?? '5');
const rounds = Number(process.env['BENCH_ROUNDS'] ?? '3');

interface Case {
  readonly name: string;
  /** What counts: transactions a second, or milliseconds. */
  readonly figure: 'tps' | 'latency';
  readonly args: (script: string) => readonly string[];
}

const cases: readonly Case[] = [
  { name: 'SELECT by key, 1 client, simple', figure: 'latency', args: () => ['-S', '-c', '1', '-T', String(seconds)] },
  { name: 'SELECT by key, 8 clients, simple', figure: 'tps', args: () => ['-S', '-c', '8', '-T', String(seconds)] },
  {
    name: 'SELECT by key, 8 clients, prepared',
    figure: 'tps',
    args: () => ['-S', '-c', '8', '-T', String(seconds), '-M', 'prepared'],
  },
  { name: '500,000 rows, 1 client', figure: 'latency', args: (script) => ['-f', script, '-c', '1', '-t', '3'] },
];

if (process.argv.includes('--help')) {
  say(
    'npm run bench: ratios of direct, a bare two-hop TLS splice, and Sallyport, in one run.\n\n  BENCH_SECONDS=5  length of one measurement\n  BENCH_ROUNDS=3   rounds; the median counts\n\nNeeds pgbench: apt-get install postgresql-contrib',
  );
  process.exit(0);
}
if (!hasPgbench()) {
  process.stderr.write('bench: pgbench is not installed: apt-get install postgresql-contrib\n');
  process.exit(69);
}

const stack = await startStack({ holdSeconds: 45, progress: say });
let splice: Awaited<ReturnType<typeof startSplice>> | undefined;
let code = 1;
try {
  const direct: Endpoint = {
    name: 'direct',
    port: stack.target.port,
    user: billingRole,
    password: stack.targetPassword,
    database: 'app',
  };
  await grantCreate(stack);
  say('filling pgbench_accounts with 500,000 rows');
  await initialise(direct, 5);
  splice = await startSplice(stack.directory, stack.target.port);
  const script = join(stack.directory, 'rows.sql');
  await writeFile(script, 'select aid, bid, abalance from pgbench_accounts;\n');
  const endpoints: readonly Endpoint[] = [
    direct,
    { ...direct, name: 'splice', port: splice.port },
    { name: 'sallyport', port: stack.proxyPort, user: 'billing', password: await stack.token('etl'), database: 'app' },
  ];
  await untilKnown(stack, endpoints[2] ?? direct);
  say(`\n${cpus().length} cores, ${rounds} rounds of ${seconds} s each, medians\n`);
  say('| case | direct | bare splice | Sallyport | of direct | of splice |');
  say('| --- | --- | --- | --- | --- | --- |');
  for (const each of cases) say(await measure(each, script, endpoints));
  code = 0;
} finally {
  await splice?.stop();
  await stack.stop();
}
process.exit(code);

async function measure({ name, figure, args }: Case, script: string, endpoints: readonly Endpoint[]): Promise<string> {
  const figures = new Map<string, number[]>(endpoints.map((endpoint) => [endpoint.name, []]));
  // In turn, so that what the machine does meanwhile falls on all of them.
  for (let round = 0; round < rounds; round++)
    for (const endpoint of endpoints) {
      const run: Run = await pgbench(endpoint, args(script));
      figures.get(endpoint.name)?.push(run[figure]);
    }
  const [direct = NaN, splice = NaN, ours = NaN] = endpoints.map((endpoint) =>
    median(figures.get(endpoint.name) ?? []),
  );
  const unit = figure === 'tps' ? '/s' : ' ms';
  const show = (value: number): string => `${value.toFixed(figure === 'tps' ? 0 : 3)}${unit}`;
  // More is better for throughput, less for latency; the ratio always says how ours compares.
  return `| ${name} | ${show(direct)} | ${show(splice)} | ${show(ours)} | ${(ours / direct).toFixed(2)} | ${(ours / splice).toFixed(2)} |`;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

async function grantCreate({ target }: Stack): Promise<void> {
  const client = await target.connect('app');
  try {
    await client.query(`grant create on schema public to ${billingRole}`);
  } finally {
    await client.end();
  }
}

/** The agent has to have read the new tables. */
async function untilKnown({ programs }: Stack, endpoint: Endpoint): Promise<void> {
  for (let attempt = 0; attempt < 90; attempt++) {
    try {
      await pgbench(endpoint, ['-S', '-c', '1', '-t', '1']);
      return;
    } catch {
      if (programs.get('proxy')?.running() !== true) break;
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
  }
  throw new Error('the gateway does not know the new tables after 90 s');
}
