import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '@sallyport/testing';
import { billingRole } from '../stack/billing.js';
import { startStack } from '../stack/stack.js';
import type { Stack } from '../stack/stack.js';
import { readMetric } from './metric.js';
import { has, initialise, pgbench } from './pgbench.js';
import type { Endpoint } from './pgbench.js';
import { startPgBouncer } from './pgbouncer.js';
import { startSplice } from './splice.js';

/** Everything that is measured: one target, and the ways to it. */
export interface Scene {
  readonly stack: Stack;
  readonly direct: Endpoint;
  readonly splice: Endpoint;
  readonly sallyport: Endpoint;
  /** Absent where it is not installed. */
  readonly pgbouncer: Endpoint | undefined;
  /** Length of one measurement, seconds, and how often it is repeated. */
  readonly seconds: number;
  readonly rounds: number;
  /** Length of a soak. */
  readonly minutes: number;
  /** Where programs let themselves be looked into. */
  readonly inspectPorts: Readonly<Record<'proxy' | 'agent', number>>;
  /** A file with a pgbench script. */
  script(name: string, text: string): Promise<string>;
  /** Until evidence of what was measured is shipped: it is nobody else's burden. */
  settled(healthUrls?: readonly string[]): Promise<void>;
  say(line: string): void;
}

export interface SceneOptions {
  readonly seconds: number;
  readonly rounds: number;
  readonly minutes: number;
  readonly say: (line: string) => void;
}

export const accounts = 500_000;

/** Policy, tags, detectors and the spool are all on. */
export async function withScene<T>(options: SceneOptions, work: (scene: Scene) => Promise<T>): Promise<T> {
  const { say, seconds, rounds, minutes } = options;
  // Nothing listens there until it is profiled.
  const inspectPorts = { proxy: await freePort(), agent: await freePort() };
  const inspectable = (port: number) => ({ NODE_OPTIONS: `--inspect-port=${port}` });
  const stack = await startStack({
    holdSeconds: 45,
    progress: say,
    settings: { proxy: inspectable(inspectPorts.proxy), agent: inspectable(inspectPorts.agent) },
    targetSettings: ['max_connections=2300', 'shared_buffers=256MB'],
  });
  const stops: (() => Promise<void>)[] = [() => stack.stop()];
  try {
    const direct: Endpoint = {
      name: 'direct',
      port: stack.target.port,
      user: billingRole,
      password: stack.targetPassword,
      database: 'app',
    };
    say(`filling pgbench_accounts and people with ${accounts} rows each`);
    await fill(stack);
    await initialise(direct, accounts / 100_000);
    await govern(stack);
    const spliced = await startSplice(stack.directory, stack.target.port);
    stops.push(spliced.stop);
    const bouncer = has('pgbouncer') ? await startPgBouncer(stack, direct) : undefined;
    if (bouncer === undefined) say('PgBouncer is not installed, so it is not compared: apt-get install pgbouncer');
    else stops.push(bouncer.stop);
    const sallyport: Endpoint = {
      name: 'Sallyport',
      port: stack.proxyPort,
      user: 'billing',
      password: await stack.token('etl'),
      database: 'app',
    };
    await mkdir(join(stack.directory, 'bench'));
    const scene: Scene = {
      stack,
      direct,
      splice: { ...direct, name: 'splice', port: spliced.port },
      sallyport,
      pgbouncer: bouncer?.endpoint,
      seconds,
      rounds,
      minutes,
      inspectPorts,
      script: async (name, text) => {
        const path = join(stack.directory, 'bench', `${name}.sql`);
        await writeFile(path, text);
        return path;
      },
      settled: async (healthUrls = [stack.proxyHealthUrl]) => {
        for (const url of healthUrls) await settled(url);
      },
      say,
    };
    await untilKnown(scene);
    return await work(scene);
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

async function fill({ target }: Stack): Promise<void> {
  const client = await target.connect('app');
  try {
    await client.query(`grant create on schema public to ${billingRole}`);
    await client.query(`create table people as
      select i as id, (4000000000000000 + i)::text as card, 'person' || i || '@example.com' as email, i % 100 as score
      from generate_series(1, ${accounts}) i`);
    await client.query(`alter table people owner to ${billingRole}`);
    await client.query('analyze people');
  } finally {
    await client.end();
  }
}

/** The caller may write too, and two columns of `people` are masked for it. */
async function govern({ admin, directory, sally }: Stack): Promise<void> {
  const { items } = await admin.expect('GET', '/v1/connections/billing/tags');
  const tag = (column: string, name: string) => ({ schema: 'public', table: 'people', column, classes: [name] });
  await admin.expect('PUT', '/v1/connections/billing/tags', {
    items: [...(items as readonly object[]), tag('card', 'card_number'), tag('email', 'email')],
  });
  const file = join(directory, 'bench.yaml');
  const text = `@id("bench") permit (principal in Group::"etl", action in Action::"write", resource in Connection::"billing");`;
  await writeFile(file, JSON.stringify({ kind: 'PolicySet', name: 'bench', spec: { text, publish: true } }));
  const applied = await sally(['apply', '-f', file]);
  if (applied.exitCode !== 0) throw new Error(applied.stderr);
}

async function settled(healthUrl: string): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt++) {
    if ((await readMetric(healthUrl, 'sallyport_spool_bytes')) === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error('evidence was not shipped within 150 s');
}

/** The agent has to have read the new tables, and the proxy the new policy. */
async function untilKnown({ stack, sallyport, script }: Scene): Promise<void> {
  const probe = await script(
    'probe',
    'update pgbench_branches set bbalance = 0 where bid = 0;\nselect card from people where id = 1;\n',
  );
  let last: unknown;
  for (let attempt = 0; attempt < 90; attempt++) {
    try {
      await pgbench(sallyport, ['-f', probe, '-c', '1', '-t', '1']);
      return;
    } catch (error) {
      last = error;
      if (stack.programs.get('proxy')?.running() !== true) break;
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
  }
  throw new Error('the gateway does not know the new tables after 90 s', { cause: last });
}
