import { answersFromArguments, isServersOwn, reachOf, reviewedFunctions } from './builtins.js';
import type { MadeFunction } from './catalog-index.js';
import type { Collector } from './collector.js';
import type { Lineage, SqlObject } from './facts.js';
import { noLineage, unknownLineage } from './lineage.js';
import { nameParts } from './node.js';

/** What calling a function by this name comes to. */
export interface Call {
  /** What it may return beside its arguments. */
  readonly result: Lineage;
  /** It may keep its arguments where no mask holds. */
  readonly stores: boolean;
  /** A built-in that was reviewed. */
  readonly reviewed: boolean;
}

const free: Call = { result: noLineage, stores: false, reviewed: true };

/** A call is free when it is a reviewed built-in that nobody can have taken the place of. */
export function noteCall(parts: readonly string[], into: Collector): Call {
  const name = parts.at(-1) ?? '';
  const schema = parts.length > 1 ? parts.at(-2) : undefined;
  // Overloads are not told apart: each of that name may be the one that runs.
  const made = into.resolver.madeFunctions(schema, name);
  const isBuiltIn = (schema === undefined || schema === 'pg_catalog') && made.length === 0;
  // The server's own: JDBC asks for primary keys with it.
  if (schema === 'information_schema' && name === '_pg_expandarray' && made.length === 0) return free;
  // It does what SET does, and is read as that.
  if (isBuiltIn && name === 'set_config') {
    into.configures();
    return { result: noLineage, stores: true, reviewed: false };
  }
  // Extensions put theirs into any schema.
  if (!isServersOwn(name) || made.some(({ compiled }) => !compiled) || reachOf(name) === 'opaque') into.hides();
  const reach = made.length === 0 || made.some(({ compiled }) => compiled) ? reachOf(name) : undefined;
  if (reach === undefined && isBuiltIn && reviewedFunctions.has(name)) return free;
  for (const each of schemasOf(made, schema, name, into)) into.effect(reach ?? 'call', functionObject(each, name));
  const reviewed = false;
  if (isBuiltIn && isServersOwn(name))
    return { result: answersFromArguments(name) ? noLineage : unknownLineage, stores: true, reviewed };
  const pure = made.length > 0 && made.every((each) => each.pure);
  const stores = made.length === 0 || made.some((each) => each.stores);
  return { result: pure ? noLineage : unknownLineage, stores, reviewed };
}

/** Where the function may be. One that nobody has seen yet may be anywhere on the path. */
function schemasOf(
  made: readonly MadeFunction[],
  schema: string | undefined,
  name: string,
  into: Collector,
): readonly string[] {
  if (made.length > 0) return made.map((each) => each.schema);
  if (schema !== undefined) return [schema];
  return isServersOwn(name) || into.resolver.searchPath.length === 0 ? ['pg_catalog'] : into.resolver.searchPath;
}

const functionObject = (schema: string, name: string): SqlObject => ({ kind: 'function', schema, name });

/**
 * Free unless a user wrote an operator of that name, or its schema is named: then it may be anybody's. Gives what it may return
 * beside its operands.
 */
export function noteOperator(operator: unknown, into: Collector): Lineage {
  const parts = nameParts(operator);
  return parts.length === 0 ? noLineage : noteOperatorNamed(parts, into);
}

export function noteOperatorNamed(parts: readonly string[], into: Collector): Lineage {
  const name = parts.at(-1) ?? '';
  const schema = parts.length > 1 ? parts.at(-2) : undefined;
  const made = into.resolver.madeOperators(schema, name);
  const written = made.filter(({ compiled }) => !compiled);
  const isUnseen = made.length === 0 && schema !== undefined && schema !== 'pg_catalog';
  if (written.length === 0 && !isUnseen) return noLineage;
  into.hides();
  for (const each of written) into.effect('call', functionObject(each.schema, name));
  if (isUnseen) into.effect('call', functionObject(schema, name));
  return unknownLineage;
}

/** A name behind a value: a call where such a function is known to be one, or where PostgreSQL may well have one. */
export const mayBeCall = (name: string, into: Collector): boolean =>
  into.resolver.madeFunctions(undefined, name).length > 0 ||
  reachOf(name) !== undefined ||
  /^(pg_|lo_|txid_|nextval|setval|currval|lastval|query_|cursor_|table_to|schema_to|database_to|brin_|gin_|currtid)/.test(
    name,
  );
