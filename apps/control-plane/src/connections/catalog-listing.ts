import type { Catalog, CatalogRelation } from '@sallyport/kernel';
import { decodeCursor, toPage } from '../http/page.js';
import type { Page, PageQuery } from '../http/page.js';
import type {
  ColumnView,
  ColumnsQuery,
  RelationView,
  RelationsQuery,
  SchemaView,
  SchemasQuery,
} from './catalog-view.js';
import type { TagView } from './connection.js';
import { typeNames } from './type-names.js';

/** A catalog with the tags on it, in pages. Sorted by name, so that a page goes on where the last one ended, whatever was read since. */
export interface Listing {
  readonly catalog: Catalog;
  readonly tags: readonly TagView[];
}

const keyOf = (...parts: readonly string[]): string => parts.join('\0');

/** In one order everywhere: by code units. */
const compare = (one: readonly string[], other: readonly string[]): number => {
  for (const [at, part] of one.entries()) {
    const beside = other[at] ?? '';
    if (part !== beside) return part < beside ? -1 : 1;
  }
  return 0;
};

/** One page of what is here already. */
export function pageOfAll<Item>(
  items: readonly Item[],
  { limit, cursor }: Pick<PageQuery, 'limit' | 'cursor'>,
  parts: number,
  keysOf: (item: Item) => readonly string[],
): Page<Item> {
  const sorted = items.map((item) => ({ item, key: keysOf(item) })).sort((one, other) => compare(one.key, other.key));
  const after = cursor === undefined ? undefined : decodeCursor(cursor, parts);
  const rest = after === undefined ? sorted : sorted.filter(({ key }) => compare(key, after) > 0);
  return toPage(
    rest,
    limit,
    ({ key }) => key,
    ({ item }) => item,
  );
}

const holds = (name: string, wanted: string | undefined): boolean =>
  wanted === undefined || name.toLowerCase().includes(wanted.toLowerCase());

export function listSchemas({ catalog }: Listing, query: SchemasQuery): Page<SchemaView> {
  const counts = new Map((catalog.schemas ?? []).map((name) => [name, 0]));
  for (const { schema } of catalog.relations) counts.set(schema, (counts.get(schema) ?? 0) + 1);
  const items = [...counts].map(([name, relations]) => ({ name, relations }));
  return pageOfAll(
    items.filter(({ name }) => holds(name, query.name)),
    query,
    1,
    ({ name }) => [name],
  );
}

export function listRelations({ catalog, tags }: Listing, query: RelationsQuery): Page<RelationView> {
  const tagged = new Map<string, number>();
  for (const { schema, table } of tags) tagged.set(keyOf(schema, table), (tagged.get(keyOf(schema, table)) ?? 0) + 1);
  const byOid = new Map(catalog.relations.map((relation) => [relation.oid, relation]));
  const found = catalog.relations.filter(
    ({ schema, name }) => (query.schema === undefined || schema === query.schema) && holds(name, query.name),
  );
  const page = pageOfAll(found, query, 2, ({ schema, name }) => [schema, name]);
  return { ...page, items: page.items.map((relation) => present(relation, tagged, byOid)) };
}

const present = (
  relation: CatalogRelation,
  tagged: ReadonlyMap<string, number>,
  byOid: ReadonlyMap<number, CatalogRelation>,
): RelationView => ({
  schema: relation.schema,
  name: relation.name,
  kind: relation.kind,
  owner: relation.owner ?? null,
  columns: relation.columns.length,
  tagged: tagged.get(keyOf(relation.schema, relation.name)) ?? 0,
  parents: (relation.parents ?? []).flatMap((oid) => {
    const parent = byOid.get(oid);
    return parent === undefined ? [] : [`${parent.schema}.${parent.name}`];
  }),
  triggers: relation.triggers?.length ?? 0,
  rules: relation.rules?.length ?? 0,
  rowSecurity: relation.rowSecurity !== undefined,
  definition: relation.definition ?? null,
});

export function listColumns({ catalog, tags }: Listing, query: ColumnsQuery): Page<ColumnView> {
  const nameOf = typeNames(catalog);
  const classes = new Map(tags.map((tag) => [keyOf(tag.schema, tag.table, tag.column), tag.classes]));
  const found = catalog.relations
    .filter(
      ({ schema, name }) =>
        (query.schema === undefined || schema === query.schema) &&
        (query.relation === undefined || name === query.relation),
    )
    .flatMap(({ schema, name: relation, columns }) =>
      columns.map((column) => ({
        ...{ schema, relation, column: column.name },
        type: column.type,
        generated: column.generated !== undefined,
        classes: classes.get(keyOf(schema, relation, column.name)) ?? [],
      })),
    )
    .filter(
      (each) =>
        holds(each.column, query.name) &&
        (query.tagged === undefined || each.classes.length > 0 === (query.tagged === 'true')),
    );
  const page = pageOfAll(found, query, 3, ({ schema, relation, column }) => [schema, relation, column]);
  return { ...page, items: page.items.map((each) => ({ ...each, type: nameOf(each.type) })) };
}
