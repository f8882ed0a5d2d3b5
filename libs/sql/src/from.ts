import type { CatalogRelation } from '@sallyport/kernel';
import { noteOperatorNamed } from './calls.js';
import { harmlessColumns, statisticsRelations } from './builtins.js';
import type { Collector } from './collector.js';
import { readChildren, readExpression } from './expression.js';
import { extentOf, widest } from './extent.js';
import type { Lineage, OutputColumn } from './facts.js';
import { readFunctions } from './functions.js';
import { joinLineage, unknownLineage } from './lineage.js';
import { fieldsOf, listOf, textOf, unwrap } from './node.js';
import type { Fields } from './node.js';
import { readQuery, renamed } from './query.js';
import type { QueryResult } from './query.js';
import { systemReach } from './resolver.js';
import type { ReadColumn, Scope, Source } from './scope.js';
import { keptIn, sequenceValues } from './session-values.js';

interface FromResult {
  readonly sources: readonly Source[];
  /** What joins compare. */
  readonly filters: readonly Lineage[];
}

/**
 * FROM: its items see the queries around; those before them only by LATERAL (functions always are). `before`: further names
 * that only LATERAL sees (the target of UPDATE, DELETE and MERGE).
 */
export function readFrom(
  items: readonly unknown[],
  base: Scope,
  into: Collector,
  before: readonly Source[] = [],
): FromResult {
  const around: Scope = { sources: [], ctes: base.ctes, outer: base.outer };
  const sources: Source[] = [];
  const filters: Lineage[] = [];
  for (const item of items) {
    const read = readItem(item, around, [...before, ...sources], into);
    sources.push(...read.sources);
    filters.push(...read.filters);
    into.spend(sources.length);
  }
  return { sources, filters };
}

function readItem(item: unknown, around: Scope, lateral: readonly Source[], into: Collector): FromResult {
  const wrapped = unwrap(item);
  const fields = wrapped?.fields ?? {};
  const one = (source: Source): FromResult => ({ sources: [source], filters: [] });
  const siblings: Scope = { ...around, sources: lateral };
  switch (wrapped?.kind) {
    case 'RangeVar':
      return one(readRelation(fields, around, into, 'select'));
    case 'RangeSubselect': {
      const outer = fields['lateral'] === true ? siblings : around;
      const inner = readQuery(fields['subquery'], { sources: [], ctes: around.ctes, outer }, into);
      return one({ alias: aliasOf(fields), ...renamed(inner, aliasColumns(fields)) });
    }
    case 'RangeFunction': {
      const given = aliasOf(fields);
      const { name, columns, reach } = readFunctions(fields, given, siblings, into);
      return one({ alias: given ?? name, ...renamed({ columns, reach }, aliasColumns(fields)) });
    }
    case 'JoinExpr':
      return readJoin(fields, around, lateral, into);
    case 'RangeTableSample': {
      const source = readRelation(unwrap(fields['relation'])?.fields ?? {}, around, into, 'select');
      const filters = [...listOf(fields['args']), fields['repeatable']]
        .filter((part) => part !== undefined)
        .map((part) => readExpression(part, siblings, into).lineage);
      return { sources: [source], filters };
    }
    case 'RangeTableFunc':
    case 'JsonTable': {
      // XMLTABLE, JSON_TABLE: rows and columns are made from the document.
      const { alias: _alias, columns, ...rest } = fields;
      const reach = joinLineage([readChildren(rest, siblings, into), ...readTableColumns(columns, siblings, into)]);
      const made = columnNames(columns).map((name): OutputColumn => ({ name, lineage: reach, verbatim: false }));
      const alias = aliasOf(fields) ?? (wrapped.kind === 'JsonTable' ? 'json_table' : 'xmltable');
      return { sources: [{ alias, ...renamed({ columns: made, reach }, aliasColumns(fields)) }], filters: [reach] };
    }
    default:
      into.unknown(`${wrapped?.kind ?? 'something'} in FROM is not modelled`);
      return one({ alias: aliasOf(fields), columns: undefined, reach: unknownLineage });
  }
}

