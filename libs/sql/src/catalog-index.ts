import type { Catalog, CatalogCast, CatalogFunction, CatalogRelation } from '@sallyport/kernel';

/** A function that is not the server's own. */
export interface MadeFunction {
  readonly schema: string;
  /** What it returns comes from its arguments alone. */
  readonly pure: boolean;
  /** It may keep what it is given. */
  readonly stores: boolean;
  /** Of an extension in C. */
  readonly compiled: boolean;
}

export interface MadeOperator {
  readonly schema: string;
  /** Of an extension in C. */
  readonly compiled: boolean;
}

/** A cast that runs what a user wrote, once a statement holds values of all of these types. */
export interface MadeCast {
  readonly needs: readonly number[];
  readonly schema: string;
  readonly name: string;
}

/** A catalog by its names. Made once: catalogs are large, statements are many. */
export interface CatalogIndex {
  /** By schema, NUL, name. */
  readonly relations: ReadonlyMap<string, CatalogRelation>;
  readonly byOid: ReadonlyMap<number, CatalogRelation>;
  /** Inheriting tables and partitions, by their parent's OID. */
  readonly children: ReadonlyMap<number, readonly CatalogRelation[]>;
  /** `undefined`: nobody told which there are. */
  readonly schemas: ReadonlySet<string> | undefined;
  /** By name. */
  readonly functions: ReadonlyMap<string, readonly MadeFunction[]>;
  readonly operators: ReadonlyMap<string, readonly MadeOperator[]>;
  readonly casts: readonly MadeCast[];
  /** User-made types behind a type OID: itself, elements, fields and bases. Only where there are casts to look for. */
  typesIn(oid: number): readonly number[];
  /** OIDs of user-made types of this name. */
  typesNamed(name: string): readonly number[];
  /** Some composite type or table has a column of this name. */
  readonly fields: ReadonlySet<string>;
}

/** Below it every OID is the server's own (FirstNormalObjectId). */
const firstUserOid = 16_384;

export function indexCatalog(catalog: Catalog | undefined): CatalogIndex {
  const relations = catalog?.relations ?? [];
  const children = new Map<number, CatalogRelation[]>();
  for (const relation of relations)
    for (const parent of relation.parents ?? []) {
      const known = children.get(parent);
      if (known === undefined) children.set(parent, [relation]);
      else known.push(relation);
    }
  return {
    relations: new Map(relations.map((relation) => [`${relation.schema}\0${relation.name}`, relation] as const)),
    byOid: new Map(relations.map((relation) => [relation.oid, relation])),
    children,
    schemas: catalog?.schemas === undefined ? undefined : new Set(catalog.schemas),
    functions: grouped((catalog?.functions ?? []).map(meaningOf)),
    operators: grouped(catalog?.operators ?? []),
    casts: (catalog?.casts ?? []).map(castOf),
    ...typesOf(catalog),
  };
}

function grouped<T extends { readonly name: string; readonly schema: string }>(
  made: readonly T[],
): ReadonlyMap<string, readonly T[]> {
  const names = new Map<string, T[]>();
  for (const each of made) {
    const known = names.get(each.name);
    if (known === undefined) names.set(each.name, [each]);
    else known.push(each);
  }
  return names;
}

/** C is only written by who may do anything on the server; of its functions, an immutable one reads nothing but arguments. */
const meaningOf = ({
  schema,
  name,
  language,
  volatility,
}: CatalogFunction): MadeFunction & { readonly name: string } => {
  const compiled = language === 'c' || language === 'internal';
  return { schema, name, compiled, pure: compiled && volatility === 'immutable', stores: volatility === 'volatile' };
};

const castOf = ({ source, target, schema, name }: CatalogCast): MadeCast => ({
  needs: [source, target].filter((oid) => oid >= firstUserOid),
  schema,
  name,
});

function typesOf(catalog: Catalog | undefined): Pick<CatalogIndex, 'typesIn' | 'typesNamed' | 'fields'> {
  const types = new Map((catalog?.types ?? []).map((type) => [type.oid, type]));
  const relations = new Map((catalog?.relations ?? []).map((relation) => [relation.oid, relation]));
  const names = new Map<string, number[]>();
  for (const { name, oid } of types.values()) names.set(name, [...(names.get(name) ?? []), oid]);
  const known = new Map<number, readonly number[]>();
  const typesIn = (root: number): readonly number[] => {
    if (root < firstUserOid) return [];
    const made = known.get(root);
    if (made !== undefined) return made;
    const found = new Set<number>();
    const open = [root];
    for (let oid = open.pop(); oid !== undefined; oid = open.pop()) {
      if (oid < firstUserOid || found.has(oid)) continue;
      found.add(oid);
      const type = types.get(oid);
      if (type?.of === undefined) continue;
      if (type.kind === 'composite') open.push(...(relations.get(type.of)?.columns ?? []).map((column) => column.type));
      else open.push(type.of);
    }
    const list = [...found];
    known.set(root, list);
    return list;
  };
  // What information_schema._pg_expandarray gives has these two.
  const fields = new Set(['x', 'n']);
  for (const { columns } of relations.values()) for (const { name } of columns) fields.add(name);
  return { typesIn, typesNamed: (name) => names.get(name) ?? [], fields };
}
