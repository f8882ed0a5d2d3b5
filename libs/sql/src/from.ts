import { revealingSystemRelations, secretSystemRelations } from './builtins.js';
import type { Collector } from './collector.js';
import { readExpression } from './expression.js';
import type { Lineage, OutputColumn } from './facts.js';
import { joinLineage, noLineage, unknownLineage } from './lineage.js';
import { fieldsOf, listOf, nameParts, textOf, unwrap } from './node.js';
import type { Fields } from './node.js';
import { readQuery, renamed } from './query.js';
import type { Scope, Source } from './scope.js';

interface FromResult {
  readonly sources: readonly Source[];
  /** What joins compare. */
  readonly filters: readonly Lineage[];
}

/** FROM: each item sees those before it (LATERAL), and the queries around. */
export function readFrom(items: readonly unknown[], base: Scope, into: Collector): FromResult {
  const sources: Source[] = [];
  const filters: Lineage[] = [];
  for (const item of items) {
    const read = readItem(item, { sources, ctes: base.ctes, outer: base.outer }, into);
    sources.push(...read.sources);
    filters.push(...read.filters);
  }
  return { sources, filters };
}

function readItem(item: unknown, scope: Scope, into: Collector): FromResult {
  const wrapped = unwrap(item);
  const fields = wrapped?.fields ?? {};
  const one = (source: Source): FromResult => ({ sources: [source], filters: [] });
  switch (wrapped?.kind) {
    case 'RangeVar':
      return one(readRelation(fields, scope, into, 'select'));
    case 'RangeSubselect': {
      const inner = readQuery(fields['subquery'], { sources: [], ctes: scope.ctes, outer: scope }, into);
      return one({ alias: aliasOf(fields), ...renamed(inner, aliasColumns(fields)) });
    }
    case 'RangeFunction':
      return one(readFunctions(fields, scope, into));
    case 'JoinExpr':
      return readJoin(fields, scope, into);
    case 'RangeTableSample': {
      const source = readRelation(unwrap(fields['relation'])?.fields ?? {}, scope, into, 'select');
      const filters = [...listOf(fields['args']), fields['repeatable']]
        .filter((part) => part !== undefined)
        .map((part) => readExpression(part, scope, into).lineage);
      return { sources: [source], filters };
    }
    default:
      into.unknown(`${wrapped?.kind ?? 'something'} in FROM is not modelled`);
      return one({ alias: aliasOf(fields), columns: undefined, reach: unknownLineage });
  }
}

const aliasOf = (fields: Fields): string | undefined => textOf(fieldsOf(fields['alias'])?.['aliasname']);
const aliasColumns = (fields: Fields): readonly unknown[] => listOf(fieldsOf(fields['alias'])?.['colnames']);

/** A table, view or CTE by name. Reading it is an effect on it and on each of its columns that is touched. */
export function readRelation(fields: Fields, scope: Scope, into: Collector, use: 'select' | 'target'): Source {
  const name = textOf(fields['relname']) ?? '';
  const schema = textOf(fields['schemaname']);
  const alias = aliasOf(fields) ?? name;
  if (fields['catalogname'] !== undefined) into.unknown('names with a catalog are not modelled');
  const cte = schema === undefined ? scope.ctes.get(name) : undefined;
  if (cte !== undefined && use === 'select')
    return { alias, ...renamed({ columns: cte.columns, reach: cte.reach }, aliasColumns(fields)) };
  const found = into.resolver.relation(schema, name);
  switch (found.kind) {
    case 'system': {
      if (secretSystemRelations.has(found.name))
        into.effect('configure', { kind: 'table', schema: found.schema, table: found.name });
      into.effect('select', { kind: 'table', schema: found.schema, table: found.name });
      const reach = revealingSystemRelations.has(found.name) ? unknownLineage : noLineage;
      return { alias, schema: found.schema, columns: undefined, reach };
    }
    case 'unresolved':
      into.unresolved(schema === undefined ? name : `${schema}.${name}`);
      if (use === 'select') into.effect('select', { kind: 'table', schema: found.schema, table: name });
      return { alias, ...(schema === undefined ? {} : { schema }), columns: undefined, reach: unknownLineage };
    case 'known': {
      const { relation } = found;
      if (use === 'select') into.effect('select', { kind: 'table', schema: relation.schema, table: relation.name });
      if (relation.hasRules === true)
        into.effect('opaque', { kind: 'table', schema: relation.schema, table: relation.name });
      const columns = revealingSystemRelations.has(relation.name)
        ? into.resolver.columnsOf(relation).map((column) => ({ ...column, lineage: unknownLineage, verbatim: false }))
        : into.resolver.columnsOf(relation);
      const result = { columns, reach: joinLineage(columns.map(({ lineage }) => lineage)) };
      return { alias, schema: relation.schema, ...renamed(result, aliasColumns(fields)) };
    }
  }
}

