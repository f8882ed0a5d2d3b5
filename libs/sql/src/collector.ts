import type { ColumnObject, Effect, Lineage, Moved, OutputColumn, SqlAction, SqlObject } from './facts.js';
import { joinLineage, noLineage } from './lineage.js';
import type { Resolver } from './resolver.js';

/** What is found out about one statement while its tree is walked. */
export interface Collector {
  readonly resolver: Resolver;
  /** Outputs of subqueries in expressions, by their node: they give outputs their names. */
  readonly subqueries: WeakMap<object, readonly OutputColumn[]>;
  effect(action: SqlAction, object: SqlObject): void;
  filter(lineage: Lineage): void;
  copy(lineage: Lineage): void;
  unresolved(name: string): void;
  /** It holds something that is not modelled: the first reason stays. */
  unknown(what: string): void;
  /** set_config is called somewhere. */
  configures(): void;
  /** Rows are written that the target does not count as such. */
  writes(how: 'told' | 'untold'): void;
  /** Something runs that nobody sees through. */
  hides(): void;
  /** Values of this type are at hand. */
  type(oid: number): void;
  /** A name means something else afterwards. */
  moves(moved: Moved): void;
  /** Work was done, in steps that all take about as long. Throws when it is too much for one text. */
  spend(units: number): void;
}

export interface Collected {
  readonly effects: readonly Effect[];
  readonly filters: Lineage;
  readonly copies: Lineage;
  readonly unresolved: readonly string[];
  readonly unknown: string | undefined;
  readonly moves: readonly Moved[];
  readonly configures: boolean;
  readonly hides: boolean;
  readonly writes: 'told' | 'untold' | undefined;
  /** A cast that a user wrote may have run, unseen in the text: what comes out may be anything. */
  readonly cast: boolean;
}

/** The work that one text may cause. Walking the text itself always fits. */
export interface Budget {
  left: number;
}

export class TooMuchWork extends Error {}

export const budgetFor = (length: number): Budget => ({ left: 100_000 + 4 * length });

/** `made`: what flows into outputs that are more than the column itself. */
export function createCollector(
  resolver: Resolver,
  budget: Budget,
): Collector & { done(made: readonly Lineage[]): Collected } {
  const effects = new Map<string, Effect>();
  const filters: Lineage[] = [];
  const copies: Lineage[] = [];
  const unresolved = new Set<string>();
  const moves: Moved[] = [];
  const types = new Set<number>();
  const { casts } = resolver.index;
  let unknown: string | undefined;
  let walked = false;
  let configures = false;
  let hides = false;
  let writes: 'told' | 'untold' | undefined;
  const effect: Collector['effect'] = (action, object) => {
    effects.set(`${action} ${Object.values(object).join('\0')}`, { action, object });
  };
  return {
    resolver,
    subqueries: new WeakMap(),
    effect,
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
    type: (oid) => {
      if (casts.length > 0) for (const each of resolver.index.typesIn(oid)) types.add(each);
    },
    configures: () => void (configures = true),
    hides: () => void (hides = true),
    writes: (how) => void (writes = writes === 'untold' ? writes : how),
    moves: (moved) => void moves.push(moved),
    spend: (units) => {
      walked = true;
      budget.left -= units;
      if (budget.left < 0) throw new TooMuchWork('the statement takes too much work to understand');
    },
    done: (made) => {
      let cast = false;
      if (casts.length > 0)
        for (const { columns } of [...filters, ...copies, ...made])
          for (const column of columns) for (const oid of typesOf(column, resolver)) types.add(oid);
      for (const { needs, schema, name } of casts) {
        if (!walked || !needs.every((oid) => types.has(oid))) continue;
        cast = true;
        effect('call', { kind: 'function', schema, name });
      }
      return {
        effects: [...effects.values()],
        filters: joinLineage(filters),
        copies: joinLineage(copies),
        unresolved: [...unresolved],
        unknown,
        moves,
        configures,
        hides: hides || cast,
        writes,
        cast,
      };
    },
  };
}

function typesOf({ schema, table, column }: ColumnObject, { index }: Resolver): readonly number[] {
  const found = index.relations.get(`${schema}\0${table}`)?.columns.find(({ name }) => name === column);
  return found === undefined ? [] : index.typesIn(found.type);
}

export const columnObject = (schema: string, table: string, column: string): ColumnObject => ({
  kind: 'column',
  schema,
  table,
  column,
});
