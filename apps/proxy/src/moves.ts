import { catalogIndexOf, relationKey } from '@sallyport/kernel';
import type { Catalog, CatalogRelation, QuestionId } from '@sallyport/kernel';
import type { ColumnTag } from '@sallyport/policy';
import type { AnswerFacts, Effect, Facts, Moved, OutputColumn, StatementFacts } from '@sallyport/sql';

/**
 * What definitions did to names since the catalog was read. A name may be found in another schema then, or show something else:
 * what was concluded from the catalog would be of the wrong table. Such names count as unknown until it was read again.
 */
export interface PlaceMoves {
  /** Of committed definitions, by any session of this proxy; those that the catalog has caught up with are dropped. */
  standing(catalog: Catalog | undefined): readonly Moved[];
  add(moves: readonly Moved[], catalog: Catalog | undefined): void;
}

/** By connection and database. */
export interface Moves {
  at(connection: string, database: string): PlaceMoves;
}

/** Of the time in which the control plane was there: twice what it leaves a catalog in force that was not read after a definition. */
const longest = 120_000;
const mostEntries = 1_000;

export const createMoves = ({ monotonic }: { monotonic(): number }): Moves => {
  const places = new Map<string, PlaceMoves>();
  return {
    at(connection, database) {
      const key = `${connection}/${database}`;
      const known = places.get(key) ?? createPlaceMoves(monotonic);
      places.set(key, known);
      return known;
    },
  };
};

interface Entry {
  readonly moved: Moved;
  readonly catalog: Catalog | undefined;
  readonly since: number;
}

const createPlaceMoves = (monotonic: () => number): PlaceMoves => {
  let entries: readonly Entry[] = [];
  return {
    standing(catalog) {
      if (entries.length === 0) return none;
      const now = monotonic();
      entries = entries.filter((entry) => now - entry.since < longest && !isKnown(entry, catalog));
      return entries.map(({ moved }) => moved);
    },
    add(moves, catalog) {
      const since = monotonic();
      // A temporary table is one session's own.
      const shared = moves.filter((moved) => !('schema' in moved && moved.schema === temporary));
      entries = [...entries, ...shared.map((moved) => ({ moved, catalog, since }))];
      if (entries.length > mostEntries) entries = [{ moved: { kind: 'everything' }, catalog, since }];
    },
  };
};

const none: readonly Moved[] = [];
const temporary = 'pg_temp';

/** The catalog that is in force was read later, and differs where the definition was. */
const isKnown = ({ moved, catalog }: Entry, now: Catalog | undefined): boolean => {
  if (now === catalog) return false;
  switch (moved.kind) {
    case 'given':
    case 'taken':
    case 'columns':
      return signatureOf(catalog, moved) !== signatureOf(now, moved);
    case 'changed':
    case 'views':
    case 'everything':
      return true;
  }
};

type Place = Pick<CatalogRelation, 'schema' | 'name'>;

const find = (catalog: Catalog | undefined, place: Place): CatalogRelation | undefined =>
  catalog === undefined ? undefined : catalogIndexOf(catalog).relations.get(relationKey(place));

const signatureOf = (catalog: Catalog | undefined, place: Place): string =>
  JSON.stringify(find(catalog, place) ?? null);

/** What is known of a database: its catalog, and which of its columns are tagged. */
export interface Known {
  readonly catalog: Catalog | undefined;
  readonly tagged: readonly Pick<ColumnTag, 'schema' | 'table'>[];
}

/** One session's own view: what it did and has not committed comes on top. */
export interface SessionMoves {
  /** The same facts where they rest on nothing that moved. */
  check(facts: Facts, searchPath: readonly string[], place: Known): Facts;
  sent(question: QuestionId, facts: Facts, inBlock: boolean): void;
  /** A definition that the catalog does not show yet is why the target tells of other columns than it has. */
  explains(facts: Facts, catalog: Catalog | undefined): boolean;
  /** Whether definitions took effect, so that the catalog is another one. */
  settled(question: QuestionId, end: End, catalog: () => Catalog | undefined): boolean;
}

interface End {
  readonly completed: boolean;
  readonly tag?: string | undefined;
}

interface Flight {
  readonly facts: Facts;
  readonly inBlock: boolean;
}

