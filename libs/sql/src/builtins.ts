import { words } from './words.js';

/**
 * Built-ins of pg_catalog that were reviewed: they read nothing but their arguments (and, for the last group, the system's own
 * description of itself), write nothing, and reach nowhere.
 */
const names = `
abs acos acosd acosh asin asind asinh atan atan2 atan2d atand atanh cbrt ceil ceiling cos cosd cosh cot cotd degrees div erf erfc
exp factorial floor gamma gcd lcm lgamma ln log log10 min_scale mod pi power pow radians random random_normal round scale sign sin
sind sinh sqrt tan tand tanh trim_scale trunc width_bucket
ascii bit_length btrim char_length character_length chr concat concat_ws convert_from convert_to format initcap left length lower
lpad ltrim md5 normalize octet_length overlay parse_ident position quote_ident quote_literal quote_nullable regexp_count
regexp_instr regexp_like regexp_match regexp_matches regexp_replace regexp_split_to_array regexp_split_to_table regexp_substr
repeat replace reverse right rpad rtrim split_part starts_with string_to_array string_to_table strpos substr substring to_ascii
to_bin to_hex to_oct translate trim unicode_assigned unistr upper casefold
bit_count crc32 crc32c decode encode get_bit get_byte set_bit set_byte sha224 sha256 sha384 sha512
to_char to_date to_number to_timestamp
age clock_timestamp date_add date_bin date_part date_subtract date_trunc extract isfinite justify_days justify_hours
justify_interval make_date make_interval make_time make_timestamp make_timestamptz now statement_timestamp timeofday timezone
transaction_timestamp
enum_first enum_last enum_range
array_agg array_append array_cat array_dims array_fill array_length array_lower array_ndims array_position array_positions
array_prepend array_remove array_replace array_reverse array_sample array_shuffle array_sort array_to_json array_to_string
array_upper cardinality trim_array unnest
any_value avg bit_and bit_or bit_xor bool_and bool_or count every json_agg json_agg_strict json_object_agg jsonb_agg
jsonb_agg_strict jsonb_object_agg max min range_agg range_intersect_agg string_agg sum xmlagg corr covar_pop covar_samp
regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy stddev stddev_pop stddev_samp
var_pop var_samp variance mode percentile_cont percentile_disc rank dense_rank percent_rank cume_dist grouping
row_number ntile lag lead first_value last_value nth_value
json_array_elements json_array_elements_text json_array_length json_build_array json_build_object json_each json_each_text
json_extract_path json_extract_path_text json_object json_object_keys json_populate_record json_populate_recordset json_strip_nulls
json_to_record json_to_recordset json_typeof jsonb_array_elements jsonb_array_elements_text jsonb_array_length jsonb_build_array
jsonb_build_object jsonb_each jsonb_each_text jsonb_extract_path jsonb_extract_path_text jsonb_insert jsonb_object
jsonb_object_keys jsonb_path_exists jsonb_path_match jsonb_path_query jsonb_path_query_array jsonb_path_query_first
jsonb_populate_record jsonb_populate_recordset jsonb_pretty jsonb_set jsonb_set_lax jsonb_strip_nulls jsonb_to_record
jsonb_to_recordset jsonb_typeof row_to_json to_json to_jsonb
int4range int8range numrange tsrange tstzrange daterange isempty lower_inc lower_inf upper_inc upper_inf range_merge multirange
generate_series generate_subscripts
host hostmask family broadcast masklen netmask network set_masklen abbrev inet_merge inet_same_family macaddr8_set7bit
gen_random_uuid uuidv4 uuidv7 uuid_extract_timestamp uuid_extract_version
num_nonnulls num_nulls nullif coalesce greatest least pg_typeof
to_tsquery to_tsvector plainto_tsquery phraseto_tsquery websearch_to_tsquery ts_headline ts_rank ts_rank_cd tsvector_to_array
int2 int4 int8 float4 float8 numeric text varchar bpchar name date time timetz timestamp timestamptz interval bool bytea
version current_database current_schema current_schemas current_user session_user user current_role current_catalog
current_setting pg_backend_pid pg_client_encoding pg_is_in_recovery pg_postmaster_start_time pg_conf_load_time
pg_current_xact_id_if_assigned txid_current_if_assigned inet_client_addr inet_client_port
array_to_string col_description format_type has_any_column_privilege has_column_privilege has_database_privilege
has_foreign_data_wrapper_privilege has_function_privilege has_language_privilege has_schema_privilege has_sequence_privilege
has_server_privilege has_table_privilege has_tablespace_privilege has_type_privilege obj_description oidvectortypes
pg_collation_is_visible pg_column_compression pg_conversion_is_visible pg_describe_object pg_encoding_to_char
pg_function_is_visible pg_get_constraintdef pg_get_expr pg_get_function_arguments pg_get_function_identity_arguments
pg_get_function_result pg_get_functiondef pg_get_indexdef pg_get_keywords pg_get_partition_constraintdef pg_get_partkeydef
pg_get_ruledef pg_get_serial_sequence pg_get_statisticsobjdef_columns pg_get_triggerdef pg_get_userbyid pg_get_viewdef
pg_has_role pg_index_column_has_property pg_index_has_property pg_indexam_has_property pg_opclass_is_visible
pg_operator_is_visible pg_opfamily_is_visible pg_partition_ancestors pg_partition_root pg_partition_tree
pg_relation_is_publishable pg_relation_is_updatable pg_size_pretty pg_statistics_obj_is_visible pg_table_is_visible
pg_ts_config_is_visible pg_ts_dict_is_visible pg_ts_parser_is_visible pg_ts_template_is_visible pg_type_is_visible
pg_relation_size pg_table_size pg_total_relation_size pg_indexes_size pg_database_size pg_tablespace_size pg_char_to_encoding
shobj_description to_regclass to_regnamespace to_regproc to_regprocedure to_regrole to_regtype row_security_active
box point circle line lseg path polygon area center diameter height width radius npoints slope diagonal isclosed isopen pclose popen
xpath xpath_exists xmlcomment xmlconcat2 xmlexists xmltext xml_is_well_formed xml_is_well_formed_content xml_is_well_formed_document
ts_delete ts_filter ts_lexize ts_parse setweight strip numnode querytree tsquery_phrase json_to_tsvector jsonb_to_tsvector
is_normalized overlaps hashtext hashtextextended icu_unicode_version unicode_version bool json jsonb like_escape similar_to_escape
jsonb_path_exists_tz jsonb_path_match_tz jsonb_path_query_array_tz jsonb_path_query_first_tz jsonb_path_query_tz
int4multirange int8multirange nummultirange tsmultirange tstzmultirange datemultirange range_adjacent range_contains
regclass money xml oid inet cidr macaddr macaddr8 uuid
aclexplode acldefault makeaclitem pg_basetype pg_collation_for pg_column_is_updatable pg_extension_update_paths
pg_available_extensions pg_available_extension_versions pg_filenode_relation pg_get_acl pg_get_function_arg_default
pg_get_function_sqlbody pg_get_object_address pg_get_publication_tables pg_get_replica_identity_index pg_get_statisticsobjdef
pg_get_statisticsobjdef_expressions pg_identify_object pg_identify_object_as_address pg_is_other_temp_schema pg_my_temp_schema
pg_listening_channels pg_notification_queue_usage pg_current_wal_lsn pg_current_wal_insert_lsn pg_current_wal_flush_lsn
pg_last_wal_receive_lsn pg_last_wal_replay_lsn pg_last_xact_replay_timestamp pg_is_wal_replay_paused pg_get_wal_replay_pause_state
pg_wal_lsn_diff pg_current_snapshot pg_snapshot_xmin pg_snapshot_xmax txid_current_snapshot txid_snapshot_xmin txid_snapshot_xmax
pg_current_xact_id_if_assigned txid_current_if_assigned pg_options_to_table pg_relation_filenode pg_relation_filepath pg_sequence_parameters pg_tablespace_location
pg_tablespace_databases pg_timezone_abbrevs_zone pg_timezone_abbrevs_abbrevs pg_timezone_names pg_trigger_depth to_regcollation
to_regoper to_regoperator to_regtypemod getdatabaseencoding get_current_ts_config inet_server_addr inet_server_port
pg_blocking_pids pg_stat_get_numscans pg_stat_get_tuples_returned pg_stat_get_tuples_fetched pg_stat_get_tuples_inserted
pg_stat_get_tuples_updated pg_stat_get_tuples_deleted pg_stat_get_live_tuples pg_stat_get_dead_tuples
system_user has_largeobject_privilege has_parameter_privilege mxid_age pg_settings_get_flags merge_action ts_debug pg_size_bytes current_query
`;

