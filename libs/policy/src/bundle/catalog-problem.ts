import type { CatalogRelation } from '@sallyport/kernel';

interface Problem {
  readonly message: string;
  readonly path: readonly (string | number)[];
}

/** Below it every OID is the server's own (FirstNormalObjectId). */
const firstUserOid = 16_384;

/** What no server says of a relation. One that stands where the server's own do would hide those. Says nothing that the target said. */
export function relationProblem(relation: CatalogRelation): Problem | undefined {
  if (relation.oid < firstUserOid) return { path: ['oid'], message: "is the server's own" };
  if (isReserved(relation.schema)) return { path: ['schema'], message: "is the server's own" };
  return columnsProblem(relation);
}

const isReserved = (schema: string): boolean => schema === 'pg_catalog' || schema === 'information_schema';

function columnsProblem({ columns, key = [], matched = [] }: CatalogRelation): Problem | undefined {
  const attributes = new Set<number>();
  const names = new Set<string>();
  for (const [index, { attribute, name }] of columns.entries()) {
    if (attribute < 1 || attributes.has(attribute))
      return { path: ['columns', index, 'attribute'], message: 'is none, or another one has it' };
    if (names.has(name)) return { path: ['columns', index, 'name'], message: 'another one has it' };
    attributes.add(attribute);
    names.add(name);
  }
  const [strange] = Object.entries({ key, matched }).flatMap(([list, numbers]) =>
    numbers.every((attribute) => attributes.has(attribute)) ? [] : [list],
  );
  return strange === undefined ? undefined : { path: [strange], message: 'names a column that is not there' };
}

const deepest = 1_000;

/**
 * How many generations stand beyond a relation: `Infinity` where that has no end. Each is counted once, so that a target cannot
 * make it more work than it has relations.
 */
export const generations = (next: (oid: number) => readonly number[]): ((oid: number) => number) => {
  const known = new Map<number, number>();
  return (root) => {
    const open = new Set<number>();
    const waiting = [root];
    for (let oid = waiting.at(-1); oid !== undefined; oid = waiting.at(-1)) {
      if (known.has(oid)) {
        waiting.pop();
        continue;
      }
      const beyond = next(oid);
      if (open.has(oid)) {
        known.set(oid, 1 + beyond.reduce((most, each) => Math.max(most, known.get(each) ?? 0), 0));
        open.delete(oid);
        waiting.pop();
        continue;
      }
      open.add(oid);
      for (const each of beyond) {
        if (open.has(each)) return Infinity;
        if (!known.has(each)) waiting.push(each);
      }
    }
    return known.get(root) ?? Infinity;
  };
};

/** Relations that inherit from themselves, or over more generations than anybody would follow. */
export const isEndless = (above: number, below: number): boolean => above + below - 1 > deepest;
