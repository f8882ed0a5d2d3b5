import type { Lineage, OutputColumn } from './facts.js';
import { joinLineage, unknownLineage } from './lineage.js';

/** One thing in FROM under the name that the rest of the query calls it. */
export interface Source {
  readonly alias: string | undefined;
  readonly schema?: string;
  /** `undefined`: its columns are not known; `reach` is all that may come out of it. */
  readonly columns: readonly OutputColumn[] | undefined;
  readonly reach: Lineage;
  /** Its columns are found by name only (the merged columns of JOIN .. USING come first). */
  readonly hidden?: ReadonlySet<string>;
}

/** Names of one query level, and of those around it. */
export interface Scope {
  readonly sources: readonly Source[];
  readonly ctes: ReadonlyMap<string, Source>;
  readonly outer: Scope | undefined;
}

export const emptyScope: Scope = { sources: [], ctes: new Map(), outer: undefined };

export interface Found {
  readonly lineage: Lineage;
  readonly verbatim: boolean;
  /** `row.name` where no column is called so: PostgreSQL calls a function of that name with the row. */
  readonly called?: string | undefined;
  /** The same, where the row's columns are not known. */
  readonly mayCall?: string | undefined;
}

const lost: Found = { lineage: unknownLineage, verbatim: false };
const whole = (source: Source): Found => ({ lineage: source.reach, verbatim: false });

/** What a column reference stands for. Where several could be meant, all of them; where none, anything. */
export function findColumn(scope: Scope, parts: readonly string[]): Found {
  const [first = '', second] = parts;
  /** What sources with unknown columns may hide on the way outwards. */
  const maybe: Found[] = [];
  for (let level: Scope | undefined = scope; level !== undefined; level = level.outer) {
    if (parts.length === 1) {
      const matches = level.sources.flatMap((source) => columnsNamed(source, first));
      if (matches.length > 0 && matches[0] !== undefined)
        return matches.length + maybe.length === 1 ? matches[0] : merge([...maybe, ...matches]);
      // A source whose columns are not known may have it.
      const unknown = level.sources.filter(({ columns }) => columns === undefined);
      const row = level.sources.find(({ alias }) => alias === first);
      if (row !== undefined) return merge([...maybe, whole(row), ...unknown.map(whole)]);
      // It may be one of theirs, or one of the queries around.
      maybe.push(...unknown.map(whole));
      continue;
    }
    const source =
      parts.length === 2
        ? level.sources.find(({ alias }) => alias === first)
        : level.sources.find(({ alias, schema }) => alias === second && schema === first);
    if (source === undefined) continue;
    const name = parts.length === 2 ? second : parts[2];
    if (source.columns === undefined || parts.length > 3) return { ...whole(source), mayCall: name };
    const matches = source.columns.filter((column) => column.name === name);
    // `t.name` may also be a function call on the row, or a system column: the row then.
    return matches.length === 1 && matches[0] !== undefined
      ? { lineage: matches[0].lineage, verbatim: matches[0].verbatim }
      : { ...whole(source), called: name };
  }
  return maybe.length > 0 ? merge(maybe) : lost;
}

function columnsNamed(source: Source, name: string): readonly Found[] {
  if (source.hidden?.has(name) === true) return [];
  return (source.columns ?? [])
    .filter((column) => column.name === name)
    .map(({ lineage, verbatim }) => ({ lineage, verbatim }));
}

const merge = (found: readonly Found[]): Found => ({
  lineage: joinLineage(found.map(({ lineage }) => lineage)),
  verbatim: false,
});

/** The columns of `*` or `alias.*`; `undefined`: nobody can tell how many there are. */
export function expandStar(scope: Scope, parts: readonly string[]): readonly OutputColumn[] | undefined {
  const chosen =
    parts.length === 0
      ? scope.sources
      : scope.sources.filter(({ alias, schema }) =>
          parts.length === 1 ? alias === parts[0] : alias === parts[1] && schema === parts[0],
        );
  if (parts.length > 0 && chosen.length !== 1) return undefined;
  const columns: OutputColumn[] = [];
  for (const source of chosen) {
    if (source.columns === undefined) return undefined;
    columns.push(
      ...(parts.length === 0 ? source.columns.filter(({ name }) => source.hidden?.has(name) !== true) : source.columns),
    );
  }
  return columns;
}

/** Everything that any name here may stand for. */
export function reachOfScope(scope: Scope): Lineage {
  const parts = scope.sources.map(({ reach }) => reach);
  return joinLineage(scope.outer === undefined ? parts : [...parts, reachOfScope(scope.outer)]);
}
