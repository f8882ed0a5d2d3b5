import { setImmediate } from 'node:timers/promises';
import type { SampleVerdict } from '@sallyport/contracts';
import type { Detectors } from '@sallyport/masking/detect';
import type { CatalogClient } from './catalog.js';
import { begin, columnsQuery, mostColumns, mostTogether, mostValues, valuesQuery } from './sample-queries.js';
import type { SampledColumn } from './sample-queries.js';
import { UnbelievableCatalog } from './unbelievable-catalog.js';

export interface SampleInput {
  readonly client: CatalogClient;
  readonly detectors: Pick<Detectors, 'detect'>;
  /** Milliseconds of a clock that does not jump. */
  readonly monotonic: () => number;
}

/** In percent: below it a class in a column is chance. */
const leastShare = 20;
const longest = 60_000;

/**
 * Looks at a few values of each column, through detectors. The values are dropped here: what comes out is which class a column
 * seems to hold. A table that cannot be read (a lock, a timeout) is left out.
 */
export async function sampleColumns({ client, detectors, monotonic }: SampleInput): Promise<readonly SampleVerdict[]> {
  const until = monotonic() + longest;
  await client.query(begin);
  const { rows } = await client.query(columnsQuery);
  await client.query('rollback');
  if (rows.length > mostColumns) throw new UnbelievableCatalog('it has more columns than were asked for');
  const verdicts: SampleVerdict[] = [];
  for (const part of partsOf(rows.map(columnOf))) {
    if (monotonic() > until) break;
    const values = await readValues(client, part);
    for (const [at, column] of part.entries()) {
      verdicts.push(
        ...judge(
          column,
          values.map((row) => row[`c${at}`]),
          detectors,
        ),
      );
      // Sessions go through this process too.
      await setImmediate();
    }
  }
  return verdicts;
}

const columnOf = (row: Readonly<Record<string, unknown>>): SampledColumn => ({
  schema: String(row['schema']),
  table: String(row['table']),
  column: String(row['column']),
});

/** Columns of one table, a few together. */
function partsOf(columns: readonly SampledColumn[]): readonly (readonly SampledColumn[])[] {
  const parts: SampledColumn[][] = [];
  for (const column of columns) {
    const last = parts.at(-1);
    const [first] = last ?? [];
    const together = first?.schema === column.schema && first.table === column.table;
    if (last !== undefined && together && last.length < mostTogether) last.push(column);
    else parts.push([column]);
  }
  return parts;
}

async function readValues(
  client: CatalogClient,
  part: readonly SampledColumn[],
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const [first] = part;
  if (first === undefined) return [];
  const names = part.map(({ column }) => column);
  try {
    await client.query(begin);
    return (await client.query(valuesQuery(first.schema, first.table, names))).rows.slice(0, mostValues);
  } catch {
    return [];
  } finally {
    await client.query('rollback');
  }
}

function judge(
  column: SampledColumn,
  values: readonly unknown[],
  detectors: SampleInput['detectors'],
): SampleVerdict[] {
  const texts = values.filter((value) => typeof value === 'string');
  const counts = new Map<string, number>();
  for (const text of texts)
    for (const name of new Set(detectors.detect(text).map((span) => span.class)))
      counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].flatMap(([name, count]) => {
    const share = Math.round((100 * count) / texts.length);
    return share < leastShare ? [] : [{ ...column, class: name, share, sampled: texts.length }];
  });
}
