import type { Collector } from './collector.js';
import type { SqlAction } from './facts.js';
import { fieldsOf, listOf, textOf, unwrap } from './node.js';
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

/** Where a relation is made, and under which name. */
export function placeOf(relation: unknown, into: Collector): { readonly schema: string; readonly name: string } {
  const fields = fieldsOf(relation) ?? {};
  const schema = fields['relpersistence'] === 't' ? 'pg_temp' : (textOf(fields['schemaname']) ?? into.resolver.home);
  return { schema, name: textOf(fields['relname']) ?? '' };
}

/** A table that is made: nobody knows it yet. */
export function makeTable(
  relation: unknown,
  action: SqlAction,
  columns: readonly string[] | undefined,
  into: Collector,
): void {
  const { schema, name } = placeOf(relation, into);
  into.effect(action, { kind: 'table', schema, table: name });
  into.moves({ kind: 'given', schema, name, view: false, ...(columns === undefined ? {} : { columns }) });
}

/** Of CREATE TABLE, where each is written out. */
export function writtenColumns(create: Fields): readonly string[] | undefined {
  if (['inhRelations', 'partbound', 'ofTypename'].some((each) => create[each] !== undefined)) return undefined;
  const elements = listOf(create['tableElts']).map(unwrap);
  if (elements.some((element) => element?.kind !== 'ColumnDef' && element?.kind !== 'Constraint')) return undefined;
  return elements.flatMap((element) =>
    element?.kind === 'ColumnDef' ? [textOf(element.fields['colname']) ?? ''] : [],
  );
}
