import { noteOperator } from './calls.js';
import type { Collector } from './collector.js';
import { readExpression, readWindow } from './expression.js';
import { extentOf, widest } from './extent.js';
import type { Lineage } from './facts.js';
import { readFrom } from './from.js';
import { joinLineage, unknownLineage } from './lineage.js';
import { noteLocks } from './locking.js';
import { readDelete, readInsert, readMerge, readUpdate } from './modify.js';
import { outputName } from './naming.js';
import { fieldsOf, listOf, nameParts, textOf, unwrap } from './node.js';
import type { Fields } from './node.js';
import { expandStar, reachOfScope } from './scope.js';
import type { ReadColumn, Scope } from './scope.js';
import { readWith } from './with.js';

/** The rows of a query: its columns where they can be counted, and all that may be in them. */
export interface QueryResult {
  readonly columns: readonly ReadColumn[] | undefined;
  readonly reach: Lineage;
}

/** SELECT, VALUES, and data-modifying statements where a query may stand. */
export function readQuery(node: unknown, outer: Scope, into: Collector): QueryResult {
  const wrapped = unwrap(node);
  switch (wrapped?.kind) {
    case 'SelectStmt':
      return readSelect(wrapped.fields, outer, into);
    case 'InsertStmt':
      return readInsert(wrapped.fields, outer, into);
    case 'UpdateStmt':
      return readUpdate(wrapped.fields, outer, into);
    case 'DeleteStmt':
      return readDelete(wrapped.fields, outer, into);
    case 'MergeStmt':
      return readMerge(wrapped.fields, outer, into);
    default:
      into.unknown(`${wrapped?.kind ?? 'something'} is not modelled as a query`);
      return { columns: undefined, reach: { columns: [], complete: false } };
  }
}

export function readSelect(fields: Fields, outer: Scope, into: Collector): QueryResult {
  const result = readSelectForm(fields, outer, into);
  into.spend(1 + result.reach.columns.length);
  return result;
}

function readSelectForm(fields: Fields, outer: Scope, into: Collector): QueryResult {
  const base = readWith(fields['withClause'], outer, into);
  noteLocks(fields, base, into);
  if (fields['op'] !== undefined && fields['op'] !== 'SETOP_NONE') return readSetOperation(fields, base, into);
  if (fields['valuesLists'] !== undefined) return readValues(fields, base, into);
  const { sources, filters } = readFrom(listOf(fields['fromClause']), base, into);
  const windows = new Map<string, Lineage>();
  const scope: Scope = { sources, ctes: base.ctes, outer: base.outer, windows };
  for (const filter of filters) into.filter(filter);
  for (const window of listOf(fields['windowClause'])) {
    const named = unwrap(window)?.fields;
    windows.set(textOf(named?.['name']) ?? '', readWindow(named, scope, into));
  }
  const filterBy = (part: unknown): void => {
    if (part !== undefined) into.filter(readExpression(part, scope, into).lineage);
  };
  filterBy(fields['whereClause']);
  const result = readTargets(listOf(fields['targetList']), scope, into);
  filterBy(fields['havingClause']);
  for (const part of listOf(fields['groupClause'])) into.filter(readKey(part, result, scope, into));
  for (const part of listOf(fields['sortClause'])) {
    into.filter(noteOperator(unwrap(part)?.fields['useOp'], into));
    into.filter(readKey(unwrap(part)?.fields['node'], result, scope, into));
  }
  const distinct = listOf(fields['distinctClause']);
  for (const part of distinct) {
    // Plain DISTINCT is a list with one empty node: every output shapes the rows.
    if (unwrap(part) === undefined) into.filter(allOutputs(result));
    else into.filter(readKey(part, result, scope, into));
  }
  filterBy(fields['limitCount']);
  filterBy(fields['limitOffset']);
  return result;
}

/** A key of ORDER BY, GROUP BY or DISTINCT ON may be a number or the name of an output. */
function readKey(node: unknown, result: QueryResult, scope: Scope, into: Collector): Lineage {
  const wrapped = unwrap(node);
  if (wrapped?.kind === 'GroupingSet')
    return joinLineage(listOf(wrapped.fields['content']).map((part) => readKey(part, result, scope, into)));
  if (wrapped?.kind === 'A_Const' && fieldsOf(wrapped.fields['ival']) !== undefined) {
    const at = Number(fieldsOf(wrapped.fields['ival'])?.['ival'] ?? 0);
    return result.columns?.[at - 1]?.lineage ?? result.reach;
  }
  const read = readExpression(node, scope, into).lineage;
  const [name, ...more] = wrapped?.kind === 'ColumnRef' ? nameParts(wrapped.fields['fields']) : [];
  if (name === undefined || more.length > 0) return read;
  const outputs = (result.columns ?? []).filter((column) => column.name === name);
  if (outputs.length === 0) return read;
  const named = joinLineage(outputs.map(({ lineage }) => lineage));
  // An output's name that is no column of any source: the reference finds nothing, the output is meant.
  return read.complete || read.columns.length > 0 ? joinLineage([read, named]) : named;
}

/** A key of ORDER BY behind UNION, INTERSECT or EXCEPT: the server takes the number or the name of an output there, and no more. */
function readOutputKey(node: unknown, result: QueryResult, scope: Scope, into: Collector): Lineage {
  const wrapped = unwrap(node);
  if (wrapped?.kind === 'A_Const' && fieldsOf(wrapped.fields['ival']) !== undefined) {
    const at = Number(fieldsOf(wrapped.fields['ival'])?.['ival'] ?? 0);
    return result.columns?.[at - 1]?.lineage ?? result.reach;
  }
  if (wrapped?.kind !== 'ColumnRef')
    return joinLineage([readExpression(node, scope, into).lineage, allOutputs(result)]);
  const [name, ...more] = nameParts(wrapped.fields['fields']);
  const named = (result.columns ?? []).filter((column) => column.name === name && more.length === 0);
  return named.length === 0 ? allOutputs(result) : joinLineage(named.map(({ lineage }) => lineage));
}

