import { mkdir, writeFile } from 'node:fs/promises';
import { arch, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { rootDirectory } from '../stack/paths.js';
import { decisions } from './cases/decisions.js';
import { memory } from './cases/memory.js';
import { neighbours } from './cases/neighbours.js';
import { publishing } from './cases/publishing.js';
import { workers } from './cases/workers.js';
import { connects, latency, rows, throughput } from './cases/traffic.js';
import { drawChart } from './chart.js';
import { isAsked, isMet, rowOf, tableHead } from './figure.js';
import type { Figure } from './figure.js';
import { has } from './pgbench.js';
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
  workers,
};

const usage = `npm run bench: what the gateway costs, as ratios within one run.

  npm run bench                       everything
  npm run bench -- throughput rows    some of: decisions, ${Object.keys(groups).join(', ')}
  npm run bench -- --seconds 10 --rounds 5
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
  const unknown = positionals.filter((name) => name !== 'decisions' && !Object.hasOwn(groups, name));
  const [seconds, rounds] = [Number(values.seconds), Number(values.rounds)];
  if (unknown.length > 0 || !(seconds > 0) || !(rounds > 0)) {
    process.stderr.write(
      `bench: ${unknown.length > 0 ? `no such group: ${unknown.join(', ')}` : 'seconds and rounds are numbers above zero'}\n\n${usage}\n`,
    );
    return 64;
  }
  const wanted = (name: string): boolean => positionals.length === 0 || positionals.includes(name);
  const chosen = Object.entries(groups).filter(([name]) => wanted(name));
  if (chosen.length > 0 && !has('pgbench')) {
    process.stderr.write('bench: pgbench is not installed: apt-get install postgresql-contrib\n');
    return 69;
  }
  const figures: Figure[] = [];
  const take = async (measured: AsyncGenerator<Figure> | Generator<Figure>): Promise<void> => {
    for await (const figure of measured) {
      figures.push(figure);
      say(rowOf(figure));
    }
  };
  say(`${tableHead}`);
  if (wanted('decisions')) await take(decisions());
  if (chosen.length > 0)
    await withScene({ seconds, rounds, say: (line) => process.stderr.write(`${line}\n`) }, async (scene) => {
      for (const [, measure] of chosen) await take(measure(scene));
    });
  const asked = figures.filter(isAsked);
  say(`\n${asked.filter(isMet).length} of ${asked.length} goals met`);
  if (values.write === true) await keep(figures, seconds, rounds);
  return 0;
}

async function keep(figures: readonly Figure[], seconds: number, rounds: number): Promise<void> {
  const charts = join(rootDirectory, 'docs', 'benchmarks');
  await mkdir(charts, { recursive: true });
  const drawn: string[] = [];
  for (const figure of figures) {
    const file = `${figure.name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}.svg`;
    await writeFile(join(charts, file), drawChart(figure));
    drawn.push(`![${figure.name}](benchmarks/${file})`);
  }
  const [processor] = cpus();
  const machine = `${cpus().length} cores (${processor?.model.trim() ?? arch()}), ${Math.round(totalmem() / 2 ** 30)} GiB`;
  const page = `# Benchmarks

Written by \`npm run bench -- --write\` on ${new Date().toISOString().slice(0, 10)}: ${machine}, Node ${process.versions.node},
${rounds} rounds of ${seconds} s, medians. Everything ran on that one machine, so absolute figures say little; the score is what
counts. The splice is two processes of the same shape that only move bytes, with TLS between them: our physical limit.

${tableHead}
${figures.map(rowOf).join('\n')}

${drawn.join('\n\n')}
`;
  await writeFile(join(rootDirectory, 'docs', 'benchmarks.md'), page);
  say('written: docs/benchmarks.md, docs/benchmarks/*.svg');
}
