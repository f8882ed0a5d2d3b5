import { budgetFor, createCollector } from './collector.js';
import { readExpression } from './expression.js';
import type { Lineage } from './facts.js';
import { joinLineage } from './lineage.js';
import { listOf, unwrap } from './node.js';
import type { Resolver } from './resolver.js';
import { emptyScope } from './scope.js';
import type { ReadColumn } from './scope.js';

export interface StoredExpression {
  /** What its value is made of. */
  readonly lineage: Lineage;
  /** What it tells of where it fails, or does not. */
  readonly telling: Lineage;
  /** It holds something that is not modelled: it may be made of anything. */
  readonly unread: boolean;
}

/** Expressions over the columns of a table, between commas, as the server prints them in its definition. */
export function readStored(
  text: string,
  columns: readonly ReadColumn[],
  parseQuery: (text: string) => unknown,
  resolver: Resolver,
): StoredExpression {
  const reach = joinLineage(columns.map(({ lineage }) => lineage));
  const anything: StoredExpression = { lineage: reach, telling: reach, unread: true };
  const targets = listOf(unwrap(parseQuery(`SELECT ${text}`))?.fields['targetList']);
  if (targets.length === 0) return anything;
  const into = createCollector(resolver, budgetFor(text.length));
  const scope = { ...emptyScope, sources: [{ alias: undefined, columns, reach, stored: true }] };
  try {
    const lineage = joinLineage(
      targets.map((target) => readExpression(unwrap(target)?.fields['val'], scope, into).lineage),
    );
    const { unknown, cast, filters } = into.done([lineage]);
    return unknown === undefined && !cast ? { lineage, telling: filters, unread: false } : anything;
  } catch {
    return anything;
  }
}