export const reviewedFunctions: ReadonlySet<string> = new Set(words(names));

/** Functions with reach, by what it is. Everything that is neither here nor reviewed needs `call`. */
export function reachOf(
  name: string,
): 'server_file' | 'server_program' | 'configure' | 'replicate' | 'opaque' | undefined {
  for (const { action, names: these } of reaching) if (these.test(name)) return action;
  return undefined;
}

const reaching = [
  // Large objects are outside of every table, so no tag and no policy on a table holds for them.
  {
    action: 'server_file',
    names:
      /^(pg_read_(binary_)?file|pg_ls_|pg_stat_file|pg_file_|lo_|loread$|lowrite$|pg_current_logfile|pg_hba_|pg_ident_)/,
  },
  {
    action: 'configure',
    names:
      /^(pg_reload_conf|pg_rotate_logfile|pg_terminate_backend|pg_cancel_backend|pg_promote|pg_switch_wal|pg_wal_(?!lsn_diff$)|pg_backup_|pg_stat_(reset|clear)|pg_(clear|restore)_(attribute|relation)_stats|pg_create_restore_point|pg_log_|binary_upgrade_|pg_import_system|pg_nextoid|pg_stop_making)/,
  },
  {
    action: 'replicate',
    names:
      /^(pg_logical_|pg_create_(logical|physical)_replication|pg_drop_replication|pg_copy_|pg_replication_(origin|slot)_|pg_sync_replication)/,
  },
  {
    action: 'opaque',
    names:
      /^(query_to_xml|cursor_to_xml|table_to_xml|schema_to_xml|database_to_xml|ts_stat$|ts_rewrite$|dblink|xpath_table|crosstab|connectby)/,
  },
] as const;

