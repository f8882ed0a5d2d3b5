import type { ColumnObject, Facts, Lineage, StatementFacts } from '@sallyport/sql';
import { pathId } from '../schema/uid.js';
import type { PolicyRequest } from './decision.js';
import type { Places } from './place.js';

/** A command as the set of requests that it is. */
export interface CommandRequests {
  /** Asked for every principal of the chain. */
  readonly requests: readonly PolicyRequest[];
  /** Of what is only prepared: a denial counts, an obligation falls due when it is executed. */
  readonly prepared: readonly PolicyRequest[];
  /** Tagged columns that shape rows: `filter` is asked for whoever may not `reveal` them. */
  readonly filters: readonly ColumnObject[];
  /** Tagged columns that may be in the answer: masked, or shown under the obligations of the permit that reveals them. */
  readonly shown: readonly ColumnObject[];
  readonly refused: { readonly reason: string; readonly hint: string | undefined } | undefined;
}

const connect: PolicyRequest = { action: 'connect', object: { kind: 'connection' } };

export const requestsOf = (facts: Facts, places: Places): CommandRequests => {
  const now = new Gathering(places);
  const later = new Gathering(places);
  now.add(connect);
  const read: StatementFacts[] = [];
  const visit = (statement: StatementFacts, into: Gathering): void => {
    read.push(statement);
    const { session } = statement;
    // What a PREPARE says of itself is what it prepares.
    (session?.kind === 'prepare' ? later : into).statement(statement);
    if (session?.kind === 'declare') visit(session.facts, into);
    if (session?.kind === 'prepare') visit(session.facts, later);
  };
  for (const statement of facts.statements) visit(statement, now);
  return {
    requests: [...now.requests.values()],
    prepared: [...later.requests].filter(([key]) => !now.requests.has(key)).map(([, request]) => request),
    filters: [...new Map([...later.filters, ...now.filters]).values()],
    shown: [...now.shown.values()],
    refused: refusedOf(read, places),
  };
};

/** Requests of several statements, each once. */
class Gathering {
  readonly requests = new Map<string, PolicyRequest>();
  readonly filters = new Map<string, ColumnObject>();
  readonly shown = new Map<string, ColumnObject>();
  readonly #places: Places;

  constructor(places: Places) {
    this.#places = places;
  }

  add(request: PolicyRequest): void {
    const key = keyOf(request);
    if (!this.requests.has(key)) this.requests.set(key, request);
  }

  statement(statement: StatementFacts): void {
    const places = this.#places;
    for (const { action, object } of statement.effects) {
      // Facts know no tags: of columns that shape rows or are copied, only tagged ones need a word of policy.
      if (object.kind === 'column' && action === 'filter') keep(this.filters, sensitive([object], places));
      else if (object.kind === 'column' && action === 'reveal') {
        for (const column of sensitive([object], places)) this.add({ action, object: column });
      } else this.add({ action, object });
    }
    if (executesUnknown(statement)) this.add({ action: 'opaque', object: { kind: 'database' } });
    keep(this.filters, reach(statement.filters, places));
    for (const object of reach(statement.copies, places)) this.add({ action: 'reveal', object });
    for (const lineage of answerLineages(statement)) keep(this.shown, reach(lineage, places));
  }
}

const keep = (into: Map<string, ColumnObject>, columns: readonly ColumnObject[]): void => {
  for (const column of columns) into.set(pathId(column.schema, column.table, column.column), column);
};

/** EXECUTE whose text nobody put in its place: it could be anything. */
const executesUnknown = ({ session, effects, answer }: StatementFacts): boolean =>
  session?.kind === 'execute' && effects.length === 0 && answer.kind !== 'columns';

const sensitive = (columns: readonly ColumnObject[], places: Places): readonly ColumnObject[] =>
  columns.filter((column) => places.classesOf(column).length > 0);

/** Where more may flow than is listed, every tagged column may. */
const reach = (lineage: Lineage, places: Places): readonly ColumnObject[] =>
  lineage.complete ? sensitive(lineage.columns, places) : places.tagged;

const answerLineages = ({ answer }: StatementFacts): readonly Lineage[] => {
  switch (answer.kind) {
    case 'none':
      return [];
    case 'columns':
      return answer.columns.map((column) => column.lineage);
    case 'unproved':
    case 'report':
      return [answer.reach];
  }
};

const refusedOf = (statements: readonly StatementFacts[], places: Places): CommandRequests['refused'] => {
  for (const statement of statements) {
    if (statement.unknown !== undefined) return { reason: statement.unknown, hint: undefined };
  }
  const missing = [...new Set(statements.flatMap((statement) => statement.unresolved))];
  if (missing.length === 0 || places.tagged.length === 0) return undefined;
  const names = missing.slice(0, 5).map(printable).join(', ');
  return {
    reason: `unknown relation ${names}`,
    hint: 'This connection has masked columns, so only relations that its catalog knows can be used. A new table is known a moment after it was made.',
  };
};

const keyOf = ({ action, object }: PolicyRequest): string => {
  switch (object.kind) {
    case 'connection':
    case 'database':
      return `${action} ${object.kind}`;
    case 'schema':
      return `${action} schema ${pathId(object.schema)}`;
    case 'table':
      return `${action} table ${pathId(object.schema, object.table)}`;
    case 'column':
      return `${action} column ${pathId(object.schema, object.table, object.column)}`;
    case 'function':
      return `${action} function ${pathId(object.schema, object.name)}`;
    case 'class':
      return `${action} class ${pathId(object.name)}`;
  }
};

/** Names come from statements and catalogs: for people they are cut, and without control characters. */
export const printable = (name: string): string => {
  const cut = name.length > 100 ? `${name.slice(0, 99)}…` : name;
  return cut.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd');
};
