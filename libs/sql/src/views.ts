import type { Catalog, CatalogRelation } from '@sallyport/kernel';
import { budgetFor, columnObject, createCollector } from './collector.js';
import type { CatalogIndex } from './catalog-index.js';
import { extentOfType } from './extent.js';
import type { Lineage, OutputColumn } from './facts.js';
import { joinLineage, noLineage, unknownLineage } from './lineage.js';
import { listOf, textOf, unwrap } from './node.js';
import { readQuery } from './query.js';
import { createResolver } from './resolver.js';
import { steeredIn, testsIn } from './row-tests.js';
import type { RowTest } from './row-tests.js';
import { emptyScope } from './scope.js';
import type { ReadColumn } from './scope.js';
import { isKept } from './session-values.js';
import { readStored } from './stored-expression.js';
import type { StoredExpression } from './stored-expression.js';

/** What the columns of relations are made of: views of their query, generated columns of others, partitions of their parents. */
export interface Views {
  /** In the order of the attributes. A plain table's columns are themselves. */
  columnsOf(relation: CatalogRelation): readonly ReadColumn[];
  /** All of them together. */
  reachOf(relation: CatalogRelation): Lineage;
  /** Tables that are written where a view is written to, at any depth. */
  basesOf(relation: CatalogRelation): readonly CatalogRelation[];
  /** What rows that are written there must fit. Those that stand in `beside` need not be told again. */
  testsOf(relation: CatalogRelation, beside: ReadonlyMap<string, RowTest>): readonly RowTest[];
  /** What decides, together with settings, which of its rows are seen. */
  steeredBy(relation: CatalogRelation): Lineage;
  /** What flows into each column of a relation, by OID, where that is more than the column; `undefined` for anything else. */
  columns(oid: number): readonly ReadColumn[] | undefined;
}

/** Views over views deeper than this are not followed. */
const deepestViews = 50;

export function createViews(
  catalog: Catalog | undefined,
  index: CatalogIndex,
  parseQuery: (text: string) => unknown,
): Views {
  const known = new Map<number, readonly ReadColumn[]>();
  const reaches = new Map<number, Lineage>();
  const bases = new Map<number, readonly CatalogRelation[]>();
  const tests = new Map<number, readonly RowTest[]>();
  const steered = new Map<number, Lineage>();
  const open = new Set<number>();
  // The server prints definitions with every name qualified that its own path (pg_catalog) does not find.
  const resolver = (): ReturnType<typeof createResolver> => createResolver(index, catalog?.searchPath ?? [], views);

  const views: Views = {
    columnsOf: (relation) => {
      const made = known.get(relation.oid);
      if (made !== undefined) return made;
      // A view that reads itself is none that a server would keep.
      if (open.has(relation.oid) || open.size >= deepestViews) return unprovedColumns(relation, noLineage);
      open.add(relation.oid);
      try {
        const columns = isView(relation) ? viewColumns(relation) : tableColumns(relation);
        known.set(relation.oid, columns);
        return columns;
      } finally {
        open.delete(relation.oid);
      }
    },
    reachOf: (relation) => {
      const made = reaches.get(relation.oid);
      if (made !== undefined) return made;
      const reach = joinLineage(views.columnsOf(relation).map(({ lineage }) => lineage));
      if (known.has(relation.oid)) reaches.set(relation.oid, reach);
      return reach;
    },
    testsOf: (relation, beside) => {
      const made = tests.get(relation.oid);
      if (made !== undefined) return made;
      if (!hasTests(relation, beside)) return [];
      const found = testsIn(relation, (text) => readStored(text, views.columnsOf(relation), parseQuery, resolver()));
      tests.set(relation.oid, found);
      return found;
    },
    steeredBy: (relation) => {
      const made = steered.get(relation.oid);
      if (made !== undefined) return made;
      // A view's is found with its columns.
      if (relation.kind === 'view') views.columnsOf(relation);
      else if (relation.rowSecurity !== undefined && !open.has(relation.oid)) {
        open.add(relation.oid);
        try {
          const read = (text: string): StoredExpression => readStored(text, valuesOf(relation), parseQuery, resolver());
          steered.set(relation.oid, steeredIn(relation, read, isSteered));
        } finally {
          open.delete(relation.oid);
        }
      }
      return steered.get(relation.oid) ?? noLineage;
    },
    basesOf: (relation) => {
      const made = bases.get(relation.oid) ?? findBases(relation);
      bases.set(relation.oid, made);
      return made;
    },
    columns: (oid) => {
      const relation = index.byOid.get(oid);
      if (relation === undefined) return undefined;
      const isMade =
        isView(relation) ||
        relation.columns.some(({ generated }) => generated !== undefined) ||
        madeBelow(relation).length > 0;
      return isMade ? views.columnsOf(relation) : undefined;
    },
  };

  /** Partitions and inheriting tables share what their ancestors' columns are tagged with. */
  const tableColumns = (relation: CatalogRelation): readonly ReadColumn[] => {
    const plain = valuesOf(relation);
    const below = madeBelow(relation);
    if (below.length === 0 && relation.columns.every(({ generated }) => generated === undefined)) return plain;
    return plain.map((column, at) => {
      const generated = relation.columns[at]?.generated;
      const from = joinLineage([
        generated === undefined ? noLineage : generatedFrom(generated, plain),
        ...below.map((child) => madeIn(child, column.name)),
      ]);
      if (from.complete && from.columns.length === 0) return column;
      const extent = extentOfType(relation.columns[at]?.type);
      return { name: column.name, lineage: joinLineage([column.lineage, from]), verbatim: false, extent };
    });
  };

  /** Rows of what inherits from a table come out of it too, and may be made of other columns there. */
  const madeBelow = (relation: CatalogRelation): readonly CatalogRelation[] =>
    index.children.size === 0
      ? []
      : descendantsOf(relation, index).filter(({ columns }) =>
          columns.some(({ generated }) => generated !== undefined),
        );

  const madeIn = (child: CatalogRelation, name: string): Lineage =>
    child.columns.some((column) => column.name === name && column.generated !== undefined)
      ? joinLineage(views.columnsOf(child).flatMap((column) => (column.name === name ? [column.lineage] : [])))
      : noLineage;

  const generatedFrom = (expression: string, columns: readonly ReadColumn[]): Lineage => {
    const { lineage, unread } = readStored(expression, columns, parseQuery, resolver());
    return unread ? { ...lineage, complete: false } : lineage;
  };

  /** Its own values alone, before anything is made of them. */
  const valuesOf = (relation: CatalogRelation): readonly ReadColumn[] => {
    const family = [relation, ...ancestorsOf(relation, index)];
    return relation.columns.map(({ name }): OutputColumn => {
      const bearers = family.filter(({ columns }) => columns.some((column) => column.name === name));
      return { name, lineage: joinLineage(bearers.map((each) => own(each, name))), verbatim: true };
    });
  };

  const viewColumns = (view: CatalogRelation): readonly ReadColumn[] => {
    const definition = view.definition ?? '';
    const query = parseQuery(definition);
    if (query === undefined) return unprovedColumns(view, noLineage);
    const into = createCollector(resolver(), budgetFor(definition.length));
    try {
      const { columns, reach } = readQuery(query, emptyScope, into);
      const read = into.done((columns ?? []).map(({ lineage }) => lineage));
      const { unknown, unresolved, cast, filters } = read;
      // Its conditions are the owner's, but where a setting takes part, whoever reads it has a say.
      if (isSteered(filters)) steered.set(view.oid, { columns: filters.columns, complete: true });
      const proved =
        columns?.length === view.columns.length && unknown === undefined && unresolved.length === 0 && !cast;
      if (!proved) return unprovedColumns(view, reach);
      return view.columns.map(({ name }, at) => {
        const column = columns[at];
        const lineage = joinLineage([own(view, name), column?.lineage ?? unknownLineage]);
        return { name, lineage, verbatim: column?.verbatim ?? false, extent: column?.extent };
      });
    } catch {
      return unprovedColumns(view, noLineage);
    }
  };

  /** An updatable view has one table or view in FROM. */
  const findBases = (view: CatalogRelation): readonly CatalogRelation[] => {
    const found = new Map<number, CatalogRelation>();
    let current: CatalogRelation | undefined = view;
    while (current?.kind === 'view') {
      const query = unwrap(parseQuery(current.definition ?? ''))?.fields;
      const [item] = listOf(query?.['fromClause']);
      const table = unwrap(item);
      const name = table?.kind === 'RangeVar' ? textOf(table.fields['relname']) : undefined;
      const next = name === undefined ? undefined : resolver().relation(textOf(table?.fields['schemaname']), name);
      current = next?.kind === 'known' && !found.has(next.relation.oid) ? next.relation : undefined;
      if (current !== undefined) found.set(current.oid, current);
    }
    return [...found.values()];
  };
  return views;
}

