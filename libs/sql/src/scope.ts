import { small } from './extent.js';
import type { Extent } from './extent.js';
import type { Lineage, OutputColumn } from './facts.js';
import { joinLineage, noLineage, unknownLineage } from './lineage.js';

/** An output, and how long it may become. */
export interface ReadColumn extends OutputColumn {
  readonly extent?: Extent | undefined;
}

/** One thing in FROM under the name that the rest of the query calls it. */
export interface Source {
  readonly alias: string | undefined;
  /** Only where it was given no other name: `schema.table.column` finds nothing else. */
  readonly schema?: string;
  /** `undefined`: its columns are not known; `reach` is all that may come out of it. */
  readonly columns: readonly ReadColumn[] | undefined;
  readonly reach: Lineage;
  /** Its columns are found by name only (the merged columns of JOIN .. USING come first). */
  readonly hidden?: ReadonlySet<string>;
  /** Where its columns are not known: the names of some that tell nothing of users' values. */
  readonly harmless?: ReadonlySet<string>;
  /** A table: it has system columns too. */
  readonly stored?: boolean;
  /** The last columns of a CTE come from SEARCH and CYCLE: `*` has them only in the query that its WITH belongs to. */
  readonly added?: { readonly count: number; readonly around: Scope };
  /** As many of the last columns are not in `*`. */
  readonly unstarred?: number;
}

/** Names of one query level, and of those around it. */
export interface Scope {
  readonly sources: readonly Source[];
  readonly ctes: ReadonlyMap<string, Source>;
  readonly outer: Scope | undefined;
  /** WINDOW: what each of them parts and orders by. */
  readonly windows?: ReadonlyMap<string, Lineage>;
}

export const emptyScope: Scope = { sources: [], ctes: new Map(), outer: undefined };

export interface Found {
  readonly lineage: Lineage;
  readonly verbatim: boolean;
  readonly extent?: Extent | undefined;
  /** A whole row whose columns are known. */
  readonly row?: readonly ReadColumn[] | undefined;
  /** `row.name` where no column is called so: PostgreSQL calls a function of that name with the row. */
  readonly called?: string | undefined;
  /** The same, where the row's columns are not known. */
  readonly mayCall?: string | undefined;
}

const lost: Found = { lineage: unknownLineage, verbatim: false };
const rowOf = ({ reach, columns, unstarred = 0 }: Source): Found => ({
  lineage: reach,
  verbatim: false,
  row: unstarred === 0 ? columns : undefined,
});
const starOf = ({ columns, unstarred = 0 }: Source): readonly ReadColumn[] | undefined =>
  unstarred === 0 ? columns : columns?.slice(0, -unstarred);

/** Where a row lies and who wrote it: nothing of its values. */
const systemColumns: ReadonlySet<string> = new Set(['ctid', 'tableoid', 'xmin', 'xmax', 'cmin', 'cmax']);
const system: Found = { lineage: noLineage, verbatim: false, extent: small };

/**
 * What a column reference stands for, in PostgreSQL's own order (transformColumnRef): a bare name is a column of the nearest
 * level that has one, and a whole row only where no level has. Where several could be meant, all of them; where none, anything.
 */
export function findColumn(scope: Scope, parts: readonly string[], spend: (units: number) => void): Found {
  const [first = '', second] = parts;
  return parts.length === 1 ? findBare(scope, first, spend) : findQualified(scope, parts, first, second ?? '', spend);
}

