import type { Collector } from './collector.js';
import type { SqlAction } from './facts.js';
import { fieldsOf, textOf } from './node.js';
import type { ResolvedRelation } from './resolver.js';

/** A table that is named and not queried. */
export function readTable(relation: unknown, action: SqlAction, into: Collector): ResolvedRelation {
  const fields = fieldsOf(relation) ?? {};
  const name = textOf(fields['relname']) ?? '';
  const found = into.resolver.relation(textOf(fields['schemaname']), name);
  if (found.kind === 'unresolved') into.unresolved(name);
  into.effect(action, { kind: 'table', schema: found.schema, table: name });
  return found;
}

/** Where a relation is made, and under which name. */
export function placeOf(relation: unknown, into: Collector): { readonly schema: string; readonly name: string } {
  const fields = fieldsOf(relation) ?? {};
  const schema = fields['relpersistence'] === 't' ? 'pg_temp' : (textOf(fields['schemaname']) ?? into.resolver.home);
  return { schema, name: textOf(fields['relname']) ?? '' };
}

/** A table that is made: nobody knows it yet. */
export function makeTable(relation: unknown, action: SqlAction, into: Collector): void {
  const { schema, name } = placeOf(relation, into);
  into.effect(action, { kind: 'table', schema, table: name });
  into.moves({ kind: 'given', schema, name, view: false });
}
