import { availableParallelism } from 'node:os';
import { atLeast, fromCores, median } from '../figure.js';
import type { Figure } from '../figure.js';
import { pgbench } from '../pgbench.js';
import type { Scene } from '../scene.js';

/** Client, target, agent and control plane run here too: two workers need more cores than two. */
const leastCores = 4;

/** What a second process of a proxy carries: beside the one that there is, another proxy with two. */
export async function* workers(scene: Scene): AsyncGenerator<Figure> {
  const { stack, sallyport, seconds, rounds } = scene;
  const gate = await stack.addProxy('gate-2', 2);
  try {
    const ways = [
      { name: 'one worker', port: sallyport.port, healthUrls: [stack.proxyHealthUrl], tps: [] as number[] },
      { name: 'two workers', port: gate.port, healthUrls: gate.healthUrls, tps: [] as number[] },
    ] as const;
    const args = ['-S', '-M', 'prepared', '-c', '16', '-T', String(seconds)];
    // The first round is for programs that compile as they run.
    for (let round = 0; round <= rounds; round++)
      for (const { port, healthUrls, tps } of ways) {
        const run = await pgbench({ ...sallyport, port }, args);
        if (round > 0) tps.push(run.tps);
        await scene.settled(healthUrls);
      }
    const [one, two] = ways.map(({ tps }) => median(tps));
    yield {
      name: 'SELECT by key, 16 clients, prepared, by workers',
      unit: '/s',
      values: Object.fromEntries(ways.map(({ name, tps }) => [name, median(tps)])),
      score: (two ?? NaN) / (one ?? NaN),
      goal: fromCores(leastCores, availableParallelism(), atLeast(1.7, 'of one worker')),
    };
  } finally {
    await gate.program.stop();
  }
}