const own = (relation: CatalogRelation, name: string): Lineage => ({
  columns: [columnObject(relation.schema, relation.name, name)],
  complete: true,
});

const unprovedColumns = (relation: CatalogRelation, reach: Lineage): readonly ReadColumn[] =>
  relation.columns.map(({ name }) => ({
    name,
    lineage: joinLineage([own(relation, name), { ...reach, complete: false }]),
    verbatim: false,
  }));

const isSteered = ({ columns }: Lineage): boolean => columns.some(isKept);

/** Some of its tests are not among those of its family that are known. */
const hasTests = (
  { checks = [], indexed = [], partitionedBy, rowSecurity, columns }: CatalogRelation,
  beside: ReadonlyMap<string, RowTest>,
): boolean =>
  rowSecurity !== undefined ||
  partitionedBy !== undefined ||
  [...checks, ...indexed].some((text) => !beside.has(text)) ||
  columns.some(({ generated }) => generated !== undefined && !beside.has(generated));

const isView = ({ kind }: CatalogRelation): boolean => kind === 'view' || kind === 'materialized';

export function ancestorsOf(relation: CatalogRelation, { byOid }: CatalogIndex): readonly CatalogRelation[] {
  const found = new Map<number, CatalogRelation>();
  const waiting = [...(relation.parents ?? [])];
  for (let oid = waiting.pop(); oid !== undefined; oid = waiting.pop()) {
    const parent = byOid.get(oid);
    if (parent === undefined || parent.oid === relation.oid || found.has(parent.oid)) continue;
    found.set(parent.oid, parent);
    waiting.push(...(parent.parents ?? []));
  }
  return [...found.values()];
}

/** Who reads a table reads what inherits from it. */
export function descendantsOf(relation: CatalogRelation, { children }: CatalogIndex): readonly CatalogRelation[] {
  const found = new Map<number, CatalogRelation>();
  const waiting = [...(children.get(relation.oid) ?? [])];
  for (let child = waiting.pop(); child !== undefined; child = waiting.pop()) {
    if (child.oid === relation.oid || found.has(child.oid)) continue;
    found.set(child.oid, child);
    waiting.push(...(children.get(child.oid) ?? []));
  }
  return [...found.values()];
}
