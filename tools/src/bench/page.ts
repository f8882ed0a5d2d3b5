import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { arch, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { rootDirectory } from '../stack/paths.js';
import { drawChart } from './chart.js';
import { rowOf, tableHead } from './figure.js';
import type { Figure } from './figure.js';
import { drawFlame } from './flame.js';
import { sharesOf } from './profile.js';
import type { Frame } from './profile.js';

const begin = '<!-- measured: written by npm run bench -- --write -->';
const end = '<!-- /measured -->';

const charts = join(rootDirectory, 'docs', 'benchmarks');

/** Writes a figure into docs/benchmarks.md: what was not measured now stays, and so does what people wrote. */
export async function keepFigure(
  figure: Figure,
  { seconds, rounds }: { readonly seconds: number; readonly rounds: number },
): Promise<void> {
  await mkdir(charts, { recursive: true });
  await writeFile(join(charts, chartOf(figure.name)), drawChart(figure));
  const path = join(rootDirectory, 'docs', 'benchmarks.md');
  const page = await readFile(path, 'utf8').catch(() => `# Benchmarks\n\n${begin}\n${end}\n`);
  const today = new Date().toISOString().slice(0, 10);
  const [processor] = cpus();
  const machine = `${cpus().length} cores (${processor?.model.trim() ?? arch()}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;
  await writeFile(path, mergePage(page, [figure], { today, machine, length: `${rounds} rounds of ${seconds} s` }));
}

/** Where the proxy's time went: the graph, and the shares of what it went to. */
export async function keepFlame(flame: Frame): Promise<void> {
  await mkdir(charts, { recursive: true });
  await writeFile(join(charts, 'proxy-flame.svg'), drawFlame(flame, 'The proxy: SELECT by key, 8 clients, prepared'));
  const shares = [...sharesOf(flame)].map(([subject, share]) => `| ${subject} | ${(share * 100).toFixed(0)} % |`);
  const table = `| own time of the proxy | share |\n| --- | --- |\n${shares.join('\n')}\n`;
  await writeFile(join(charts, 'proxy-shares.md'), table);
}

const chartOf = (name: string): string => `${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}.svg`;

/** The page with the new figures in it, in the order in which they were first measured. */
export function mergePage(
  page: string,
  figures: readonly Figure[],
  { today, machine, length }: { readonly today: string; readonly machine: string; readonly length: string },
): string {
  const [before = '', rest = ''] = page.split(begin);
  const [written = '', after = ''] = rest.split(end);
  const rows = new Map(
    written
      .split('\n')
      .filter((line) => line.startsWith('| ') && !tableHead.includes(line))
      .map((line) => [line.split('|')[1]?.trim() ?? '', line]),
  );
  for (const figure of figures) rows.set(figure.name, rowOf(figure, today));
  const names = [...rows.keys()];
  return `${before}${begin}
Last written on ${today}: ${machine}; ${length}, medians. Everything ran on that one machine.

${tableHead}
${[...rows.values()].join('\n')}

${names.map((name) => `![${name}](benchmarks/${chartOf(name)})`).join('\n\n')}
${end}${after}`;
}