/**
 * Not reviewed as free, but what they return comes from their arguments, or tells of the server alone. What any other function
 * returns may come from anywhere.
 */
const answering =
  /^(nextval|currval|lastval|setval|set_config|setseed|pg_sleep.*|pg_(try_)?advisory_.*|txid_.*|pg_current_(xact_id|snapshot)|pg_snapshot_.*|pg_visible_in_snapshot|pg_xact_.*|pg_notify|pg_column_size|pg_column_toast_chunk_id|pg_input_(is_valid|error_info)|pg_(cancel|terminate)_backend|pg_reload_conf|pg_blocking_pids|pg_export_snapshot|pg_is_wal_.*|pg_last_.*|pg_current_wal_.*|pg_safe_snapshot_.*|pg_stat_get_(?!activity|backend_activity|wal_).*|lo_(?!get).*|lowrite)$/;

/** Others of pg_catalog that people call; a name that stands nowhere here may be one that somebody made a moment ago. */
const others = new Set(
  words(`
  current_query cursor_to_xml pg_control_checkpoint pg_control_init pg_control_recovery pg_control_system pg_cursor
  pg_get_aios pg_get_backend_memory_contexts pg_get_loaded_modules pg_get_multixact_members pg_get_replication_slots
  pg_get_sequence_data pg_get_shmem_allocations pg_get_wait_events pg_lock_status
  pg_prepared_statement pg_prepared_xact pg_sequence_last_value pg_show_all_settings pg_show_all_file_settings
  pg_stat_get_activity pg_stat_get_backend_activity pg_stat_get_wal_receiver pg_stat_get_wal_senders pg_mcv_list_items
  pg_stat_have_stats pg_stat_force_next_flush pg_database_collation_actual_version pg_collation_actual_version pg_jit_available
  pg_event_trigger_ddl_commands pg_event_trigger_dropped_objects pg_show_replication_origin_status pg_walfile_name
  pg_walfile_name_offset pg_split_walfile_name pg_numa_available pg_config brin_summarize_new_values brin_summarize_range
  brin_desummarize_range gin_clean_pending_list satisfies_hash_partition array_in array_out textin textout int4in int4out`),
);

export const isServersOwn = (name: string): boolean =>
  reviewedFunctions.has(name) || answering.test(name) || others.has(name) || reachOf(name) !== undefined;

export const answersFromArguments = (name: string): boolean => reviewedFunctions.has(name) || answering.test(name);

/** System relations that hold values of users' data or statements: what they show cannot be told apart. */
export const revealingSystemRelations: ReadonlySet<string> = new Set(
  words(`
  pg_stats pg_stats_ext pg_stats_ext_exprs pg_statistic pg_statistic_ext_data pg_stat_activity pg_stat_statements
  pg_prepared_statements pg_cursors pg_largeobject pg_stat_replication pg_stat_ssl pg_stat_gssapi pg_stat_wal_receiver
  pg_backend_memory_contexts`),
);