/** Paths and defaults of the columns of XMLTABLE and JSON_TABLE. */
const readTableColumns = (columns: unknown, scope: Scope, into: Collector): readonly Lineage[] =>
  listOf(columns).map((column) => {
    const { columns: nested, ...rest } = unwrap(column)?.fields ?? {};
    return joinLineage([readChildren(rest, scope, into), ...readTableColumns(nested, scope, into)]);
  });

/** Columns of nested paths stand behind those of the path around them. */
const columnNames = (columns: unknown): readonly string[] => {
  const all = listOf(columns).map((column) => unwrap(column)?.fields ?? {});
  const nested = all.filter(({ coltype }) => coltype === 'JTC_NESTED');
  const own = all.filter(({ coltype }) => coltype !== 'JTC_NESTED');
  return [
    ...own.map((column) => textOf(column['name'] ?? column['colname']) ?? ''),
    ...nested.flatMap((column) => columnNames(column['columns'])),
  ];
};

const aliasOf = (fields: Fields): string | undefined => textOf(fieldsOf(fields['alias'])?.['aliasname']);
const aliasColumns = (fields: Fields): readonly unknown[] => listOf(fieldsOf(fields['alias'])?.['colnames']);

/** A table, view or CTE by name. Reading it is an effect on it and on each of its columns that is touched. */
export function readRelation(fields: Fields, scope: Scope, into: Collector, use: 'select' | 'target'): Source {
  const name = textOf(fields['relname']) ?? '';
  const schema = textOf(fields['schemaname']);
  const given = aliasOf(fields);
  const alias = given ?? name;
  // A catalog in front (`db.public.users`) is the database of the session, or the server refuses the statement.
  const cte = schema === undefined ? scope.ctes.get(name) : undefined;
  if (cte !== undefined && use === 'select') {
    into.spend(1 + (cte.columns?.length ?? 0));
    const source = { alias, ...renamed({ columns: cte.columns, reach: cte.reach }, aliasColumns(fields)) };
    return cte.added === undefined || scope.outer === cte.added.around
      ? source
      : { ...source, unstarred: cte.added.count };
  }
  const found = into.resolver.relation(schema, name);
  const head = { alias, ...(given === undefined ? { schema: found.schema } : {}), stored: true };
  switch (found.kind) {
    case 'system': {
      const shows = systemReach(found.name);
      if (shows === 'secrets') into.effect('configure', { kind: 'table', schema: found.schema, table: found.name });
      into.effect('select', { kind: 'table', schema: found.schema, table: found.name });
      if (shows !== 'values') return { ...head, columns: undefined, reach: keptIn(found.name) };
      if (statisticsRelations.has(found.name)) into.filter(unknownLineage);
      // Where they are called otherwise, a name means another one.
      const harmless = aliasColumns(fields).length === 0 ? harmlessColumns.get(found.name) : undefined;
      return { ...head, columns: undefined, reach: unknownLineage, ...(harmless === undefined ? {} : { harmless }) };
    }
    case 'unresolved':
      into.unresolved(schema === undefined ? name : `${schema}.${name}`);
      if (use === 'select') into.effect('select', { kind: 'table', schema: found.schema, table: name });
      return { ...head, columns: undefined, reach: unknownLineage };
    case 'known': {
      const { relation } = found;
      if (use === 'select') into.effect('select', { kind: 'table', schema: relation.schema, table: relation.name });
      // Rules of a table are for writes: one ON SELECT would have made it a view.
      if (use === 'target' && relation.hasRules === true) {
        into.effect('opaque', { kind: 'table', schema: relation.schema, table: relation.name });
        into.hides();
      }
      into.spend(1 + relation.columns.length);
      into.filter(into.resolver.steeredBy(relation));
      if (systemReach(relation.name) !== 'description') {
        if (statisticsRelations.has(relation.name)) into.filter(unknownLineage);
        const columns = relation.columns.map((column) => ({
          name: column.name,
          lineage: unknownLineage,
          verbatim: false,
        }));
        return { ...head, ...renamed({ columns, reach: unknownLineage }, aliasColumns(fields)) };
      }
      const result =
        relation.kind === 'sequence'
          ? sequenceOf(relation)
          : { columns: into.resolver.columnsOf(relation), reach: into.resolver.reachOf(relation) };
      return { ...head, ...renamed(result, aliasColumns(fields)) };
    }
  }
}

