import type { ColumnObject, Lineage } from './facts.js';
import { columnObject } from './collector.js';

/**
 * What a session keeps beside tables, as columns that lineage can name: settings whose values are any text, sequences, advisory
 * locks, channels. What nobody sees through may have left a masked value there.
 */
const keeping: ReadonlyMap<string, Lineage> = new Map(
  [
    ['pg_settings', 'setting'],
    ['pg_db_role_setting', 'setconfig'],
    ['pg_sequences', 'last_value'],
    ['pg_locks', 'objid'],
  ].map(([relation = '', column = '']) => [
    relation,
    { columns: [columnObject('pg_catalog', relation, column)], complete: true },
  ]),
);
const nothing: Lineage = { columns: [], complete: true };

/** Of a relation of the server's own. */
export const keptIn = (relation: string): Lineage => keeping.get(relation) ?? nothing;

export const isKept = ({ schema, table }: ColumnObject): boolean => schema === 'pg_catalog' && keeping.has(table);

export const settingValues = keptIn('pg_settings');
export const sequenceValues = keptIn('pg_sequences');

/** What a built-in function tells of them. */
export const keptBy = (name: string, setting: string | undefined): Lineage => {
  switch (name) {
    case 'current_setting':
      return settingOf(setting);
    case 'pg_listening_channels':
      return settingValues;
    case 'nextval':
    case 'currval':
    case 'lastval':
      return sequenceValues;
    default:
      return nothing;
  }
};

/** `undefined`: nobody can tell which. Its value is a number, one of a few words, or the server's own. */
export const settingOf = (name: string | undefined): Lineage =>
  name !== undefined && worded.has(name.toLowerCase()) ? nothing : settingValues;

const worded: ReadonlySet<string> = new Set(
  `
  server_version server_version_num server_encoding client_encoding standard_conforming_strings is_superuser in_hot_standby
  integer_datetimes max_identifier_length max_index_keys max_function_args block_size segment_size wal_level wal_block_size
  max_connections superuser_reserved_connections shared_buffers effective_io_concurrency fsync full_page_writes ssl
  session_authorization role lc_collate lc_ctype row_security data_checksums array_nulls password_encryption port
  datestyle intervalstyle extra_float_digits statement_timeout lock_timeout deadlock_timeout
  idle_in_transaction_session_timeout transaction_timeout idle_session_timeout client_min_messages log_min_messages work_mem
  maintenance_work_mem temp_buffers bytea_output xmloption default_transaction_isolation default_transaction_read_only
  default_transaction_deferrable transaction_isolation transaction_read_only transaction_deferrable enable_seqscan
  enable_indexscan enable_bitmapscan enable_hashjoin enable_mergejoin enable_nestloop enable_sort enable_hashagg enable_material
  enable_memoize random_page_cost seq_page_cost cpu_tuple_cost effective_cache_size jit join_collapse_limit
  from_collapse_limit geqo plan_cache_mode max_parallel_workers_per_gather max_parallel_workers max_worker_processes
  synchronous_commit default_statistics_target autovacuum track_activities track_counts track_functions
  session_replication_role check_function_bodies escape_string_warning quote_all_identifiers`
    .split(/\s+/)
    .filter((name) => name !== ''),
);
