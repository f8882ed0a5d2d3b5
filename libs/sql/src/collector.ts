import type { ColumnObject, Effect, Lineage, SqlAction, SqlObject } from './facts.js';
import { joinLineage, noLineage } from './lineage.js';
import type { Resolver } from './resolver.js';

/** What is found out about one statement while its tree is walked. */
export interface Collector {
  readonly resolver: Resolver;
  effect(action: SqlAction, object: SqlObject): void;
  filter(lineage: Lineage): void;
  copy(lineage: Lineage): void;
  unresolved(name: string): void;
  /** It holds something that is not modelled: the first reason stays. */
  unknown(what: string): void;
}

export interface Collected {
  readonly effects: readonly Effect[];
  readonly filters: Lineage;
  readonly copies: Lineage;
  readonly unresolved: readonly string[];
  readonly unknown: string | undefined;
}

export function createCollector(resolver: Resolver): Collector & { done(): Collected } {
  const effects = new Map<string, Effect>();
  const filters: Lineage[] = [];
  const copies: Lineage[] = [];
  const unresolved = new Set<string>();
  let unknown: string | undefined;
  return {
    resolver,
    effect: (action, object) => {
      effects.set(`${action} ${Object.values(object).join('\0')}`, { action, object });
    },
    filter: (lineage) => {
      if (lineage !== noLineage) filters.push(lineage);
    },
    copy: (lineage) => {
      if (lineage !== noLineage) copies.push(lineage);
    },
    unresolved: (name) => void unresolved.add(name),
    unknown: (what) => {
      unknown ??= what;
    },
    done: () => ({
      effects: [...effects.values()],
      filters: joinLineage(filters),
      copies: joinLineage(copies),
      unresolved: [...unresolved],
      unknown,
    }),
  };
}

export const columnObject = (schema: string, table: string, column: string): ColumnObject => ({
  kind: 'column',
  schema,
  table,
  column,
});
