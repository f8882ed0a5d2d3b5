import type { TrialTable } from '@sallyport/kernel';

/**
 * What the gateway asks a target around a command that it tries. Every name and every operator is qualified: the session's
 * search_path is the client's, and nothing that is found there may run.
 */

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
const tableOf = ({ schema, name }: TrialTable): string => `${quoted(schema)}.${quoted(name)}`;

const boundedSettings = ['lock_timeout', 'statement_timeout', 'idle_in_transaction_session_timeout'] as const;
export type BoundedSetting = (typeof boundedSettings)[number];

/** In milliseconds, and whether rows are counted at all. */
export const settingsQuery = `select name, setting from pg_catalog.pg_settings
  where name operator(pg_catalog.=) any ('{${boundedSettings.join(',')},track_counts}'::pg_catalog.text[])`;

export const setQuery = (settings: Readonly<Partial<Record<BoundedSetting, number>>>): string =>
  `select ${Object.entries(settings)
    .map(([name, value]) => `pg_catalog.set_config('${name}', '${value}', true)`)
    .join(', ')}`;

/** Transaction numbers of this session: of its transaction, and of every part of it that wrote something. */
const own = `select l.transactionid from pg_catalog.pg_locks l where l.locktype operator(pg_catalog.=) 'transactionid'
  and l.pid operator(pg_catalog.=) pg_catalog.pg_backend_pid() and l.mode operator(pg_catalog.=) 'ExclusiveLock'`;
export const transactionsQuery = own;

export const mostTables = 200;

/** What this session changed that is not in its statistics yet: earlier transactions may still be among it. */
export const countsQuery = `select s.schemaname, s.relname, s.n_tup_ins, s.n_tup_upd, s.n_tup_del
  from pg_catalog.pg_stat_xact_user_tables s where s.n_tup_ins operator(pg_catalog.>) 0
    or s.n_tup_upd operator(pg_catalog.>) 0 or s.n_tup_del operator(pg_catalog.>) 0
  order by s.relid limit ${mostTables + 1}`;

/** One row, a column per table: may this role read it? */
export const readableQuery = (tables: readonly TrialTable[]): string =>
  `select ${tables
    .map(
      (table) =>
        `pg_catalog.has_table_privilege(${literal(tableOf(table))}::pg_catalog.text, 'select'::pg_catalog.text)`,
    )
    .join(', ')}`;

export const mostSampled = 5;

/** Written by a transaction of ours that was not there `before`. */
const written = (column: 'xmin' | 'xmax', before: readonly string[]): string =>
  `t.${column} operator(pg_catalog.=) any (array(${own}
    and l.transactionid operator(pg_catalog.<>) all ('{${before.join(',')}}'::pg_catalog.xid[])))`;

const columnsOf = ({ columns }: TrialTable): string => columns.map((column) => `t.${quoted(column)}`).join(', ');

/** Rows that the command wrote. */
export const afterQuery = (table: TrialTable, before: readonly string[]): string =>
  `select ${columnsOf(table)} from ${tableOf(table)} t where ${written('xmin', before)} limit ${mostSampled}`;

/**
 * A cursor that is opened before the command still sees the rows that it removed or replaced, and looks at their marks only
 * when it is read.
 */
export const declareBefore = (cursor: string, table: TrialTable, before: readonly string[]): string =>
  `declare ${cursor} no scroll cursor for
    select ${columnsOf(table)} from ${tableOf(table)} t where ${written('xmax', before)} limit ${mostSampled}`;
