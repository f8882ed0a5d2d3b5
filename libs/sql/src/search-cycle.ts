import { noteOperatorNamed } from './calls.js';
import type { Collector } from './collector.js';
import { readExpression } from './expression.js';
import type { Lineage, OutputColumn } from './facts.js';
import { joinLineage } from './lineage.js';
import { fieldsOf, nameParts, textOf } from './node.js';
import type { Fields } from './node.js';
import { emptyScope } from './scope.js';
import type { Scope, Source } from './scope.js';

/**
 * SEARCH and CYCLE of a recursive query: columns behind its own (rewriteSearchCycle.c). The order of the search and the path hold the
 * keys of every row on the way; the mark tells whether they were met before, and there the query stops.
 */
export function withAdded(source: Source, cte: Fields, around: Scope, into: Collector): Source {
  const search = fieldsOf(cte['search_clause']);
  const cycle = fieldsOf(cte['cycle_clause']);
  if (source.columns === undefined || (search === undefined && cycle === undefined)) return source;
  const added: OutputColumn[] = [];
  const add = (name: unknown, lineage: Lineage): void =>
    void added.push({ name: textOf(name) ?? '', lineage, verbatim: false });
  if (search !== undefined) add(search['search_seq_column'], keysOf(search['search_col_list'], source));
  if (cycle !== undefined) {
    const keys = keysOf(cycle['cycle_col_list'], source);
    const marks = [cycle['cycle_mark_value'], cycle['cycle_mark_default']].map(
      (mark) => readExpression(mark, emptyScope, into).lineage,
    );
    const compared = ['=', '<>'].map((operator) => noteOperatorNamed([operator], into));
    const met = joinLineage([keys, ...marks, ...compared]);
    into.filter(met);
    add(cycle['cycle_mark_column'], met);
    add(cycle['cycle_path_column'], keys);
  }
  return {
    ...source,
    columns: [...source.columns, ...added],
    reach: joinLineage([source.reach, ...added.map(({ lineage }) => lineage)]),
    added: { count: added.length, around },
  };
}

function keysOf(names: unknown, { columns = [], reach }: Source): Lineage {
  const found = nameParts(names).map((name) => columns.filter((column) => column.name === name));
  return found.every((each) => each.length === 1)
    ? joinLineage(found.flat().map(({ lineage }) => lineage))
    : joinLineage([reach]);
}
