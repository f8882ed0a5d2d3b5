import type { Catalog, CatalogRelation } from '@sallyport/kernel';
import { budgetFor, columnObject, createCollector } from './collector.js';
import type { CatalogIndex } from './catalog-index.js';
import { readExpression } from './expression.js';
import { extentOfType } from './extent.js';
import type { Lineage, OutputColumn } from './facts.js';
import { joinLineage, noLineage, unknownLineage } from './lineage.js';
import { listOf, textOf, unwrap } from './node.js';
import { readQuery } from './query.js';
import { createResolver } from './resolver.js';
import { emptyScope } from './scope.js';
import type { ReadColumn } from './scope.js';

/** What the columns of relations are made of: views of their query, generated columns of others, partitions of their parents. */
export interface Views {
  /** In the order of the attributes. A plain table's columns are themselves. */
  columnsOf(relation: CatalogRelation): readonly ReadColumn[];
  /** All of them together. */
  reachOf(relation: CatalogRelation): Lineage;
  /** Tables that are written where a view is written to, at any depth. */
  basesOf(relation: CatalogRelation): readonly CatalogRelation[];
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
    basesOf: (relation) => {
      const made = bases.get(relation.oid) ?? findBases(relation);
      bases.set(relation.oid, made);
      return made;
    },
    columns: (oid) => {
      const relation = index.byOid.get(oid);
      if (relation === undefined) return undefined;
      const isMade = isView(relation) || relation.columns.some(({ generated }) => generated !== undefined);
      return isMade ? views.columnsOf(relation) : undefined;
    },
  };

  /** Partitions and inheriting tables share what their ancestors' columns are tagged with. */
  const tableColumns = (relation: CatalogRelation): readonly ReadColumn[] => {
    const family = [relation, ...ancestorsOf(relation, index)];
    const plain = relation.columns.map(({ name }): OutputColumn => {
      const bearers = family.filter(({ columns }) => columns.some((column) => column.name === name));
      return { name, lineage: joinLineage(bearers.map((each) => own(each, name))), verbatim: true };
    });
    if (relation.columns.every(({ generated }) => generated === undefined)) return plain;
    return plain.map((column, at) => {
      const generated = relation.columns[at]?.generated;
      if (generated === undefined) return column;
      const from = generatedFrom(generated, plain);
      if (from.complete && from.columns.length === 0) return column;
      const extent = extentOfType(relation.columns[at]?.type);
      return { name: column.name, lineage: joinLineage([column.lineage, from]), verbatim: false, extent };
    });
  };

  const generatedFrom = (expression: string, columns: readonly ReadColumn[]): Lineage => {
    const reach = joinLineage(columns.map(({ lineage }) => lineage));
    const [target] = listOf(unwrap(parseQuery(`SELECT ${expression}`))?.fields['targetList']);
    const value = unwrap(target)?.fields['val'];
    if (value === undefined) return { ...reach, complete: false };
    const into = createCollector(resolver(), budgetFor(expression.length));
    const source = { alias: undefined, columns, reach, stored: true };
    try {
      const { lineage } = readExpression(value, { ...emptyScope, sources: [source] }, into);
      const { unknown, cast } = into.done([lineage]);
      return unknown === undefined && !cast ? lineage : { ...reach, complete: false };
    } catch {
      return { ...reach, complete: false };
    }
  };

  const viewColumns = (view: CatalogRelation): readonly ReadColumn[] => {
    const definition = view.definition ?? '';
    const query = parseQuery(definition);
    if (query === undefined) return unprovedColumns(view, noLineage);
    const into = createCollector(resolver(), budgetFor(definition.length));
    try {
      const { columns, reach } = readQuery(query, emptyScope, into);
      const { unknown, unresolved, cast } = into.done((columns ?? []).map(({ lineage }) => lineage));
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
