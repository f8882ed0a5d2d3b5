import { catalogIndexOf, emptyIndex } from '@sallyport/kernel';
import type { Catalog, CatalogColumn, CatalogIndex, CatalogRelation, CatalogType } from '@sallyport/kernel';
import { stricterFormat } from '@sallyport/masking';
import type { MaskFormat } from '@sallyport/masking';
import type { ColumnTag, ConnectionChunk } from '@sallyport/policy';

/** A column of the catalog, with the relation that it is in. */
export interface Located {
  readonly relation: CatalogRelation;
  readonly column: CatalogColumn;
}

/** One database behind one connection: its policies, its tags and what it holds. */
export interface Place {
  /** The chunk as it came. */
  readonly source: ConnectionChunk;
  /** The same with tags on partitions and inheriting tables too: whoever reads those reads the tagged column. */
  readonly connection: ConnectionChunk;
  readonly catalog: Catalog | undefined;
  readonly tagged: readonly ColumnTag[];
  tag(schema: string, table: string, column: string): ColumnTag | undefined;
  /** The strictest of the column's classes. */
  format(tag: ColumnTag): MaskFormat;
  relation(oid: number): CatalogRelation | undefined;
  named(schema: string, name: string): CatalogRelation | undefined;
  /** Its partitions, and what inherits from it. */
  children(oid: number): readonly CatalogRelation[];
  locate(oid: number, attribute: number): Located | undefined;
  find(schema: string, table: string, column: string): Located | undefined;
  type(oid: number): CatalogType | undefined;
}

const nameOf = (...parts: readonly string[]): string => parts.join('\u0000');

export const createPlace = (source: ConnectionChunk, catalog: Catalog | undefined): Place => {
  const index = catalog === undefined ? emptyIndex : catalogIndexOf(catalog);
  const tagged = spread(source.tags, catalog, index);
  const tags = new Map(tagged.map((tag) => [nameOf(tag.schema, tag.table, tag.column), tag]));
  return {
    source,
    connection: { ...source, tags: tagged },
    catalog,
    tagged: tagged.filter(({ classes }) => classes.length > 0),
    tag: (schema, table, column) => tags.get(nameOf(schema, table, column)),
    format: (tag) =>
      tag.classes
        .map((name): MaskFormat =>
          Object.hasOwn(source.classes, name) ? (source.classes[name] ?? 'redact') : 'redact',
        )
        .reduce(stricterFormat),
    relation: (oid) => index.byOid.get(oid),
    named: (schema, name) => index.relations.get(nameOf(schema, name)),
    children: (oid) => index.children.get(oid) ?? [],
    locate(oid, attribute) {
      const relation = index.byOid.get(oid);
      const column = relation?.columns.find((each) => each.attribute === attribute);
      return relation && column && { relation, column };
    },
    find(schema, table, name) {
      const relation = index.relations.get(nameOf(schema, table));
      const column = relation?.columns.find((each) => each.name === name);
      return relation && column && { relation, column };
    },
    type: (oid) => index.types.get(oid),
  };
};

/**
 * Inheritance and partitions at any depth: who reads a table reads its children, so a child's tag holds for its ancestors
 * too; then every tag of an ancestor holds for its children, which can be read by name.
 */
const spread = (
  tags: readonly ColumnTag[],
  catalog: Catalog | undefined,
  { byOid }: CatalogIndex,
): readonly ColumnTag[] => {
  if (catalog === undefined || tags.length === 0) return tags;
  const all = new Map(tags.map((tag) => [nameOf(tag.schema, tag.table, tag.column), tag]));
  const share = (from: CatalogRelation, to: CatalogRelation): void => {
    for (const { name } of to.columns) {
      const given = all.get(nameOf(from.schema, from.name, name));
      if (given === undefined) continue;
      const key = nameOf(to.schema, to.name, name);
      const classes = [...new Set([...(all.get(key)?.classes ?? []), ...given.classes])];
      all.set(key, { schema: to.schema, table: to.name, column: name, classes });
    }
  };
  const families = catalog.relations
    .filter(({ parents }) => parents !== undefined)
    .map((child) => ({ child, ancestors: ancestorsOf(child, byOid) }));
  for (const { child, ancestors } of families) for (const ancestor of ancestors) share(child, ancestor);
  for (const { child, ancestors } of families) for (const ancestor of ancestors) share(ancestor, child);
  return [...all.values()];
};

const ancestorsOf = (relation: CatalogRelation, byOid: CatalogIndex['byOid']): readonly CatalogRelation[] => {
  const found = new Set<CatalogRelation>();
  const visit = (oids: readonly number[] | undefined): void => {
    for (const oid of oids ?? []) {
      const parent = byOid.get(oid);
      if (parent === undefined || found.has(parent) || parent === relation) continue;
      found.add(parent);
      visit(parent.parents);
    }
  };
  visit(relation.parents);
  return [...found];
};
