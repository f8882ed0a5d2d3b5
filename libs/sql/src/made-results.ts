import { isServersOwn } from './builtins.js';
import type { CatalogIndex, MadeFunction } from './catalog-index.js';
import type { Resolver } from './resolver.js';

/** What a user's function gives: rows of these columns, or one value, that may have a name. */
export type MadeResult =
  | { readonly kind: 'row'; readonly names: readonly string[] }
  | { readonly kind: 'one'; readonly name: string | undefined };

/** `undefined`: nobody can tell. Overloads are not told apart: all must give the same. */
export function resultsOfMade(
  made: readonly MadeFunction[],
  parts: readonly string[],
  { index }: Pick<Resolver, 'index'>,
): MadeResult | undefined {
  // Nor are they from a built-in that may be meant.
  const [schema] = parts;
  if ((parts.length === 1 || schema === 'pg_catalog') && isServersOwn(parts.at(-1) ?? '')) return undefined;
  const [first, ...others] = made.map((each) => resultOf(each, index));
  const same = (other: MadeResult | undefined): boolean => JSON.stringify(other) === JSON.stringify(first);
  return others.every(same) ? first : undefined;
}

/** Of one OUT parameter the server makes no row (get_func_result_name), of several one, naming those without (TupleDesc). */
function resultOf({ returns, results }: MadeFunction, index: CatalogIndex): MadeResult | undefined {
  const [only, ...more] = results;
  if (more.length > 0) return { kind: 'row', names: results.map(({ name }, at) => name || `column${at + 1}`) };
  const type = only?.type ?? returns;
  const fields = type === undefined ? undefined : index.fieldsOf(type);
  if (fields === undefined) return undefined;
  return fields === 'one' ? { kind: 'one', name: only?.name || undefined } : { kind: 'row', names: fields };
}
