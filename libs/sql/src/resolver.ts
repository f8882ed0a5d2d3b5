import type { CatalogRelation } from '@sallyport/kernel';
import { revealingSystemRelations, secretSystemRelations, systemRelations } from './builtins.js';
import type { CatalogIndex, MadeFunction, MadeOperator } from './catalog-index.js';
import type { Lineage } from './facts.js';
import type { ReadColumn } from './scope.js';
import type { Views } from './views.js';

/** Finds what names stand for in a catalog under a search path. */
export interface Resolver {
  readonly searchPath: readonly string[];
  /** Where something without a schema is made. */
  readonly home: string;
  readonly index: CatalogIndex;
  relation(schema: string | undefined, name: string): ResolvedRelation;
  /** Functions that users made, and that this name may mean: overloads may beat a built-in wherever they stand. */
  madeFunctions(schema: string | undefined, name: string): readonly MadeFunction[];
  /** Operators that users made, and that this name may mean. */
  madeOperators(schema: string | undefined, name: string): readonly MadeOperator[];
  columnsOf(relation: CatalogRelation): readonly ReadColumn[];
  /** All columns of it together. */
  reachOf(relation: CatalogRelation): Lineage;
  /** Tables behind a view that can be written through. */
  basesOf(relation: CatalogRelation): readonly CatalogRelation[];
  /** What rows that are written there must fit; what stands in `beside` need not be told again. */
  testsOf: Views['testsOf'];
  /** What decides, together with settings, which of its rows are seen. */
  steeredBy: Views['steeredBy'];
}

export type ResolvedRelation =
  | { readonly kind: 'known'; readonly schema: string; readonly relation: CatalogRelation }
  /** pg_catalog or information_schema: its columns are not listed. */
  | { readonly kind: 'system'; readonly schema: string; readonly name: string }
  | { readonly kind: 'unresolved'; readonly schema: string; readonly name: string };

/** What a system relation shows. */
export const systemReach = (name: string): 'description' | 'values' | 'secrets' => {
  if (secretSystemRelations.has(name)) return 'secrets';
  return revealingSystemRelations.has(name) ? 'values' : 'description';
};

export function createResolver(
  index: CatalogIndex,
  searchPath: readonly string[],
  views: Omit<Views, 'columns'>,
): Resolver {
  const { relations, functions, operators } = index;
  const find = (schema: string, name: string): ResolvedRelation | undefined => {
    const relation = relations.get(`${schema}\0${name}`);
    return relation === undefined ? undefined : { kind: 'known', schema, relation };
  };
  const home = searchPath.find((each) => index.schemas?.has(each) ?? true) ?? 'public';
  const bare = new Set([...searchPath, 'pg_catalog']);
  const visible = <T extends { readonly schema: string }>(
    made: { get(name: string): readonly T[] | undefined },
    schema: string | undefined,
    name: string,
  ): readonly T[] => {
    const named = made.get(name);
    if (named === undefined) return [];
    return named.filter((each) => (schema === undefined ? bare.has(each.schema) : each.schema === schema));
  };
  return {
    searchPath,
    home,
    index,
    columnsOf: (relation) => views.columnsOf(relation),
    reachOf: (relation) => views.reachOf(relation),
    basesOf: (relation) => views.basesOf(relation),
    testsOf: (relation, beside) => views.testsOf(relation, beside),
    steeredBy: (relation) => views.steeredBy(relation),
    relation: (schema, name) => {
      if (schema === 'pg_catalog' || schema === 'information_schema') return { kind: 'system', schema, name };
      if (schema !== undefined) return find(schema, name) ?? { kind: 'unresolved', schema, name };
      // pg_catalog is searched first unless the path names it elsewhere; its relations all begin with pg_.
      if (name.startsWith('pg_')) {
        // A user's relation of such a name is found only where pg_catalog has none: which of them is not known here.
        const made = searchPath.some((each) => find(each, name) !== undefined);
        const known = systemRelations.has(name) && !made;
        return { kind: known ? 'system' : 'unresolved', schema: known ? 'pg_catalog' : home, name };
      }
      for (const each of searchPath) {
        // Its names are not listed here, and may be the one that is meant.
        if (each === 'information_schema') return { kind: 'unresolved', schema: each, name };
        const found = find(each, name);
        if (found !== undefined) return found;
      }
      return { kind: 'unresolved', schema: home, name };
    },
    madeFunctions: (schema, name) => visible(functions, schema, name),
    madeOperators: (schema, name) => visible(operators, schema, name),
  };
}
