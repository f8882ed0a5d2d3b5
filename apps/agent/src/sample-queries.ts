import { escapeIdentifier } from 'pg';

/** Values of a column that are looked at, characters of a value, columns of a query. */
export const mostValues = 100;
export const longestValue = 256;
export const mostTogether = 20;
/** Columns of a database. What comes after them is not sampled. */
export const mostColumns = 2_000;

export const begin = `
  begin isolation level read committed read only; set local statement_timeout = '2s'; set local lock_timeout = '200ms';
  set local search_path = pg_catalog`;

/**
 * Columns that can hold a text, a document or a long number, and that this role may read. Left out is all whose reading would
 * run or reach something else: views, row security, foreign tables, columns that are computed when they are read, and types
 * with a cast to text that users wrote. Partitions are read through their parents.
 */
export const columnsQuery = `
  select n.nspname::text as schema, c.relname::text as table, a.attname::text as column
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_attribute a on a.attrelid = c.oid join pg_catalog.pg_type t on t.oid = a.atttypid
  where c.relkind in ('r', 'p', 'm') and not c.relispartition and not c.relrowsecurity and c.relpersistence <> 't'
    and not exists (select from pg_catalog.pg_inherits i join pg_catalog.pg_class child on child.oid = i.inhrelid
      where i.inhparent = c.oid and (child.relrowsecurity or child.relkind = 'f'))
    and c.oid >= 16384 and n.nspname <> 'pg_catalog' and n.nspname <> 'information_schema' and n.nspname !~ '^pg_(toast|temp)'
    and a.attnum > 0 and not a.attisdropped and a.attgenerated <> 'v'
    and (t.typcategory = 'S' or a.atttypid in (20, 1700, 114, 3802, 869))
    and not exists (select from pg_catalog.pg_cast k where k.castsource = t.oid and k.castfunc >= 16384)
    and pg_catalog.has_schema_privilege(n.oid, 'usage') and pg_catalog.has_column_privilege(c.oid, a.attnum, 'select')
  order by c.oid, a.attnum limit ${mostColumns}`;

export interface SampledColumn {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
}

export const valuesQuery = (schema: string, table: string, columns: readonly string[]): string => {
  const listed = columns.map(
    (column, at) => `pg_catalog.left(${escapeIdentifier(column)}::text, ${longestValue}) as c${at}`,
  );
  return `select ${listed.join(', ')} from ${escapeIdentifier(schema)}.${escapeIdentifier(table)} limit ${mostValues}`;
};
