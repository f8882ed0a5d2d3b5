import type { Collector } from './collector.js';
import { fieldsOf, listOf, textOf, unwrap } from './node.js';
import type { Fields } from './node.js';
import type { Scope } from './scope.js';

/**
 * FOR UPDATE and its kin take the locks of a write, and change nothing: an `update` of each table that they name, or of all that
 * stand in FROM. What is locked behind a view or in a query inside is not followed: that is an update of the database.
 */
export function noteLocks(select: Fields, scope: Scope, into: Collector): void {
  for (const clause of listOf(select['lockingClause'])) {
    const named = listOf(unwrap(clause)?.fields['lockedRels']).map((each) => textOf(unwrap(each)?.fields['relname']));
    const items = listOf(select['fromClause']).flatMap(itemsOf);
    const locked = named.length === 0 ? items : items.filter(({ alias }) => named.includes(alias));
    if (locked.length < named.length) into.effect('update', { kind: 'database' });
    for (const item of locked) noteLock(item, scope, into);
  }
}

interface Item {
  readonly kind: string;
  readonly fields: Fields;
  readonly alias: string | undefined;
}

function itemsOf(node: unknown): readonly Item[] {
  const wrapped = unwrap(node);
  if (wrapped === undefined) return [];
  const { kind, fields } = wrapped;
  if (kind === 'JoinExpr') return [fields['larg'], fields['rarg']].flatMap(itemsOf);
  if (kind === 'RangeTableSample') return itemsOf(fields['relation']);
  return [{ kind, fields, alias: textOf(fieldsOf(fields['alias'])?.['aliasname']) ?? textOf(fields['relname']) }];
}

const rowless: ReadonlySet<string> = new Set(['RangeFunction', 'RangeTableFunc', 'JsonTable']);

function noteLock({ kind, fields }: Item, scope: Scope, into: Collector): void {
  // Nothing is stored there.
  if (rowless.has(kind)) return;
  const schema = textOf(fields['schemaname']);
  const name = textOf(fields['relname']) ?? '';
  if (kind === 'RangeVar' && schema === undefined && scope.ctes.has(name)) return;
  const found = kind === 'RangeVar' ? into.resolver.relation(schema, name) : undefined;
  const isTable = found?.kind === 'known' && (found.relation.kind === 'table' || found.relation.kind === 'partitioned');
  into.effect('update', isTable ? { kind: 'table', schema: found.schema, table: name } : { kind: 'database' });
}
