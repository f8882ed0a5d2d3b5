import type { Catalog, CatalogRelation } from '@sallyport/kernel';
import { columnObject, createCollector } from './collector.js';
import type { Lineage, OutputColumn } from './facts.js';
import { joinLineage, unknownLineage } from './lineage.js';
import { readQuery } from './query.js';
import { createResolver } from './resolver.js';
import type { CatalogIndex } from './resolver.js';
import { emptyScope } from './scope.js';

/** What the columns of relations are made of: views of their query, partitions and children of their parents too. */
export interface Views {
  /** In the order of the attributes. A plain table's columns are themselves. */
  columnsOf(relation: CatalogRelation): readonly OutputColumn[];
  /** Of a view or materialized view, by OID; `undefined` for anything else. */
  columns(oid: number): readonly OutputColumn[] | undefined;
}

export function createViews(
  catalog: Catalog | undefined,
  index: CatalogIndex,
  parseQuery: (text: string) => unknown,
): Views {
  const byOid = new Map((catalog?.relations ?? []).map((relation) => [relation.oid, relation]));
  const children = new Map<number, CatalogRelation[]>();
  for (const relation of catalog?.relations ?? [])
    for (const parent of relation.parents ?? []) children.set(parent, [...(children.get(parent) ?? []), relation]);
  const known = new Map<number, readonly OutputColumn[]>();
  const open = new Set<number>();
  const views: Views = {
    columnsOf: (relation) => {
      const made = known.get(relation.oid);
      if (made !== undefined) return made;
      // A view that reads itself is none that a server would keep.
      if (open.has(relation.oid))
        return relation.columns.map(({ name }) => ({ name, lineage: unknownLineage, verbatim: false }));
      open.add(relation.oid);
      const columns = isView(relation) ? viewColumns(relation) : tableColumns(relation, 0);
      open.delete(relation.oid);
      known.set(relation.oid, columns);
      return columns;
    },
    columns: (oid) => {
      const relation = byOid.get(oid);
      return relation !== undefined && isView(relation) ? views.columnsOf(relation) : undefined;
    },
  };

  const own = (relation: CatalogRelation, name: string): Lineage => ({
    columns: [columnObject(relation.schema, relation.name, name)],
    complete: true,
  });

  const tableColumns = (relation: CatalogRelation, depth: number): readonly OutputColumn[] => {
    const parents = (relation.parents ?? []).flatMap((oid) => byOid.get(oid) ?? []);
    return relation.columns.map(({ name }) => ({
      name,
      lineage: joinLineage([
        own(relation, name),
        // Reading a parent reads its children.
        ...(depth === 0 ? descendants(relation).map((child) => own(child, name)) : []),
        ...(depth > 32
          ? [unknownLineage]
          : parents.flatMap((parent) =>
              tableColumns(parent, depth + 1)
                .filter((column) => column.name === name)
                .map(({ lineage }) => lineage),
            )),
      ]),
      verbatim: true,
    }));
  };

  const descendants = (relation: CatalogRelation): readonly CatalogRelation[] => {
    const found = new Map<number, CatalogRelation>();
    const visit = ({ oid }: CatalogRelation): void => {
      for (const child of children.get(oid) ?? [])
        if (!found.has(child.oid)) {
          found.set(child.oid, child);
          visit(child);
        }
    };
    visit(relation);
    return [...found.values()];
  };

  const viewColumns = (view: CatalogRelation): readonly OutputColumn[] => {
    const query = parseQuery(view.definition ?? '');
    // The server prints definitions with every name qualified that its own path (pg_catalog) does not find.
    const into = createCollector(createResolver(index, catalog?.searchPath ?? [], views));
    const result = query === undefined ? undefined : readQuery(query, emptyScope, into);
    const { unknown, unresolved } = into.done();
    const proved = result?.columns?.length === view.columns.length && unknown === undefined && unresolved.length === 0;
    return view.columns.map(({ name }, at) => {
      const column = proved ? result.columns?.[at] : undefined;
      const from = column?.lineage ?? { columns: result?.reach.columns ?? [], complete: false };
      return { name, lineage: joinLineage([own(view, name), from]), verbatim: column?.verbatim ?? false };
    });
  };
  return views;
}

const isView = ({ kind }: CatalogRelation): boolean => kind === 'view' || kind === 'materialized';