const sequenceOf = ({ columns }: CatalogRelation): QueryResult => ({
  columns: columns.map(({ name }) => ({ name, lineage: sequenceValues, verbatim: false })),
  reach: sequenceValues,
});

function readJoin(fields: Fields, around: Scope, lateral: readonly Source[], into: Collector): FromResult {
  const left = readItem(fields['larg'], around, lateral, into);
  const right = readItem(fields['rarg'], around, [...lateral, ...left.sources], into);
  const filters = [...left.filters, ...right.filters];
  let sources: readonly Source[] = [...left.sources, ...right.sources];
  into.spend(sources.length);
  const using = listOf(fields['usingClause']).map((name) => textOf(unwrap(name)?.fields['sval']) ?? '');
  const isNatural = fields['isNatural'] === true;
  const shared = isNatural ? sharedNames(left.sources, right.sources, into) : using;
  if (isNatural || shared === undefined || shared.length > 0) filters.push(noteOperatorNamed(['='], into));
  if (shared === undefined) {
    // A natural join over columns that are not known compares any of them.
    const reach = joinLineage(sources.map((source) => source.reach));
    filters.push(reach);
    sources = [{ alias: undefined, columns: undefined, reach }, ...sources];
  } else if (shared.length > 0) {
    into.spend(shared.length * sources.length * 4);
    const merged = shared.map((name) => mergedColumn(name, sources, into));
    const reach = joinLineage(merged.map(({ lineage }) => lineage));
    filters.push(reach);
    // Most of them hide these names since an earlier join.
    const hide = (source: Source): Source =>
      shared.every((name) => source.hidden?.has(name))
        ? source
        : { ...source, hidden: new Set([...(source.hidden ?? []), ...shared]) };
    sources = [{ alias: undefined, columns: merged, reach }, ...sources.map(hide)];
    // `USING (a) AS x`: the merged columns have a name of their own, and are found by it alone.
    const usingAlias = textOf(fieldsOf(fields['join_using_alias'])?.['aliasname']);
    if (usingAlias !== undefined)
      sources = [...sources, { alias: usingAlias, columns: merged, reach, hidden: new Set(shared) }];
  }
  if (fields['quals'] !== undefined)
    filters.push(readExpression(fields['quals'], { ...around, sources }, into).lineage);
  const alias = aliasOf(fields);
  if (alias === undefined) return { sources, filters };
  const reach = joinLineage(sources.map((source) => source.reach));
  const columns = sources.some((source) => source.columns === undefined || source.unstarred !== undefined)
    ? undefined
    : sources.flatMap((source) => (source.columns ?? []).filter(({ name }) => source.hidden?.has(name) !== true));
  return { sources: [{ alias, ...renamed({ columns, reach }, aliasColumns(fields)) }], filters };
}

function mergedColumn(name: string, sources: readonly Source[], into: Collector): ReadColumn {
  const parts = sources.flatMap(({ columns, reach, hidden }) => {
    if (columns === undefined) return [{ lineage: reach, verbatim: false }];
    return hidden?.has(name) === true ? [] : columns.filter((column) => column.name === name);
  });
  const lineage = joinLineage(parts.map((part) => part.lineage));
  return { name, lineage, verbatim: false, extent: widest(parts.map((part) => extentOf(part, into.resolver.index))) };
}

function sharedNames(
  left: readonly Source[],
  right: readonly Source[],
  into: Collector,
): readonly string[] | undefined {
  const one = namesIn(left, into);
  const other = namesIn(right, into);
  return one === undefined || other === undefined ? undefined : [...one].filter((name) => other.has(name));
}

function namesIn(sources: readonly Source[], into: Collector): ReadonlySet<string> | undefined {
  const names = new Set<string>();
  for (const { columns } of sources) {
    if (columns === undefined) return undefined;
    into.spend(columns.length);
    for (const { name } of columns) names.add(name);
  }
  return names;
}