function readFunctions(fields: Fields, scope: Scope, into: Collector): Source {
  const calls = listOf(fields['functions']).flatMap((list) => listOf(unwrap(list)?.fields['items']).slice(0, 1));
  const reach = joinLineage(calls.map((call) => readExpression(call, scope, into).lineage));
  into.filter(reach);
  // Without an alias the first function's own name is the alias.
  const called = unwrap(calls[0])?.fields['funcname'];
  const alias = aliasOf(fields) ?? nameParts(called).at(-1);
  // How many columns it gives depends on the result's type: all that may come out is what went in.
  return { alias, columns: undefined, reach };
}

function readJoin(fields: Fields, scope: Scope, into: Collector): FromResult {
  const left = readItem(fields['larg'], scope, into);
  const right = readItem(fields['rarg'], { ...scope, sources: [...scope.sources, ...left.sources] }, into);
  const filters = [...left.filters, ...right.filters];
  let sources: readonly Source[] = [...left.sources, ...right.sources];
  const using = listOf(fields['usingClause']).map((name) => textOf(unwrap(name)?.fields['sval']) ?? '');
  const shared = fields['isNatural'] === true ? sharedNames(left.sources, right.sources) : using;
  if (shared === undefined) {
    // A natural join over columns that are not known compares any of them.
    filters.push(...sources.map(({ reach }) => reach));
    sources = [
      { alias: undefined, columns: undefined, reach: joinLineage(sources.map(({ reach }) => reach)) },
      ...sources,
    ];
  } else if (shared.length > 0) {
    const merged = shared.map((name): OutputColumn => {
      const lineage = joinLineage(
        sources.flatMap(({ columns, reach }) => {
          const same = columns?.filter((column) => column.name === name).map((column) => column.lineage);
          return same ?? [reach];
        }),
      );
      return { name, lineage, verbatim: false };
    });
    filters.push(...merged.map(({ lineage }) => lineage));
    const hidden = new Set(shared);
    const hide = (source: Source): Source => ({ ...source, hidden: new Set([...(source.hidden ?? []), ...hidden]) });
    sources = [
      { alias: undefined, columns: merged, reach: joinLineage(merged.map(({ lineage }) => lineage)) },
      ...sources.map(hide),
    ];
  }
  const inner: Scope = { ...scope, sources: [...scope.sources, ...sources] };
  if (fields['quals'] !== undefined) filters.push(readExpression(fields['quals'], inner, into).lineage);
  const alias = aliasOf(fields);
  const usingAlias = fieldsOf(fields['join_using_alias']);
  if (usingAlias !== undefined) into.unknown('an alias of USING is not modelled');
  if (alias === undefined) return { sources, filters };
  const reach = joinLineage(sources.map((source) => source.reach));
  const columns = sources.some((source) => source.columns === undefined)
    ? undefined
    : sources.flatMap((source) => (source.columns ?? []).filter(({ name }) => source.hidden?.has(name) !== true));
  return { sources: [{ alias, ...renamed({ columns, reach }, aliasColumns(fields)) }], filters };
}

function sharedNames(left: readonly Source[], right: readonly Source[]): readonly string[] | undefined {
  const namesOf = (sources: readonly Source[]): ReadonlySet<string> | undefined => {
    const names = new Set<string>();
    for (const { columns } of sources) {
      if (columns === undefined) return undefined;
      for (const { name } of columns) names.add(name);
    }
    return names;
  };
  const [one, other] = [namesOf(left), namesOf(right)];
  return one === undefined || other === undefined ? undefined : [...one].filter((name) => other.has(name));
}
