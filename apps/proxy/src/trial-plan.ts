import type { CatalogRelation, TrialOrder, TrialTable } from '@sallyport/kernel';
import type { Effect, Facts, SqlAction, StatementFacts } from '@sallyport/sql';
import type { Place } from './place.js';

/** Milliseconds. */
export interface PreviewBounds {
  /** That locks are held while people are asked. */
  readonly hold: number;
  /** That locks of others are waited for. */
  readonly lockTimeout: number;
}

/** How a held command can be tried, or why it cannot. */
export type Plan =
  | { readonly kind: 'try'; readonly order: TrialOrder; readonly remarks: readonly string[] }
  | { readonly kind: 'none'; readonly why: string };

const mostTables = 4;
const mostColumns = 8;
/** The target ends a trial by itself where nobody is heard of for so much longer than people may take. */
const margin = 60_000;

/** Statements whose effect is rows, and only rows: a transaction undoes those. */
const triedKinds: ReadonlySet<string> = new Set(['select', 'insert', 'update', 'delete', 'merge', 'execute']);
const rowActions: ReadonlySet<SqlAction> = new Set<SqlAction>([
  'select',
  'insert',
  'update',
  'delete',
  'merge',
  'filter',
  'reveal',
]);

/** Only what is known to be undone by a ROLLBACK is tried. */
export const planOf = (facts: Facts, place: Place, bounds: PreviewBounds): Plan => {
  for (const statement of facts.statements) {
    const why = hindrance(statement, place);
    if (why !== undefined) return { kind: 'none', why };
  }
  const written = writtenTables(facts);
  if (written.size === 0) return { kind: 'none', why: 'it writes no table' };
  const remarks: string[] = [];
  const tables: TrialTable[] = [];
  for (const [key, { schema, name, actions }] of written) {
    const relation = place.named(schema, name);
    // It may be anything: a table of another server, or one with triggers.
    if (relation === undefined) return { kind: 'none', why: `${key} is in no catalog` };
    const why = besides(relation, actions, place);
    if (why !== undefined) return { kind: 'none', why };
    const hidden = unshowable(relation);
    const columns = relation.columns.filter(({ generated }) => generated === undefined);
    if (hidden !== undefined || columns.length === 0)
      remarks.push(`rows of ${key} are not shown: ${hidden ?? 'it has no columns'}`);
    else if (tables.length >= mostTables) remarks.push(`rows of ${key} are not shown: so many tables are written`);
    else {
      if (columns.length > mostColumns)
        remarks.push(`${columns.length - mostColumns} more columns of ${key} are not shown`);
      tables.push({
        schema,
        name,
        columns: columns.slice(0, mostColumns).map((column) => column.name),
        before: actions.has('update') || actions.has('delete') || actions.has('merge'),
        after: actions.has('insert') || actions.has('update') || actions.has('merge'),
      });
    }
  }
  const { hold, lockTimeout } = bounds;
  return { kind: 'try', order: { lockTimeout, runTimeout: hold, idleTimeout: hold + margin, tables }, remarks };
};

const hindrance = (statement: StatementFacts, place: Place): string | undefined => {
  const { kind, effects, copy, session, transaction, unresolved } = statement;
  const isRun = session === undefined || session.kind === 'execute';
  if (!triedKinds.has(kind) || copy !== 'none' || transaction !== undefined || !isRun)
    return `${kind.toUpperCase()} is not tried: only INSERT, UPDATE, DELETE and MERGE are`;
  if (unresolved.length > 0) return 'it names what is in no catalog';
  const beyond = effects.find(({ action }) => !rowActions.has(action));
  if (beyond !== undefined)
    return beyond.action === 'opaque' || beyond.action === 'call'
      ? `it runs code of which nobody can say that a transaction undoes it${nameOf(beyond)}`
      : `a transaction may not undo all that it does (${beyond.action})`;
  const foreign = effects.find(
    ({ object }) => object.kind === 'table' && place.named(object.schema, object.table)?.kind === 'foreign',
  );
  return foreign === undefined ? undefined : elsewhere;
};

const nameOf = ({ object }: Effect): string => (object.kind === 'function' ? ` (${object.schema}.${object.name})` : '');

/** What else is done where this one is written to: there, in its partitions, and where rows go or change with its rows. */
const besides = (
  relation: CatalogRelation,
  actions: ReadonlySet<SqlAction>,
  place: Place,
  seen = new Set<number>(),
): string | undefined => {
  if (seen.has(relation.oid)) return undefined;
  seen.add(relation.oid);
  const { oid, kind, rules = [], triggers = [], cascades = [] } = relation;
  if (kind === 'foreign') return elsewhere;
  if (rules[0] !== undefined) return `a rule of ${spell(relation)} does something else too (${rules[0].name})`;
  const trigger = triggers.find(({ function: of }) => of >= firstMade);
  if (trigger !== undefined)
    return `a trigger of ${spell(relation)} runs code of which nobody can say that a transaction undoes it (${trigger.name})`;
  const isAdded = actions.size === 1 && actions.has('insert');
  for (const next of [...place.children(oid), ...(isAdded ? [] : cascades.map((each) => place.relation(each)))]) {
    const why =
      next === undefined
        ? `what goes with rows of ${spell(relation)} is in no catalog`
        : besides(next, actions, place, seen);
    if (why !== undefined) return why;
  }
  return undefined;
};

/** A server's own functions have lower numbers, and do nothing but what they are there for. */
const firstMade = 16_384;
const elsewhere = 'it reaches a table of another server';
const spell = ({ schema, name }: CatalogRelation): string => `${schema}.${name}`;

interface Written {
  readonly schema: string;
  readonly name: string;
  readonly actions: Set<SqlAction>;
}

const writes: ReadonlySet<SqlAction> = new Set<SqlAction>(['insert', 'update', 'delete', 'merge']);

const writtenTables = (facts: Facts): ReadonlyMap<string, Written> => {
  const written = new Map<string, Written>();
  for (const { action, object } of facts.statements.flatMap(({ effects }) => effects)) {
    if (!writes.has(action) || (object.kind !== 'table' && object.kind !== 'column')) continue;
    const { schema, table } = object;
    const key = `${schema}.${table}`;
    const known = written.get(key) ?? { schema, name: table, actions: new Set<SqlAction>() };
    known.actions.add(action);
    written.set(key, known);
  }
  return written;
};

/** Reading it could run what somebody wrote, or its rows have no marks of who wrote them. */
const unshowable = ({ kind, rowSecurity }: CatalogRelation): string | undefined => {
  if (kind !== 'table' && kind !== 'partitioned') return `it is a ${kind} relation`;
  return rowSecurity === undefined ? undefined : 'it has row security';
};
