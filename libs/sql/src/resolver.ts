import type { Catalog, CatalogRelation } from '@sallyport/kernel';
import type { OutputColumn } from './facts.js';
import type { Views } from './views.js';

/** Finds relations and functions in a catalog under a search path. */
export interface Resolver {
  readonly searchPath: readonly string[];
  relation(schema: string | undefined, name: string): ResolvedRelation;
  /** A function that somebody made, and that this name may mean. */
  madeFunction(schema: string | undefined, name: string): boolean;
  columnsOf(relation: CatalogRelation): readonly OutputColumn[];
}

export type ResolvedRelation =
  | { readonly kind: 'known'; readonly relation: CatalogRelation }
  /** pg_catalog or information_schema: its columns are not listed. */
  | { readonly kind: 'system'; readonly schema: string; readonly name: string }
  | { readonly kind: 'unresolved'; readonly schema: string; readonly name: string };

export const systemSchemas: ReadonlySet<string> = new Set(['pg_catalog', 'information_schema']);

/** A catalog by its names. Made once: catalogs are large, statements are many. */
export interface CatalogIndex {
  /** By schema, NUL, name. */
  readonly relations: ReadonlyMap<string, CatalogRelation>;
  /** By schema, NUL, name. */
  readonly functions: ReadonlySet<string>;
  /** By name alone. */
  readonly functionNames: ReadonlySet<string>;
}

export const indexCatalog = (catalog: Catalog | undefined): CatalogIndex => ({
  relations: new Map(
    (catalog?.relations ?? []).map((relation) => [`${relation.schema}\0${relation.name}`, relation] as const),
  ),
  functions: new Set((catalog?.functions ?? []).map(({ schema, name }) => `${schema}\0${name}`)),
  functionNames: new Set((catalog?.functions ?? []).map(({ name }) => name)),
});

export function createResolver(
  { relations, functions, functionNames }: CatalogIndex,
  searchPath: readonly string[],
  views: Pick<Views, 'columnsOf'>,
): Resolver {
  return {
    searchPath,
    columnsOf: (relation) => views.columnsOf(relation),
    relation: (schema, name) => {
      if (schema !== undefined) {
        if (systemSchemas.has(schema)) return { kind: 'system', schema, name };
        const relation = relations.get(`${schema}\0${name}`);
        return relation === undefined ? { kind: 'unresolved', schema, name } : { kind: 'known', relation };
      }
      // pg_catalog is searched first unless the path names it elsewhere; its relations all begin with pg_.
      if (name.startsWith('pg_')) {
        // A user's relation of such a name is found only where pg_catalog has none: which of them is not known here.
        const made = searchPath.some((each) => relations.has(`${each}\0${name}`));
        return made
          ? { kind: 'unresolved', schema: searchPath[0] ?? 'public', name }
          : { kind: 'system', schema: 'pg_catalog', name };
      }
      for (const each of searchPath) {
        const relation = relations.get(`${each}\0${name}`);
        if (relation !== undefined) return { kind: 'known', relation };
      }
      return { kind: 'unresolved', schema: searchPath[0] ?? 'public', name };
    },
    // Overloads may beat a built-in of the same name wherever they stand: any of that name counts.
    madeFunction: (schema, name) =>
      schema === undefined ? functionNames.has(name) : functions.has(`${schema}\0${name}`),
  };
}