const allOutputs = ({ columns, reach }: QueryResult): Lineage =>
  columns === undefined ? reach : joinLineage(columns.map(({ lineage }) => lineage));

/** As many as a server takes (MaxTupleAttributeNumber); more is refused there, and costs much here. */
const mostOutputs = 1664;

/** Target list or RETURNING. */
export function readTargets(targets: readonly unknown[], scope: Scope, into: Collector): QueryResult {
  const columns: ReadColumn[] = [];
  let counted = true;
  /** What may come out of targets whose columns cannot be counted. */
  const uncounted: Lineage[] = [];
  for (const target of targets) {
    const fields = unwrap(target)?.fields ?? {};
    const value = unwrap(fields['val']);
    const parts = value?.kind === 'ColumnRef' ? listOf(value.fields['fields']) : [];
    if (value?.kind === 'ColumnRef' && unwrap(parts.at(-1))?.kind === 'A_Star') {
      const expanded = expandStar(scope, nameParts(parts));
      if (expanded === undefined) {
        counted = false;
        uncounted.push(reachOfScope(scope));
      } else for (const column of expanded) columns.push(column);
    } else if (
      value?.kind === 'A_Indirection' &&
      unwrap(listOf(value.fields['indirection']).at(-1))?.kind === 'A_Star'
    ) {
      // `(row).*` gives as many columns as the row's type has.
      const { lineage, row } = readExpression(fields['val'], scope, into);
      if (row === undefined) {
        uncounted.push(lineage);
        counted = false;
      } else for (const column of row) columns.push(column);
    } else {
      const { lineage, verbatim, extent } = readExpression(fields['val'], scope, into);
      const name = textOf(fields['name']) ?? outputName(fields['val'], into.subqueries);
      columns.push({ name, lineage, verbatim, extent });
    }
    if (columns.length > mostOutputs) {
      into.unknown(`more than ${mostOutputs} outputs`);
      return { columns: undefined, reach: unknownLineage };
    }
  }
  const parts = columns.map(({ lineage }) => lineage);
  into.spend(parts.reduce((sum, part) => sum + part.columns.length, columns.length));
  return { columns: counted ? columns : undefined, reach: joinLineage([...parts, ...uncounted]) };
}

function readSetOperation(fields: Fields, scope: Scope, into: Collector): QueryResult {
  const left = readSelect(fieldsOf(fields['larg']) ?? {}, scope, into);
  const right = readSelect(fieldsOf(fields['rarg']) ?? {}, scope, into);
  const columns =
    left.columns === undefined || right.columns === undefined || left.columns.length !== right.columns.length
      ? undefined
      : left.columns.map((column, at) =>
          oneOf(column.name, [column, ...(right.columns?.slice(at, at + 1) ?? [])], into),
        );
  const result: QueryResult = { columns, reach: joinLineage([left.reach, right.reach]) };
  const isPlain = fields['op'] === 'SETOP_UNION' && fields['all'] === true;
  if (!isPlain) into.filter(allOutputs(result));
  for (const part of listOf(fields['sortClause'])) {
    into.filter(noteOperator(unwrap(part)?.fields['useOp'], into));
    into.filter(readOutputKey(unwrap(part)?.fields['node'], result, scope, into));
  }
  for (const part of [fields['limitCount'], fields['limitOffset']])
    if (part !== undefined) into.filter(readExpression(part, scope, into).lineage);
  return result;
}

/** A column that holds a value of one of these. */
const oneOf = (name: string, parts: readonly Omit<ReadColumn, 'name'>[], into: Collector): ReadColumn => ({
  name,
  lineage: joinLineage(parts.map(({ lineage }) => lineage)),
  verbatim: false,
  extent: widest(parts.map((part) => extentOf(part, into.resolver.index))),
});

function readValues(fields: Fields, scope: Scope, into: Collector): QueryResult {
  const rows = listOf(fields['valuesLists']).map((row) =>
    listOf(unwrap(row)?.fields['items']).map((item) => readExpression(item, scope, into)),
  );
  const columns = (rows[0] ?? []).map((_, at) =>
    oneOf(
      `column${at + 1}`,
      rows.flatMap((row) => row.slice(at, at + 1)),
      into,
    ),
  );
  const result: QueryResult = { columns, reach: joinLineage(columns.map(({ lineage }) => lineage)) };
  for (const part of listOf(fields['sortClause'])) {
    into.filter(noteOperator(unwrap(part)?.fields['useOp'], into));
    into.filter(readKey(unwrap(part)?.fields['node'], result, scope, into));
  }
  for (const part of [fields['limitCount'], fields['limitOffset']])
    if (part !== undefined) into.filter(readExpression(part, scope, into).lineage);
  return result;
}

/** `AS t(a, b)`: the first columns get these names. */
export function renamed(result: QueryResult, names: readonly unknown[]): QueryResult {
  if (names.length === 0 || result.columns === undefined) return result;
  const texts = names.map((name) => textOf(unwrap(name)?.fields['sval']));
  return { ...result, columns: result.columns.map((column, at) => ({ ...column, name: texts[at] ?? column.name })) };
}
