import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Bundles } from '@sallyport/proxy/bundles';
import { atMost, median } from '../figure.js';
import type { Figure } from '../figure.js';
import { bundleOf, largeCatalog, openBundles } from '../large-catalog.js';

const tables = 10_000;
const deltas = 20;
const arrivals = 5;

const collector = (): (() => Promise<void>) => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  return async () => {
    for (let times = 0; times < 3; times += 1) {
      await turn();
      await collect();
    }
  };
};

/** Milliseconds of this thread: what others on the machine do does not count. */
const cpu = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
};

const take = async (bundles: Bundles, arriving: ReturnType<typeof bundleOf>): Promise<void> => {
  const { reason } = await bundles.take(arriving);
  if (reason !== undefined) throw new Error(reason);
  // What the next statement asks first.
  if (bundles.current?.place('billing', 'app') === undefined) throw new Error('the place is not there');
};

/** The most work in one turn of the loop while something goes on: for so long nobody else is served. */
async function longestTurn(work: Promise<unknown>): Promise<number> {
  let over = false;
  void work.finally(() => (over = true));
  let longest = 0;
  for (let last = cpu(); !over;) {
    await turn();
    const now = cpu();
    longest = Math.max(longest, now - last);
    last = now;
  }
  await work;
  return longest;
}

/** What a catalog of 10,000 tables costs a proxy: when it comes, while it is kept, when one table changes. */
export async function* catalogs(): AsyncGenerator<Figure> {
  const collect = collector();
  const whole = bundleOf(1, largeCatalog(tables));
  await collect();
  const without = process.memoryUsage().heapUsed;
  const bundles = openBundles();
  await take(bundles, whole);
  await collect();
  const heap = (process.memoryUsage().heapUsed - without) / 1e6;
  yield {
    name: `heap of a proxy for a catalog of ${tables} tables of 10 columns`,
    unit: 'MB',
    values: { Sallyport: heap },
    score: heap,
    goal: atMost(20, 'MB'),
  };
  const turns: number[] = [];
  const times: number[] = [];
  for (let arrival = 0; arrival < arrivals; arrival += 1) {
    const start = cpu();
    turns.push(await longestTurn(take(openBundles(), whole)));
    times.push(cpu() - start);
  }
  const longest = median(turns);
  yield {
    name: `first catalog of ${tables} tables: longest turn of the loop`,
    unit: 'ms',
    values: { Sallyport: longest, 'all of it': median(times) },
    score: longest,
    goal: atMost(20, 'ms'),
  };
  // All made beforehand: what making them leaves behind is not the proxy's to clean up.
  const altered = Array.from({ length: deltas }, (_, at) => 137 + at * 400);
  let held: ReadonlySet<string> = new Set(bundles.held);
  const arriving = Array.from({ length: deltas }, (_, at) => {
    const bundle = bundleOf(2 + at, largeCatalog(tables, altered.slice(0, at + 1)), held);
    held = bundle.digests;
    return bundle;
  });
  await collect();
  const spent = cpu();
  for (const bundle of arriving) await take(bundles, bundle);
  const each = (cpu() - spent) / deltas;
  yield {
    name: `one ALTER among ${tables} tables: from its arrival at a proxy to in force`,
    unit: 'ms',
    values: { Sallyport: each },
    score: each,
    goal: atMost(5, 'ms'),
  };
}
