import type { Lineage, Moved, SqlObject, StatementFacts } from '../src/facts.js';

/** Facts in the words of the corpus. Names in `public` go without it. */

const inSchema = (schema: string, name: string): string => (schema === 'public' ? name : `${schema}.${name}`);

export const showLineage = ({ columns, complete }: Lineage): string =>
  [
    ...columns.map(({ schema, table, column }) => `${inSchema(schema, table)}.${column}`).sort(),
    ...(complete ? [] : ['?']),
  ].join(' ');

export const showOutputs = ({ answer }: StatementFacts): readonly string[] | string => {
  if (answer.kind === 'columns')
    return answer.columns.map(({ lineage, verbatim }) => `${showLineage(lineage)}${verbatim ? '!' : ''}`);
  return answer.kind === 'none' ? 'none' : `${answer.kind} ${showLineage(answer.reach)}`.trim();
};

export const showNames = ({ answer }: StatementFacts): readonly string[] =>
  answer.kind === 'columns' ? answer.columns.map(({ name }) => name) : [];

export const showObject = (object: SqlObject): string => {
  switch (object.kind) {
    case 'database':
      return 'database';
    case 'schema':
      return object.schema;
    case 'table':
      return inSchema(object.schema, object.table);
    case 'column':
      return `${inSchema(object.schema, object.table)}.${object.column}`;
    case 'function':
      return object.schema === 'pg_catalog' ? object.name : inSchema(object.schema, object.name);
  }
};

/** Everything but reading, and but the columns that are written. */
export const showEffects = (statements: readonly StatementFacts[]): readonly string[] =>
  statements.flatMap(({ effects }) =>
    effects
      .filter(({ action, object }) => action !== 'select' && object.kind !== 'column')
      .map(({ action, object }) => `${action} ${showObject(object)}`),
  );

export const showReads = (statements: readonly StatementFacts[]): readonly string[] =>
  statements.flatMap(({ effects }) =>
    effects
      .filter(({ action, object }) => action === 'select' && object.kind === 'table')
      .map(({ object }) => showObject(object)),
  );

export const showMoved = (moved: Moved): string =>
  'name' in moved
    ? `${moved.kind} ${inSchema(moved.schema, moved.name)}${moved.kind === 'given' && moved.view ? ' (view)' : ''}`
    : moved.kind;
