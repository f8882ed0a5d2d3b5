import type { CopyOptions } from '@sallyport/kernel';

/**
 * What a statement means, said once and used by policy, approvals, audit and console alike. Facts hold no literals: the
 * same statement shape gives the same facts.
 */
export interface Facts {
  /** In the order of the text; empty for an empty query. */
  readonly statements: readonly StatementFacts[];
}

/** The protocol's own verbs, members of the action groups of the policy schema. */
export const sqlActions = [
  // read
  'select',
  // write
  'insert',
  'update',
  'delete',
  'merge',
  // define
  'create',
  'alter',
  'drop',
  'truncate',
  // administer
  'grant',
  'set_role',
  'server_file',
  'server_program',
  'replicate',
  'configure',
  // a function that is not on the reviewed list
  'call',
  // no parser can see the effect
  'opaque',
  // an unrevealed column that shapes rows
  'filter',
  // a value that leaves the reach of its mask (INSERT .. SELECT, CREATE TABLE AS ...)
  'reveal',
] as const;
export type SqlAction = (typeof sqlActions)[number];

export type SqlObject =
  | { readonly kind: 'database' }
  | { readonly kind: 'schema'; readonly schema: string }
  | { readonly kind: 'table'; readonly schema: string; readonly table: string }
  | { readonly kind: 'column'; readonly schema: string; readonly table: string; readonly column: string }
  | { readonly kind: 'function'; readonly schema: string; readonly name: string };

export type ColumnObject = Extract<SqlObject, { kind: 'column' }>;

/** One thing that the statement does. A statement is denied if any effect is. */
export interface Effect {
  readonly action: SqlAction;
  readonly object: SqlObject;
}

/** Columns that may flow into a place. `complete: false`: more may flow than is listed, treat as every column in reach. */
export interface Lineage {
  readonly columns: readonly ColumnObject[];
  readonly complete: boolean;
}

export interface OutputColumn {
  readonly name: string;
  readonly lineage: Lineage;
  /** The output is the column itself (alias or not), so its own mask format applies; otherwise the whole is redacted. */
  readonly verbatim: boolean;
}

export type AnswerFacts =
  /** No rows come back. */
  | { readonly kind: 'none' }
  /** Output columns in order, all of them. */
  | { readonly kind: 'columns'; readonly columns: readonly OutputColumn[] }
  /** Rows come back whose columns could not be proved; `reach` is all that may be in them. */
  | { readonly kind: 'unproved'; readonly reach: Lineage }
  /** Text that the server writes about the statement (EXPLAIN, SHOW): no column values but what literals and settings hold. */
  | { readonly kind: 'report'; readonly reach: Lineage };

export interface StatementFacts {
  /** The grammar's own name of the statement in lower case words: `select`, `insert`, `create table as`, `begin` ... */
  readonly kind: string;
  readonly effects: readonly Effect[];
  readonly answer: AnswerFacts;
  /** Rows go to, or come from, the client as COPY data. */
  readonly copy: 'none' | 'to_client' | 'from_client';
  readonly copyFormat?: 'text' | 'csv' | 'binary';
  /**
   * How the rows of a COPY are written. Absent: not followed, so what is to be masked there is refused; or of one from the
   * client, not every row that comes is one that stays.
   */
  readonly copyOptions?: CopyOptions;
  /** Columns that shape rows (WHERE, JOIN, ORDER BY, GROUP BY, DISTINCT ...). */
  readonly filters: Lineage;
  /** Columns whose values are stored elsewhere by this statement. */
  readonly copies: Lineage;
  /** A relation name could not be resolved in the catalog. */
  readonly unresolved: readonly string[];
  readonly session: SessionEffect | undefined;
  /** Names that stand for something else afterwards, so that the catalog is no longer right about them. */
  readonly moves: readonly Moved[];
  /** Only BEGIN, COMMIT and their like. */
  readonly transaction: 'begin' | 'commit' | 'rollback' | 'savepoint' | undefined;
  /**
   * Rows are written beside those of an INSERT, UPDATE, DELETE, MERGE or COPY at its head, which the target counts. `told`: its tag
   * says how many (a table that is made of a query); `untold`: nobody does.
   */
  readonly writes?: 'told' | 'untold';
  /** It runs what nobody sees through (DO, CALL, functions that users wrote): that may leave anything in what a session keeps. */
  readonly hides?: true;
  /** Set when it holds something that is not modelled: it must be refused, with these words. */
  readonly unknown: string | undefined;
}

/** What a statement does to the names that the catalog knows. */
export type Moved =
  /** It is there now. `view`: what it shows is not known. `columns`: their names, where they are plain to see. */
  | {
      readonly kind: 'given';
      readonly schema: string;
      readonly name: string;
      readonly view: boolean;
      readonly columns?: readonly string[];
    }
  | { readonly kind: 'taken'; readonly schema: string; readonly name: string }
  /** It shows something else than it did. */
  | { readonly kind: 'changed'; readonly schema: string; readonly name: string }
  /** A table has other columns than it had: names and places of columns beside it may mean others. */
  | { readonly kind: 'columns'; readonly schema: string; readonly name: string }
  /** Any view may be gone. */
  | { readonly kind: 'views' }
  /** Functions, operators or casts may be called that are not known. */
  | { readonly kind: 'everything' };

/** What the statement does to the meaning of later ones. */
export type SessionEffect =
  /** `value`: as the setting would show it. `undefined`: back to what the session started with. */
  | {
      readonly kind: 'set';
      readonly name: string;
      readonly value: string | undefined;
      readonly local: boolean;
      /** The text does not hold the value: a parameter does. */
      readonly unseen?: true;
    }
  | { readonly kind: 'reset'; readonly name: string | undefined }
  /** `text`: the PREPARE itself, without the statements around it. */
  | { readonly kind: 'prepare'; readonly name: string; readonly text: string; readonly facts: StatementFacts }
  | { readonly kind: 'execute'; readonly name: string }
  | { readonly kind: 'deallocate'; readonly name: string | undefined }
  | { readonly kind: 'declare'; readonly name: string; readonly hold: boolean; readonly facts: StatementFacts }
  | { readonly kind: 'fetch'; readonly name: string }
  | { readonly kind: 'close'; readonly name: string | undefined }
  | { readonly kind: 'discard'; readonly what: 'all' | 'plans' | 'sequences' | 'temp' };
