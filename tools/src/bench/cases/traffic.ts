import { atLeast, atMost, median, quantile } from '../figure.js';
import type { Figure, Goal } from '../figure.js';
import { latencies, pgbench } from '../pgbench.js';
import type { Endpoint } from '../pgbench.js';
import { accounts } from '../scene.js';
import type { Scene } from '../scene.js';

const warmUps = 3;

const ways = ({ direct, pgbouncer, splice, sallyport }: Scene): readonly Endpoint[] =>
  [direct, pgbouncer, splice, sallyport].filter((endpoint) => endpoint !== undefined);

/** Round by round, one endpoint after the other, so that what the machine does meanwhile falls on all of them. */
async function inTurn(
  scene: Scene,
  measure: (endpoint: Endpoint) => Promise<number>,
): Promise<Readonly<Record<string, number>>> {
  const { figure } = await eachInTurn(scene, async (endpoint) => ({ figure: await measure(endpoint) }));
  return figure;
}

/** Several figures of the same runs: of each the medians, by endpoint. */
async function eachInTurn<Name extends string>(
  scene: Scene,
  measure: (endpoint: Endpoint) => Promise<Readonly<Record<Name, number>>>,
): Promise<Readonly<Record<Name, Readonly<Record<string, number>>>>> {
  const rounds = new Map(ways(scene).map(({ name }) => [name, [] as Readonly<Record<Name, number>>[]]));
  // Programs that compile as they run are measured when they have: the more code, the longer that takes.
  for (const endpoint of ways(scene)) for (let time = 0; time < warmUps; time++) await measure(endpoint);
  for (let round = 0; round < scene.rounds; round++)
    for (const endpoint of ways(scene)) {
      await scene.settled();
      rounds.get(endpoint.name)?.push(await measure(endpoint));
    }
  const [names = []] = [...rounds.values()].map(([first]) => Object.keys(first ?? {}) as Name[]);
  const medians = (of: Name) =>
    Object.fromEntries([...rounds].map(([endpoint, values]) => [endpoint, median(values.map((value) => value[of]))]));
  return Object.fromEntries(names.map((of) => [of, medians(of)])) as Record<Name, Record<string, number>>;
}

const ofSplice = (name: string, unit: Figure['unit'], values: Figure['values'], goal: Goal): Figure => ({
  name,
  unit,
  values,
  score: (values['Sallyport'] ?? NaN) / (values['splice'] ?? NaN),
  goal,
});

/** The other way round: time, of which less is better, as throughput. */
const speedOfSplice = (name: string, values: Figure['values'], goal: Goal): Figure => ({
  name,
  unit: 'ms',
  values,
  score: (values['splice'] ?? NaN) / (values['Sallyport'] ?? NaN),
  goal,
});

export async function* throughput(scene: Scene): AsyncGenerator<Figure> {
  const time = ['-T', String(scene.seconds)];
  const tps = (args: readonly string[]) =>
    inTurn(scene, async (endpoint) => (await pgbench(endpoint, [...args, '-c', '8', ...time])).tps);
  for (const mode of ['simple', 'prepared'])
    yield ofSplice(`SELECT by key, 8 clients, ${mode}`, '/s', await tps(['-S', '-M', mode]), atLeast(0.9, 'of splice'));
  yield ofSplice('TPC-B-like, 8 clients', '/s', await tps([]), atLeast(0.9, 'of splice'));
}

export async function* latency(scene: Scene): AsyncGenerator<Figure> {
  const { p50, p99 } = await eachInTurn(scene, async (endpoint) => {
    const times = await latencies(endpoint, ['-S', '-c', '1', '-T', String(scene.seconds)]);
    return { p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
  });
  yield ofSplice('SELECT by key, 1 client, p50', 'ms', p50, atMost(1.1, 'of splice'));
  yield ofSplice('SELECT by key, 1 client, p99', 'ms', p99, atMost(1.1, 'of splice'));
}

export async function* rows(scene: Scene): AsyncGenerator<Figure> {
  const time = (path: string) =>
    inTurn(scene, async (endpoint) => (await pgbench(endpoint, ['-f', path, '-c', '1', '-t', '3'])).latency);
  const clear = await scene.script('clear', 'select aid, bid, abalance from pgbench_accounts;\n');
  yield speedOfSplice(`${accounts} rows, unmasked`, await time(clear), atLeast(0.95, 'of splice'));
  const masked = await scene.script('masked', 'select id, card, email from people;\n');
  yield speedOfSplice(`${accounts} rows, two of three columns masked`, await time(masked), atLeast(0.7, 'of splice'));
}

export async function* connects(scene: Scene): AsyncGenerator<Figure> {
  const values = await inTurn(
    scene,
    async (endpoint) => (await pgbench(endpoint, ['-S', '-C', '-c', '1', '-T', String(scene.seconds)])).latency,
  );
  yield ofSplice('connect and first answer', 'ms', values, atMost(1.5, 'of splice'));
  // What the machine can at all stands beside it: every connect is a process of the server and two keys derived.
  const rates: Record<string, number> = {};
  for (const endpoint of ways(scene)) {
    const args = ['-S', '-C', '-c', '8', '-R', '200', '-T', String(scene.seconds)];
    rates[endpoint.name] = (await pgbench(endpoint, args)).tps;
  }
  const score = rates['Sallyport'] ?? NaN;
  yield { name: '200 connects a second, 8 clients', unit: '/s', values: rates, score, goal: atLeast(195, '/s') };
}
