import type { Collector } from './collector.js';
import { extentOf, widest } from './extent.js';
import type { Lineage } from './facts.js';
import { joinLineage, unknownLineage } from './lineage.js';
import { fieldsOf, listOf, textOf, unwrap } from './node.js';
import type { Fields } from './node.js';
import { readQuery, readSelect, renamed } from './query.js';
import type { QueryResult } from './query.js';
import { emptyScope } from './scope.js';
import type { ReadColumn, Scope, Source } from './scope.js';
import { withAdded } from './search-cycle.js';

/** WITH: each query is known under its name to those that follow, and to itself where it is recursive. */
export function readWith(clause: unknown, outer: Scope, into: Collector): Scope {
  const fields = unwrap(clause)?.fields ?? fieldsOf(clause);
  if (fields === undefined) return { sources: [], ctes: outer.ctes, outer };
  const ctes = new Map(outer.ctes);
  into.spend(ctes.size);
  const isRecursive = fields['recursive'] === true;
  // WITH RECURSIVE lets a query name a later one: until that is read, anything may come out of it.
  if (isRecursive)
    for (const each of listOf(fields['ctes'])) {
      const alias = textOf(unwrap(each)?.fields['ctename']) ?? '';
      ctes.set(alias, { alias, columns: undefined, reach: unknownLineage });
    }
  for (const each of listOf(fields['ctes'])) {
    const cte = unwrap(each)?.fields ?? {};
    const name = textOf(cte['ctename']) ?? '';
    const scope: Scope = { sources: [], ctes, outer };
    const { kind, fields: query = {} } = unwrap(cte['ctequery']) ?? {};
    if (kind !== 'SelectStmt') into.writes('untold');
    const isUnion = isRecursive && query['op'] === 'SETOP_UNION';
    if (!isUnion && (cte['search_clause'] !== undefined || cte['cycle_clause'] !== undefined))
      into.unknown('SEARCH and CYCLE of a query that is not recursive');
    ctes.set(
      name,
      isUnion
        ? readRecursive(name, cte, query, scope, into)
        : sourceOf(name, readQuery(cte['ctequery'], scope, into), cte),
    );
  }
  return { sources: [], ctes, outer };
}

const mostRounds = 8;

/** What it yields flows into itself: read until nothing new flows. The term that is not recursive gives the columns. */
function readRecursive(name: string, cte: Fields, query: Fields, scope: Scope, into: Collector): Source {
  const first = readSelect(fieldsOf(query['larg']) ?? {}, readWith(query['withClause'], scope, into), into);
  const whole = (result: QueryResult): Source =>
    withAdded(sourceOf(name, result, cte), cte, scope.outer ?? emptyScope, into);
  let known = whole(first);
  for (let round = 0; round < mostRounds; round++) {
    into.spend(scope.ctes.size);
    const inner: Scope = { ...scope, ctes: new Map(scope.ctes).set(name, known) };
    const next = joinSources(known, whole(readQuery(cte['ctequery'], inner, into)), into);
    if (sizeOf(next) === sizeOf(known)) return next;
    known = next;
  }
  return { ...known, columns: undefined, reach: { ...known.reach, complete: false } };
}

function joinSources(one: Source, other: Source, into: Collector): Source {
  const reach = joinLineage([one.reach, other.reach]);
  if (one.columns === undefined || one.columns.length !== other.columns?.length)
    return { ...one, columns: undefined, reach };
  const columns = one.columns.map((column, at): ReadColumn => {
    const next = other.columns?.[at] ?? { lineage: unknownLineage, verbatim: false };
    const [before, after] = [extentOf(column, into.resolver.index), extentOf(next, into.resolver.index)];
    // What grows in one round may grow in each.
    const extent =
      after.bytes > before.bytes ? { ...widest([before, after]), bytes: Infinity } : widest([before, after]);
    return { name: column.name, lineage: joinLineage([column.lineage, next.lineage]), verbatim: false, extent };
  });
  return { ...one, columns, reach };
}

/** Joined sources only grow. */
const sizeOf = ({ columns, reach }: Source): number =>
  [reach, ...(columns ?? []).map(({ lineage }) => lineage)].reduce((sum, each) => sum + weightOf(each), 0) +
  (columns === undefined ? 1 : 0);
const weightOf = ({ columns, complete }: Lineage): number => columns.length + (complete ? 0 : 1);

function sourceOf(alias: string, result: QueryResult, cte: Fields): Source {
  return { alias, ...renamed(result, listOf(cte['aliascolnames'])) };
}
