import { loadAnalyses } from '@sallyport/proxy/analyses';
import { createStatements } from '@sallyport/proxy/statements';
import { createAnalyzer } from '@sallyport/sql';
import { parseSync } from 'libpg-query';
import { atMost, median, quantile } from '../figure.js';
import type { Figure } from '../figure.js';
import { bundleOf, openBundles } from '../large-catalog.js';
import { plainCatalog } from '../plain-catalog.js';

const searchPath = ['public'];
const tables = 40;
const joined = 10;
const texts = 300;
/** The least of so many readings of a text counts: what somebody else's turn on the processor took is not ours. */
const readings = 9;

const columns = ['id', 'parent_id', 'name', 'note', 'mail', 'amount', 'created_at', 'updated_at'];
const catalog = plainCatalog(tables, columns);

/** Ten tables, each joined by its key: what an ORM sends. No two are alike. */
const joinOf = (index: number): string => {
  const names = Array.from({ length: joined }, (_, at) => ({
    table: `t${(index + at) % tables}`,
    alias: `a${index}_${at}`,
  }));
  const outputs = names.map(({ alias }) => `${alias}.name`).join(', ');
  const [first, ...others] = names;
  const joins = others.map(
    ({ table, alias }, at) => `join ${table} ${alias} on ${alias}.parent_id = ${names[at]?.alias}.id`,
  );
  return `select ${outputs} from ${first?.table} ${first?.alias} ${joins.join(' ')} where ${first?.alias}.created_at > $1 and ${first?.alias}.amount < $2 order by ${first?.alias}.id limit 50`;
};

const microseconds = (call: () => unknown): number => {
  const start = performance.now();
  call();
  return (performance.now() - start) * 1_000;
};

/** For each text the least of its readings. */
function leastOf(each: readonly string[], call: (text: string) => unknown): readonly number[] {
  const least = each.map(() => Infinity);
  for (let reading = 0; reading < readings; reading += 1)
    for (const [at, text] of each.entries())
      least[at] = Math.min(
        least[at] ?? Infinity,
        microseconds(() => call(text)),
      );
  return least;
}

/** What reading a statement costs: one that was read before, and one that nobody has seen. */
export async function* facts(): AsyncGenerator<Figure> {
  const statements = createStatements(await loadAnalyses());
  const bundles = openBundles();
  const { reason } = await bundles.take(bundleOf(1, catalog));
  const place = bundles.current?.place('billing', 'app');
  if (place === undefined) throw new Error(reason ?? 'the place is not there');
  const all = Array.from({ length: texts }, (_, index) => joinOf(index));
  for (const text of all) statements.read(text, place, searchPath);
  const times = Array.from({ length: 100 }, () =>
    microseconds(() => {
      for (const text of all) statements.read(text, place, searchPath);
    }),
  );
  const cached = median(times) / texts;
  yield {
    name: 'facts and lineage of a text that was read before',
    unit: 'us',
    values: { Sallyport: cached },
    score: cached,
    goal: atMost(2, 'us'),
  };
  // The compiler has seen the way once.
  for (const text of all.slice(0, 200)) createAnalyzer(catalog).analyze(text, searchPath);
  const parsing = leastOf(all, (text) => parseSync(text));
  const reading = leastOf(all, (text) => {
    const read = createAnalyzer(catalog).analyze(text, searchPath);
    if (read.kind !== 'facts' || read.alike) throw new Error('it was to be read anew');
  });
  const p99 = quantile(reading, 0.99);
  yield {
    name: 'facts and lineage of a new join of 10 tables, p99',
    unit: 'us',
    values: { 'the grammar alone': quantile(parsing, 0.99), Sallyport: p99, 'median of it': median(reading) },
    score: p99,
    goal: atMost(300, 'us'),
  };
}
