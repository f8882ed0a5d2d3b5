import { clip } from '@sallyport/audit';
import type { Preview, PreviewSample } from '@sallyport/contracts';
import type { Attempted, CatalogRelation, TriedSample, TrialOrder, TrialTable } from '@sallyport/kernel';
import type { Facts, SqlAction, StatementFacts } from '@sallyport/sql';
import type { Desk } from './desk.js';
import type { Place } from './place.js';
import { showText } from './shown.js';
import type { Statements } from './statements.js';

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
const longestCell = 200;
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
    const relation = relationOf(place, schema, name);
    // It may be anything: a table of another server, or one with triggers.
    if (relation === undefined) return { kind: 'none', why: `${key} is in no catalog` };
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
      ? 'it runs code of which nobody can say that a transaction undoes it'
      : `a transaction may not undo all that it does (${beyond.action})`;
  const foreign = effects.find(
    ({ object }) => object.kind === 'table' && relationOf(place, object.schema, object.table)?.kind === 'foreign',
  );
  return foreign === undefined ? undefined : 'it reaches a table of another server';
};

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

const relationOf = ({ catalog }: Place, schema: string, name: string): CatalogRelation | undefined =>
  catalog?.relations.find((relation) => relation.schema === schema && relation.name === name);

/** Reading it could run what somebody wrote, or its rows have no marks of who wrote them. */
const unshowable = ({ kind, rowSecurity }: CatalogRelation): string | undefined => {
  if (kind !== 'table' && kind !== 'partitioned') return `it is a ${kind} relation`;
  return rowSecurity === undefined ? undefined : 'it has row security';
};

export interface PreviewInput {
  readonly attempt: Attempted;
  readonly remarks: readonly string[];
  readonly desk: Desk;
  readonly statements: Statements;
  readonly database: string;
  readonly now: number;
}

/** What approvers see of it: what the caller could see, and of that nothing tagged, and nothing that a detector knows. */
export const previewOf = (input: PreviewInput): Preview => {
  const { attempt } = input;
  const remarks = [...input.remarks, ...attempt.remarks];
  const samples = attempt.samples.flatMap((sample): PreviewSample[] => {
    const { schema, name } = sample.table;
    const rows = rowsOf(sample, input);
    if (rows === undefined) {
      remarks.push(`rows of ${schema}.${name} are not shown: what its caller may see of them cannot be proved`);
      return [];
    }
    return [{ schema, name, after: sample.after, columns: [...sample.table.columns], rows }];
  });
  return {
    missing: '',
    tables: attempt.tables.map((table) => ({ ...table })),
    samples,
    remarks: [...new Set(remarks)].slice(0, 50).map((remark) => clip(remark, 1_000)),
  };
};

export const noPreview = (why: string): Preview => ({
  missing: clip(why, 1_000),
  tables: [],
  samples: [],
  remarks: [],
});

/** As if the caller had read them. */
const rowsOf = (
  sample: TriedSample,
  { desk, statements, database, now }: PreviewInput,
): PreviewSample['rows'] | undefined => {
  const { place, decider, masks } = desk;
  const { schema, name, columns } = sample.table;
  const text = `select ${columns.map(quoted).join(', ')} from ${quoted(schema)}.${quoted(name)}`;
  const read = statements.read(text, place, []);
  if (read.kind === 'refused') return undefined;
  const { facts } = read.statement;
  if (decider.decide(facts, { now, database }).kind === 'deny') return undefined;
  const choice = masks.of(facts, text, { now, database })?.choose({ result: 0, columns: sample.columns, copy: false });
  if (choice?.kind === 'refuse') return undefined;
  const cells = choice?.kind === 'mask' ? choice.plan.cells : [];
  const isTagged = columns.map((column) => (place.tag(schema, name, column)?.classes.length ?? 0) > 0);
  if (sample.columns.length !== columns.length) return undefined;
  return sample.rows.map((row) => ({
    cells: row.map((raw, index) => {
      if (raw === null) return { value: undefined };
      const cell = cells[index];
      const shown = cell === undefined ? raw : cell(raw);
      if (shown === null) return { value: undefined };
      // Its caller may see it. Whoever approves need not be somebody who may.
      if (shown === raw && isTagged[index] === true) return { value: hidden };
      return { value: clip(showText(Buffer.from(shown).toString('utf8')).text.replaceAll('\u0000', ''), longestCell) };
    }),
  }));
};

const hidden = '[masked]';
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** What people agreed to: if it is another number of rows by then, they did not. */
export const effectOf = ({ tables }: Preview): string =>
  tables
    .map(({ schema, name, inserted, updated, deleted }) => JSON.stringify([schema, name, inserted, updated, deleted]))
    .sort()
    .join('\n');
