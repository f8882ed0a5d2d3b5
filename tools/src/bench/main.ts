import { parseArgs } from 'node:util';
import { catalogs } from './cases/catalogs.js';
import { decisions } from './cases/decisions.js';
import { facts } from './cases/facts.js';
import { hostile } from './cases/hostile.js';
import { memory } from './cases/memory.js';
import { neighbours } from './cases/neighbours.js';
import { soak } from './cases/soak.js';
import { publishing } from './cases/publishing.js';
import { workers } from './cases/workers.js';
import { connects, latency, rows, throughput } from './cases/traffic.js';
import { isAsked, isMet, rowOf, tableHead } from './figure.js';
import type { Figure } from './figure.js';
import { keepFigure, keepFlame } from './page.js';
import { has } from './pgbench.js';
import type { Frame } from './profile.js';
import { sharesOf } from './profile.js';
import { profileProxy } from './cases/profile.js';
import { withScene } from './scene.js';
import type { Scene } from './scene.js';

const groups: Readonly<Record<string, (scene: Scene) => AsyncGenerator<Figure>>> = {
  throughput,
  latency,
  rows,
  connects,
  publishing,
  memory,
  neighbours,
  hostile,
  workers,
  soak,
};

/** In this process alone. */
const alone: Readonly<Record<string, () => AsyncGenerator<Figure>>> = { decisions, facts, catalogs };
const others = [...Object.keys(alone), 'profile'];
/** Runs only where it is named. */
const onRequest = ['soak', 'profile'];

const usage = `npm run bench: what the gateway costs, as ratios within one run.

  npm run bench                       everything
  npm run bench -- throughput rows    some of: ${Object.keys(alone).join(', ')}, ${Object.keys(groups).join(', ')}
  npm run bench -- --seconds 10 --rounds 5
  npm run bench -- soak --minutes 60  mixed traffic for an hour: does anything grow? Only where it is named.
  npm run bench -- profile            where the proxy's time goes; with --write as a flame graph in docs/
  npm run bench -- --write            keeps the table and its charts in docs/

Measured are: direct, PgBouncer where it is installed, a bare two-hop TLS splice of the same shape (two processes that move
bytes and do nothing else: our physical limit), and Sallyport with policy, tags, detectors and the spool on.

Needs pgbench: apt-get install postgresql-contrib. Compares with PgBouncer after: apt-get install pgbouncer.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: 'boolean', short: 'h' },
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
    minutes: { type: 'string', default: '60' },
    write: { type: 'boolean' },
  },
});
const say = (line: string): void => void process.stdout.write(`${line}\n`);
process.exitCode = await main();

async function main(): Promise<number> {
  if (values.help === true) {
    say(usage);
    return 0;
  }
  const unknown = positionals.filter((name) => !others.includes(name) && !Object.hasOwn(groups, name));
  const [seconds, rounds, minutes] = [values.seconds, values.rounds, values.minutes].map(Number) as [
    number,
    number,
    number,
  ];
  if (unknown.length > 0 || !(seconds > 0) || !(rounds > 0) || !(minutes > 0)) {
    process.stderr.write(
      `bench: ${unknown.length > 0 ? `no such group: ${unknown.join(', ')}` : 'seconds, rounds and minutes are numbers above zero'}\n\n${usage}\n`,
    );
    return 64;
  }
  const wanted = (name: string): boolean =>
    positionals.includes(name) || (positionals.length === 0 && !onRequest.includes(name));
  const chosen = Object.entries(groups).filter(([name]) => wanted(name));
  const needsScene = chosen.length > 0 || wanted('profile');
  if (needsScene && !has('pgbench')) {
    process.stderr.write('bench: pgbench is not installed: apt-get install postgresql-contrib\n');
    return 69;
  }
  const figures: Figure[] = [];
  const take = async (measured: AsyncGenerator<Figure> | Generator<Figure>): Promise<void> => {
    for await (const figure of measured) {
      figures.push(figure);
      // At once: a run that is cut keeps what it has.
      if (values.write === true) await keepFigure(figure, { seconds, rounds });
      say(rowOf(figure, new Date().toISOString().slice(0, 10)));
    }
  };
  say(`${tableHead}`);
  for (const [name, measure] of Object.entries(alone)) if (wanted(name)) await take(measure());
  let flame: Frame | undefined;
  if (needsScene)
    await withScene({ seconds, rounds, minutes, say: (line) => process.stderr.write(`${line}\n`) }, async (scene) => {
      for (const [, measure] of chosen) await take(measure(scene));
      if (!wanted('profile')) return;
      flame = await profileProxy(scene);
      for (const [subject, share] of sharesOf(flame)) say(`${(share * 100).toFixed(1).padStart(5)} % ${subject}`);
    });
  const asked = figures.filter(isAsked);
  if (asked.length > 0) say(`\n${asked.filter(isMet).length} of ${asked.length} goals met`);
  if (values.write === true) {
    if (flame !== undefined) await keepFlame(flame);
    say('written: docs/benchmarks.md, docs/benchmarks/*.svg');
  }
  return 0;
}
