import { Client } from 'pg';
import { atMost, median } from '../figure.js';
import type { Figure } from '../figure.js';
import { inspect, residentAfterCollection } from '../inspector.js';
import { pgbench } from '../pgbench.js';
import type { Endpoint } from '../pgbench.js';
import type { Scene } from '../scene.js';

/** Between two looks, milliseconds. */
const round = 20_000;

/**
 * What a proxy and an agent grow by while they do all day what they do: statements of a thousand shapes, prepared ones,
 * masked answers, refusals, transactions that fail, sessions that come and go. Measured is what stays resident when all
 * garbage is collected: the median of the last three looks against that of the first three behind a third of warming up.
 */
export async function* soak(scene: Scene): AsyncGenerator<Figure> {
  const { stack, sallyport, minutes, say, script, inspectPorts } = scene;
  const programs = ['proxy', 'agent'] as const;
  const calls = await Promise.all(
    programs.map((name) => inspect(stack.programs.get(name)?.pid ?? 0, inspectPorts[name])),
  );
  const samples: number[][] = [];
  const shapes = await script('shapes', manyShapes);
  const masked = await script('masked-few', 'select id, card, email from people where id < 50;\n');
  const end = Date.now() + minutes * 60_000;
  // What is left behind the last whole round is too short for rates of a few a second.
  while (samples.length === 0 || end - Date.now() > round / 2) {
    const time = String(round / 1000);
    // A token is good for an hour, and the session for as long as its token.
    const caller = { ...sallyport, password: await stack.token('etl') };
    const at = (rate: number, ...args: string[]) => pgbench(caller, [...args, '-R', String(rate), '-T', time]);
    await Promise.all([
      at(40, '-f', shapes, '-c', '2'),
      at(40, '-S', '-M', 'prepared', '-c', '4'),
      at(5, '-f', masked, '-c', '1'),
      at(5, '-c', '2'),
      at(2, '-S', '-C', '-c', '1'),
      stumble(caller),
    ]);
    const now = await Promise.all(calls.map(residentAfterCollection));
    samples.push(now);
    const left = Math.max(0, (end - Date.now()) / 60_000).toFixed(1);
    if (samples.length % 3 === 0)
      say(`soak: ${left} minutes to go; proxy, agent: ${now.map((each) => each.toFixed(1)).join(', ')} MB`);
  }
  const warm = samples.slice(Math.floor(samples.length / 3));
  for (const [index, name] of programs.entries()) {
    const of = (some: readonly number[][]): number => median(some.map((each) => each[index] ?? NaN));
    const [early, late] = [of(warm.slice(0, 3)), of(warm.slice(-3))];
    yield {
      name: `growth of the ${name} under mixed traffic`,
      unit: 'MB',
      values: { [`after ${Math.round(minutes / 3)} minutes`]: early, [`after ${minutes}`]: late },
      score: late - early,
      goal: atMost(8, 'MB'),
    };
  }
}

/** One of a thousand statements each time, no two of one shape. */
const manyShapes = '\\set shape random(1, 1000)\nselect aid as shape:shape from pgbench_accounts where aid = 1;\n';

/** What goes wrong all day: refusals, errors, transactions that fail. */
async function stumble({ port, user, password, database }: Endpoint): Promise<void> {
  const client = new Client({ host: '127.0.0.1', port, user, password, database });
  await client.connect();
  try {
    const failing = ['drop table people', 'select nothing', 'begin', 'select 1/0', 'rollback', 'not sql'];
    for (const text of failing) await client.query(text).catch(() => undefined);
  } finally {
    await client.end();
  }
}