function findBare(scope: Scope, name: string, spend: (units: number) => void): Found {
  /** What sources with unknown columns may hide on the way outwards. */
  const maybe: Found[] = [];
  let row: Source | undefined;
  for (let level: Scope | undefined = scope; level !== undefined; level = level.outer) {
    spend(level.sources.length);
    const matches: ReadColumn[] = [];
    for (const source of level.sources)
      if (source.columns !== undefined && source.hidden?.has(name) !== true)
        matches.push(...columnsNamed(source.columns, name));
    const [only] = matches;
    if (only !== undefined) return matches.length + maybe.length === 1 ? only : merge([...maybe, ...matches]);
    if (level.sources.some(({ harmless }) => harmless?.has(name) === true)) return merge([...maybe, system]);
    if (systemColumns.has(name) && level.sources.some(({ stored }) => stored === true))
      return merge([...maybe, system]);
    // A source whose columns are not known may have it, or one of the queries around.
    for (const source of level.sources) if (source.columns === undefined) maybe.push(rowOf(source));
    row ??= level.sources.find(({ alias }) => alias === name);
  }
  if (row === undefined) return maybe.length > 0 ? merge(maybe) : lost;
  return maybe.length > 0 ? merge([...maybe, rowOf(row)]) : rowOf(row);
}

function findQualified(
  scope: Scope,
  parts: readonly string[],
  first: string,
  second: string,
  spend: (units: number) => void,
): Found {
  for (let level: Scope | undefined = scope; level !== undefined; level = level.outer) {
    spend(level.sources.length);
    const source =
      parts.length === 2
        ? level.sources.find(({ alias }) => alias === first)
        : level.sources.find(({ alias, schema }) => alias === second && schema === first);
    if (source === undefined) continue;
    const name = parts.length === 2 ? second : (parts[2] ?? '');
    if (parts.length <= 3 && source.harmless?.has(name) === true) return system;
    if (source.columns === undefined || parts.length > 3) return { ...rowOf(source), mayCall: name };
    const matches = columnsNamed(source.columns, name);
    const [only] = matches;
    if (only !== undefined) return matches.length === 1 ? only : merge(matches);
    if (source.stored === true && systemColumns.has(name)) return system;
    // A function call on the row.
    return { lineage: source.reach, verbatim: false, called: name };
  }
  return lost;
}

const indexes = new WeakMap<readonly ReadColumn[], ReadonlyMap<string, readonly ReadColumn[]>>();
const few = 8;

/** Made once for each list of columns: those of tables are shared by all statements. */
function columnsNamed(columns: readonly ReadColumn[], name: string): readonly ReadColumn[] {
  if (columns.length <= few) return columns.filter((column) => column.name === name);
  let index = indexes.get(columns);
  if (index === undefined) {
    const made = new Map<string, ReadColumn[]>();
    for (const column of columns) {
      const same = made.get(column.name);
      if (same === undefined) made.set(column.name, [column]);
      else same.push(column);
    }
    indexes.set(columns, made);
    index = made;
  }
  return index.get(name) ?? [];
}

const merge = (found: readonly { readonly lineage: Lineage }[]): Found => ({
  lineage: joinLineage(found.map(({ lineage }) => lineage)),
  verbatim: false,
});

/** The columns of `*` or `alias.*`; `undefined`: nobody can tell how many there are. */
export function expandStar(scope: Scope, parts: readonly string[]): readonly ReadColumn[] | undefined {
  if (parts.length === 0) {
    const columns: ReadColumn[] = [];
    for (const source of scope.sources) {
      const starred = starOf(source);
      if (starred === undefined) return undefined;
      for (const column of starred) if (source.hidden?.has(column.name) !== true) columns.push(column);
    }
    return columns;
  }
  const [first, second] = parts;
  for (let level: Scope | undefined = scope; level !== undefined; level = level.outer) {
    const found = level.sources.filter(({ alias, schema }) =>
      parts.length === 1 ? alias === first : alias === second && schema === first,
    );
    const [only] = found;
    if (only !== undefined) return found.length === 1 ? starOf(only) : undefined;
  }
  return undefined;
}

/** Everything that any name here may stand for. */
export function reachOfScope(scope: Scope): Lineage {
  const parts = scope.sources.map(({ reach }) => reach);
  return joinLineage(scope.outer === undefined ? parts : [...parts, reachOfScope(scope.outer)]);
}