export const createSessionMoves = (place: PlaceMoves): SessionMoves => {
  const flying = new Map<QuestionId, Flight>();
  /** Of the open transaction, and of this session's temporary tables. */
  let own: readonly Moved[] = [];
  let kept: readonly Moved[] = [];
  /** Inside of BEGIN .. COMMIT. */
  let block = false;

  const movesOf = ({ statements }: Facts): readonly Moved[] => statements.flatMap(({ moves }) => moves);
  const allMoves = (catalog: Catalog | undefined): readonly Moved[] => [
    ...place.standing(catalog),
    ...kept,
    ...own,
    ...[...flying.values()].flatMap((flight) => movesOf(flight.facts)),
  ];

  return {
    check(facts, searchPath, known) {
      const { catalog } = known;
      const before = allMoves(catalog);
      if (before.length === 0 && facts.statements.every(({ moves }) => moves.length === 0)) return facts;
      const overlay = createOverlay(before, catalog);
      let changed = false;
      const statements = facts.statements.map((statement) => {
        const doubtful = doubtsOf(statement, overlay, searchPath, known);
        const uncounted = doubtful.length === 0 && readsReshaped(statement, overlay);
        for (const moved of statement.moves) apply(overlay, moved, catalog);
        if (uncounted && statement.answer.kind === 'columns' && statement.copy === 'none') {
          changed = true;
          return { ...statement, answer: uncountedOf(statement.answer.columns) };
        }
        if (doubtful.length === 0) return statement;
        changed = true;
        return { ...statement, unresolved: [...statement.unresolved, ...doubtful] };
      });
      return changed ? { statements } : facts;
    },

    explains(facts, catalog) {
      const moved = new Set(allMoves(catalog).map((each) => ('schema' in each ? keyOf(each.schema, each.name) : '')));
      return facts.statements.some(({ effects }) =>
        effects.some(({ object }) => 'table' in object && moved.has(keyOf(object.schema, object.table))),
      );
    },

    sent(question, facts, inBlock) {
      if (movesOf(facts).length > 0 || facts.statements.some(({ transaction }) => transaction !== undefined))
        flying.set(question, { facts, inBlock });
    },

    settled(question, { completed, tag }, catalog) {
      const landed = flying.get(question);
      flying.delete(question);
      if (landed === undefined) return false;
      block ||= landed.inBlock;
      let took = false;
      const commit = (): void => {
        took ||= own.length > 0;
        if (own.length > 0) place.add(own, catalog());
        kept = [...kept, ...own.filter((moved) => 'schema' in moved && moved.schema === temporary)].slice(-mostEntries);
        own = [];
      };
      for (const { moves, transaction } of landed.facts.statements) {
        if (transaction === 'begin') block = true;
        // Half of a text may have run: what it moved counts, what it would have ended does not.
        own = [...own, ...moves];
        if (transaction === 'rollback' && completed) own = [];
        if (transaction === 'commit' && completed) {
          // COMMIT of what failed is a rollback.
          if (tag === 'ROLLBACK') own = [];
          commit();
        }
        if (transaction === 'commit' || transaction === 'rollback') block = false;
      }
      if (!block) commit();
      return took;
    },
  };
};

/** What is there beside the catalog, and what is not any more. By schema, NUL, name. */
interface Overlay {
  readonly given: Map<string, { readonly view: boolean }>;
  readonly taken: Set<string>;
  readonly changed: Set<string>;
  /** Tables whose columns are others than the catalog says. */
  readonly reshaped: Set<string>;
  views: boolean;
  everything: boolean;
}

const keyOf = (schema: string, name: string): string => `${schema}\0${name}`;

const createOverlay = (moves: readonly Moved[], catalog: Catalog | undefined): Overlay => {
  const overlay: Overlay = {
    given: new Map(),
    taken: new Set(),
    changed: new Set(),
    reshaped: new Set(),
    views: false,
    everything: false,
  };
  for (const moved of moves) apply(overlay, moved, catalog);
  return overlay;
};

