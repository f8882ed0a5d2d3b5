import { catalogIndexOf, emptyIndex } from '@sallyport/kernel';
import type {
  Catalog,
  CatalogCast,
  CatalogFunction,
  CatalogOperator,
  CatalogResult,
  CatalogIndex as Indexed,
} from '@sallyport/kernel';

/** A function that is not the server's own. */
export interface MadeFunction {
  readonly schema: string;
  /** What it returns comes from its arguments alone. */
  readonly pure: boolean;
  /** It may keep what it is given. */
  readonly stores: boolean;
  /** Of an extension in C. */
  readonly compiled: boolean;
  /** Type OID. `undefined`: nobody told. */
  readonly returns: number | undefined;
  /** OUT, INOUT and TABLE parameters. */
  readonly results: readonly CatalogResult[];
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

/** A catalog as names in statements ask for it. */
export interface CatalogIndex extends Pick<Indexed, 'relations' | 'byOid' | 'children'> {
  /** `undefined`: nobody told which there are. */
  readonly schemas: ReadonlySet<string> | undefined;
  /** By name. */
  readonly functions: { get(name: string): readonly MadeFunction[] | undefined };
  readonly operators: ReadonlyMap<string, readonly MadeOperator[]>;
  readonly casts: readonly MadeCast[];
  /** User-made types behind a type OID: itself, elements, fields and bases. Only where there are casts to look for. */
  typesIn(oid: number): readonly number[];
  /** Values of this type are checked, at any depth. */
  isDomain(oid: number): boolean;
  /** OIDs of user-made types of this name. */
  typesNamed(name: string): readonly number[];
  /** Columns of a value of this type in FROM. `one`: it is no row; `undefined`: nobody can tell. */
  fieldsOf(type: number): readonly string[] | 'one' | undefined;
  /** Some composite type, table or result of a function has a column of this name. */
  readonly fields: { has(name: string): boolean };
}

/** Below it every OID is the server's own (FirstNormalObjectId). */
const firstUserOid = 16_384;

export function indexCatalog(catalog: Catalog | undefined): CatalogIndex {
  const known = catalog === undefined ? emptyIndex : catalogIndexOf(catalog);
  const typesIn = createTypesIn(known);
  return {
    relations: known.relations,
    byOid: known.byOid,
    children: known.children,
    schemas: catalog?.schemas === undefined ? undefined : new Set(catalog.schemas),
    functions: { get: (name) => known.functionsNamed.get(name)?.map(meaningOf) },
    operators: grouped(catalog?.operators ?? []),
    casts: (catalog?.casts ?? []).map(castOf),
    typesIn,
    isDomain: (oid) => typesIn(oid).some((each) => known.types.get(each)?.kind === 'domain'),
    fieldsOf: (type) => fieldsIn(type, known),
    typesNamed: (name) => known.typesNamed.get(name)?.map(({ oid }) => oid) ?? [],
    // What information_schema._pg_expandarray gives has these two.
    fields: { has: (name) => name === 'x' || name === 'n' || known.fields.has(name) },
  };
}

const groups = new WeakMap<readonly unknown[], ReadonlyMap<string, readonly MadeOperator[]>>();

/** Catalogs that come after one another have the same list, where it did not change. */
function grouped(made: readonly CatalogOperator[]): ReadonlyMap<string, readonly MadeOperator[]> {
  const known = groups.get(made);
  if (known !== undefined) return known;
  const names = Map.groupBy(made, ({ name }) => name);
  groups.set(made, names);
  return names;
}

/** C is only written by who may do anything on the server; of its functions, an immutable one reads nothing but arguments. */
const meaningOf = (made: CatalogFunction): MadeFunction => {
  const { schema, language, volatility, returns, results = [] } = made;
  const compiled = language === 'c' || language === 'internal';
  return {
    schema,
    compiled,
    pure: compiled && volatility === 'immutable',
    stores: volatility === 'volatile',
    returns,
    results,
  };
};

/** `record`, and types that the arguments of a call decide (pg_type.dat). */
const undecided: ReadonlySet<number> = new Set([
  2249, 2276, 2277, 2283, 2776, 3500, 3831, 4537, 5077, 5078, 5079, 5080,
]);

function fieldsIn(oid: number, { types, byOid }: Indexed): readonly string[] | 'one' | undefined {
  if (oid < firstUserOid) return undecided.has(oid) ? undefined : 'one';
  const type = types.get(oid);
  switch (type?.kind) {
    case 'composite':
      return type.of === undefined ? undefined : byOid.get(type.of)?.columns.map(({ name }) => name);
    case 'base':
    case 'enum':
    case 'range':
    case 'array':
      return 'one';
    // It may be over a row.
    case 'domain':
      return type.of !== undefined && type.of < firstUserOid ? 'one' : undefined;
    case undefined:
      return undefined;
  }
}

const castOf = ({ source, target, schema, name }: CatalogCast): MadeCast => ({
  needs: [source, target].filter((oid) => oid >= firstUserOid),
  schema,
  name,
});

function createTypesIn({ types, byOid }: Indexed): CatalogIndex['typesIn'] {
  const known = new Map<number, readonly number[]>();
  return (root) => {
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
      if (type.kind === 'composite') open.push(...(byOid.get(type.of)?.columns ?? []).map((column) => column.type));
      else open.push(type.of);
    }
    const list = [...found];
    known.set(root, list);
    return list;
  };
}
