/** Settings that a session may move freely: they change neither what a later statement means nor what anybody may see. */
const harmless = `
application_name search_path datestyle intervalstyle timezone extra_float_digits statement_timeout lock_timeout
idle_in_transaction_session_timeout transaction_timeout idle_session_timeout client_min_messages work_mem maintenance_work_mem
temp_buffers bytea_output xmloption lc_messages lc_monetary lc_numeric lc_time default_transaction_isolation
default_transaction_read_only default_transaction_deferrable transaction_isolation transaction_read_only transaction_deferrable
enable_seqscan enable_indexscan enable_bitmapscan enable_hashjoin enable_mergejoin enable_nestloop enable_sort enable_hashagg
enable_material enable_memoize enable_partitionwise_join enable_partitionwise_aggregate random_page_cost seq_page_cost
cpu_tuple_cost effective_cache_size jit join_collapse_limit from_collapse_limit geqo plan_cache_mode max_parallel_workers_per_gather
synchronous_commit gin_fuzzy_search_limit default_statistics_target tcp_keepalives_idle tcp_keepalives_interval
tcp_keepalives_count tcp_user_timeout escape_string_warning commit_delay commit_siblings cursor_tuple_fraction
synchronize_seqscans quote_all_identifiers restrict_nonsystem_relation_kind
enable_indexonlyscan enable_incremental_sort enable_gathermerge enable_parallel_append enable_parallel_hash enable_partition_pruning
enable_tidscan enable_async_append enable_presorted_aggregate enable_group_by_reordering enable_distinct_reordering
enable_self_join_elimination hash_mem_multiplier parallel_setup_cost parallel_tuple_cost min_parallel_table_scan_size
min_parallel_index_scan_size max_parallel_workers max_parallel_maintenance_workers parallel_leader_participation
cpu_index_tuple_cost cpu_operator_cost geqo_threshold geqo_effort constraint_exclusion jit_above_cost jit_optimize_above_cost
jit_inline_above_cost effective_io_concurrency maintenance_io_concurrency recursive_worktable_factor
client_connection_check_interval xmlbinary check_function_bodies default_tablespace default_table_access_method
default_toast_compression
`;
/** Free to move, and yet a literal, a name or a row means another thing under another value. */
const meaningful = new Set(
  (
    'search_path datestyle intervalstyle timezone lc_monetary lc_numeric lc_time xmloption xmlbinary row_security ' +
    'client_encoding standard_conforming_strings check_function_bodies default_tablespace default_table_access_method'
  ).split(' '),
);
const harmlessNames: ReadonlySet<string> = new Set(harmless.split(/\s+/).filter((name) => name !== ''));

/** `configure`: needs that action; `role`: needs `set_role`; `free`: anybody. */
export function settingEffect(name: string, value: string | undefined): 'free' | 'configure' | 'role' {
  const lower = name.toLowerCase();
  if (lower === 'role' || lower === 'session_authorization') return 'role';
  if (harmlessNames.has(lower)) return 'free';
  if (lower === 'client_encoding')
    return value === undefined || /^utf-?8$|^unicode$/i.test(value) ? 'free' : 'configure';
  if (lower === 'standard_conforming_strings')
    return value === undefined || /^(on|true|yes|1)$/i.test(value) ? 'free' : 'configure';
  if (lower === 'row_security') return 'free';
  return 'configure';
}

/** Under another value of this setting the same text may do another thing: an approval is for one value. */
export const changesMeaning = (name: string): boolean =>
  meaningful.has(name.toLowerCase()) || settingEffect(name, undefined) !== 'free';