const apply = (overlay: Overlay, moved: Moved, catalog: Catalog | undefined): void => {
  switch (moved.kind) {
    case 'given':
      // One that was taken away, and made anew: with the same columns it is as it was.
      if (overlay.taken.delete(keyOf(moved.schema, moved.name)) && !isAsBefore(moved, catalog))
        overlay.reshaped.add(keyOf(moved.schema, moved.name));
      overlay.given.set(keyOf(moved.schema, moved.name), moved);
      return;
    case 'taken':
      overlay.given.delete(keyOf(moved.schema, moved.name));
      overlay.taken.add(keyOf(moved.schema, moved.name));
      return;
    case 'changed':
      overlay.changed.add(keyOf(moved.schema, moved.name));
      return;
    case 'columns':
      overlay.reshaped.add(keyOf(moved.schema, moved.name));
      return;
    case 'views':
      overlay.views = true;
      return;
    case 'everything':
      overlay.everything = true;
      return;
  }
};

const isAsBefore = (moved: Moved & { readonly kind: 'given' }, catalog: Catalog | undefined): boolean => {
  const columns = find(catalog, moved)?.columns.map(({ name }) => name);
  return columns !== undefined && JSON.stringify(columns) === JSON.stringify(moved.columns);
};

/** Names in it that may not mean what the catalog says. */
const doubtsOf = (
  { effects, moves, unresolved }: StatementFacts,
  overlay: Overlay,
  searchPath: readonly string[],
  known: Known,
): readonly string[] => {
  const { catalog } = known;
  const makes = new Set(moves.flatMap((moved) => (moved.kind === 'given' ? [keyOf(moved.schema, moved.name)] : [])));
  const names = new Set<string>();
  for (const { object } of effects) {
    if (object.kind !== 'table' && object.kind !== 'column') continue;
    const { schema, table } = object;
    const key = keyOf(schema, table);
    // What is made is not looked up.
    if (!makes.has(key) && isDoubtful(schema, table, overlay, searchPath, catalog)) names.add(table);
  }
  if (overlay.reshaped.size > 0 && effects.some((effect) => mayShow(effect, known)))
    for (const effect of effects) {
      const table = reshapedIn(effect, overlay);
      if (table !== undefined) names.add(table);
    }
  if (overlay.everything && effects.length > 0) names.add('that was made a moment ago');
  return [...names].filter((name) => !unresolved.includes(name));
};

const reshapedIn = ({ action, object }: Effect, { reshaped }: Overlay): string | undefined =>
  action === 'select' && 'table' in object && reshaped.has(keyOf(object.schema, object.table))
    ? object.table
    : undefined;

const readsReshaped = ({ effects }: StatementFacts, overlay: Overlay): boolean =>
  overlay.reshaped.size > 0 && effects.some((effect) => reshapedIn(effect, overlay) !== undefined);

/** What a star stands for is not known then, nor what its columns are called. */
const uncountedOf = (columns: readonly OutputColumn[]): AnswerFacts => ({
  kind: 'unproved',
  reach: {
    columns: columns.flatMap(({ lineage }) => lineage.columns),
    complete: columns.every(({ lineage }) => lineage.complete),
  },
});

const stored: ReadonlySet<string> = new Set<CatalogRelation['kind']>(['table', 'partitioned', 'foreign', 'sequence']);

/** Something that is masked may come of it: any but the reading of a table that has no tag. */
const mayShow = ({ action, object }: Effect, { catalog, tagged }: Known): boolean => {
  if (object.kind === 'function') return true;
  if (action !== 'select' || (object.kind !== 'table' && object.kind !== 'column')) return false;
  const { schema, table } = object;
  if (tagged.some((tag) => tag.table === table && tag.schema === schema)) return true;
  return !stored.has(find(catalog, { schema, name: table })?.kind ?? '');
};

const isDoubtful = (
  schema: string,
  name: string,
  { given, taken, changed, views }: Overlay,
  searchPath: readonly string[],
  catalog: Catalog | undefined,
): boolean => {
  const key = keyOf(schema, name);
  if (taken.has(key) || changed.has(key) || given.get(key)?.view === true) return true;
  if (views && ['view', 'materialized'].includes(find(catalog, { schema, name })?.kind ?? '')) return true;
  // Another one of that name now stands before it.
  const place = searchPath.indexOf(schema);
  return [temporary, ...searchPath.slice(0, Math.max(0, place))].some(
    (earlier) => earlier !== schema && given.has(keyOf(earlier, name)),
  );
};
