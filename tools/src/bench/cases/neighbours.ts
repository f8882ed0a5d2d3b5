import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { atMost, quantile } from '../figure.js';
import type { Figure } from '../figure.js';
import { readMetric } from '../metric.js';
import { latencies, pgbench } from '../pgbench.js';
import type { Endpoint } from '../pgbench.js';
import type { Scene } from '../scene.js';

/**
 * While one session moves bulk data and another sends rubbish, a third one's latency beside its quiet value. The splice shows
 * what the machine itself does to a third when it has bulk data to move.
 */
export async function* neighbours(scene: Scene): AsyncGenerator<Figure> {
  const splice = await disturb(scene, scene.splice);
  const ours = await disturb(scene, scene.sallyport);
  yield {
    name: 'p99 of a session beside bulk data and hostile input',
    unit: 'ms',
    values: { quiet: ours.quiet, busy: ours.busy, 'splice quiet': splice.quiet, 'splice busy': splice.busy },
    score: ours.busy / ours.quiet,
    goal: atMost(2, 'of quiet'),
  };
  yield {
    name: 'event-loop delay of the proxy meanwhile, p99',
    unit: 'ms',
    values: { Sallyport: ours.delay },
    score: ours.delay,
    goal: atMost(20, 'ms'),
  };
}

const disturb = async (scene: Scene, end: Endpoint): Promise<Readonly<Record<'quiet' | 'busy' | 'delay', number>>> => {
  const { seconds, settled } = scene;
  const args = ['-S', '-c', '1', '-T', String(seconds)];
  await latencies(end, args);
  await settled();
  const quiet = quantile(await latencies(end, args), 0.99);
  const bulk = await scene.script('bulk', 'select aid, bid, abalance from pgbench_accounts;\n');
  const moving = pgbench(end, ['-f', bulk, '-c', '1', '-T', String(seconds + 1)]);
  const stop = annoy(end.port);
  await loopDelay(scene);
  const busy = quantile(await latencies(end, args), 0.99);
  const delay = await loopDelay(scene);
  stop();
  await moving;
  return { quiet, busy, delay };
};

/** Since it was asked last, milliseconds. */
const loopDelay = async ({ stack }: Scene): Promise<number> =>
  (await readMetric(stack.proxyHealthUrl, 'sallyport_event_loop_delay_seconds')) * 1000;

/** Rubbish on one connection after the other, a bounded number of them. */
function annoy(port: number): () => void {
  let left = 5_000;
  let stopped = false;
  const next = (): void => {
    if (stopped || left-- <= 0) return;
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('error', () => undefined);
    socket.on('close', () => setTimeout(next, 2));
    socket.write(left % 3 === 0 ? Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]) : Buffer.alloc(0));
    socket.write(randomBytes(64 * 1024));
    socket.end();
  };
  next();
  return () => {
    stopped = true;
  };
}