/** Which statistics there are, and which are NULL, tells how often values come again: to look at them is to ask. */
export const statisticsRelations: ReadonlySet<string> = new Set(
  words('pg_stats pg_stats_ext pg_stats_ext_exprs pg_statistic pg_statistic_ext_data'),
);

/** Columns of what shows sessions that say what one is doing, and how it is connected, but not with which values. */
export const harmlessColumns: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  [
    'pg_stat_activity',
    new Set(
      words(`datid datname pid leader_pid usesysid usename client_addr client_hostname client_port backend_start xact_start
      query_start state_change wait_event_type wait_event state backend_type backend_xid backend_xmin query_id`),
    ),
  ],
  [
    'pg_stat_replication',
    new Set(
      words(`pid usesysid usename client_addr client_hostname client_port backend_start backend_xmin state sent_lsn write_lsn
      flush_lsn replay_lsn write_lag flush_lag replay_lag sync_priority sync_state reply_time`),
    ),
  ],
  ['pg_stat_ssl', new Set(words('pid ssl version cipher bits'))],
  ['pg_stat_gssapi', new Set(words('pid gss_authenticated encrypted credentials_delegated'))],
]);

/** System relations that hold secrets. */
export const secretSystemRelations: ReadonlySet<string> = new Set(
  words(`
  pg_authid pg_shadow pg_user_mapping pg_user_mappings pg_hba_file_rules pg_ident_file_mappings pg_file_settings
  pg_subscription _pg_user_mappings user_mapping_options`),
);

/** System relations of PostgreSQL 18 and before that describe the database, or count what happened in it. */
const describing = `
  pg_aggregate pg_aios pg_am pg_amop pg_amproc pg_attrdef pg_attribute pg_auth_members pg_available_extension_versions
  pg_available_extensions pg_cast pg_class pg_collation pg_config pg_constraint pg_conversion pg_database pg_db_role_setting
  pg_default_acl pg_depend pg_description pg_enum pg_event_trigger pg_extension pg_foreign_data_wrapper pg_foreign_server
  pg_foreign_table pg_group pg_index pg_indexes pg_inherits
  pg_init_privs pg_language pg_largeobject_metadata pg_locks pg_matviews pg_namespace pg_opclass pg_operator pg_opfamily
  pg_parameter_acl pg_partitioned_table pg_policies pg_policy pg_prepared_xacts pg_proc pg_publication pg_publication_namespace
  pg_publication_rel pg_publication_tables pg_range pg_replication_origin pg_replication_origin_status pg_replication_slots
  pg_rewrite pg_roles pg_rules pg_seclabel pg_seclabels pg_sequence pg_sequences pg_settings pg_shdepend pg_shdescription
  pg_shmem_allocations pg_shmem_allocations_numa pg_shseclabel pg_stat_all_indexes pg_stat_all_tables pg_stat_archiver
  pg_stat_bgwriter pg_stat_checkpointer pg_stat_database pg_stat_database_conflicts pg_stat_io pg_stat_progress_analyze
  pg_stat_progress_basebackup pg_stat_progress_cluster pg_stat_progress_copy pg_stat_progress_create_index
  pg_stat_progress_vacuum pg_stat_recovery_prefetch pg_stat_replication_slots pg_stat_slru pg_stat_subscription
  pg_stat_subscription_stats pg_stat_sys_indexes pg_stat_sys_tables pg_stat_user_functions pg_stat_user_indexes
  pg_stat_user_tables pg_stat_wal pg_stat_xact_all_tables pg_stat_xact_sys_tables pg_stat_xact_user_functions
  pg_stat_xact_user_tables pg_statio_all_indexes pg_statio_all_sequences pg_statio_all_tables pg_statio_sys_indexes
  pg_statio_sys_sequences pg_statio_sys_tables pg_statio_user_indexes pg_statio_user_sequences pg_statio_user_tables
  pg_statistic_ext pg_subscription_rel pg_tables pg_tablespace pg_timezone_abbrevs pg_timezone_names pg_transform pg_trigger
  pg_ts_config pg_ts_config_map pg_ts_dict pg_ts_parser pg_ts_template pg_type pg_user pg_views pg_wait_events`;

/** Relations that may be meant by a bare name that begins with `pg_`; of any other one nothing is known. */
export const systemRelations: ReadonlySet<string> = new Set([
  ...words(describing),
  ...revealingSystemRelations,
  ...secretSystemRelations,
]);
