import type { Catalog, CatalogRelation } from '@sallyport/kernel';

interface Problem {
  readonly message: string;
  readonly path: readonly (string | number)[];
}

/** Below it every OID is the server's own (FirstNormalObjectId). */
const firstUserOid = 16_384;
const deepest = 1_000;

/**
 * What no server says of itself. Two relations of one OID or one name would let a value be masked by the tags of the other;
 * one that stands where the server's own do would hide those. Says where, and nothing that the target said.
 */
export function catalogProblem(catalog: Catalog): Problem | undefined {
  const { relations, types, functions } = catalog;
  const at = (path: readonly (string | number)[], message: string): Problem => ({ path, message });
  const kinds = { relations, types, functions };
  for (const kind of ['relations', 'types', 'functions'] as const) {
    const seen = new Set<number>();
    for (const [index, { oid }] of kinds[kind].entries()) {
      if (seen.has(oid)) return at([kind, index, 'oid'], 'another one has it');
      seen.add(oid);
    }
  }
  const names = new Set<string>();
  for (const [index, relation] of relations.entries()) {
    const key = `${relation.schema}\0${relation.name}`;
    if (names.has(key)) return at(['relations', index, 'name'], 'another one has it');
    names.add(key);
    if (relation.oid < firstUserOid) return at(['relations', index, 'oid'], "is the server's own");
    if (isReserved(relation.schema)) return at(['relations', index, 'schema'], "is the server's own");
    const columns = columnsProblem(relation);
    if (columns !== undefined) return at(['relations', index, ...columns.path], columns.message);
  }
  const lines = lineageProblem(relations);
  return lines === undefined ? undefined : at(['relations', lines, 'parents'], 'go in a circle, or too deep');
}

const isReserved = (schema: string): boolean => schema === 'pg_catalog' || schema === 'information_schema';

function columnsProblem({ columns, key = [] }: CatalogRelation): Problem | undefined {
  const attributes = new Set<number>();
  const names = new Set<string>();
  for (const [index, { attribute, name }] of columns.entries()) {
    if (attribute < 1 || attributes.has(attribute))
      return { path: ['columns', index, 'attribute'], message: 'is none, or another one has it' };
    if (names.has(name)) return { path: ['columns', index, 'name'], message: 'another one has it' };
    attributes.add(attribute);
    names.add(name);
  }
  return key.every((attribute) => attributes.has(attribute))
    ? undefined
    : { path: ['key'], message: 'names a column that is not there' };
}

/** Index of a relation that inherits from itself. */
function lineageProblem(relations: readonly CatalogRelation[]): number | undefined {
  const byOid = new Map(relations.map((relation) => [relation.oid, relation]));
  const fine = new Set<number>();
  const visit = (oid: number, path: ReadonlySet<number>): boolean => {
    if (fine.has(oid)) return true;
    if (path.has(oid) || path.size > deepest) return false;
    const below = new Set(path).add(oid);
    if (!(byOid.get(oid)?.parents ?? []).every((parent) => visit(parent, below))) return false;
    fine.add(oid);
    return true;
  };
  const index = relations.findIndex(({ oid }) => !visit(oid, new Set()));
  return index < 0 ? undefined : index;
}
