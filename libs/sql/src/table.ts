import type { Collector } from './collector.js';
import type { SqlAction } from './facts.js';
import { fieldsOf, textOf } from './node.js';
import type { Fields } from './node.js';
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

/** A table that is made: nobody knows it yet. */
export function makeTable(relation: unknown, action: SqlAction, into: Collector): void {
  const fields: Fields = fieldsOf(relation) ?? {};
  const name = textOf(fields['relname']) ?? '';
  const isTemporary = fields['relpersistence'] === 't';
  const schema = isTemporary ? 'pg_temp' : (textOf(fields['schemaname']) ?? into.resolver.searchPath[0] ?? 'public');
  into.effect(action, { kind: 'table', schema, table: name });
  into.moves({ kind: 'relation', name });
}
