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
`;

export const reviewedFunctions: ReadonlySet<string> = new Set(names.split(/\s+/).filter((name) => name !== ''));

/** Functions with reach, by what it is. Everything that is neither here nor reviewed needs `call`. */
export function reachOf(
  name: string,
): 'server_file' | 'server_program' | 'configure' | 'replicate' | 'opaque' | undefined {
  if (
    /^(pg_read_(binary_)?file|pg_ls_|pg_stat_file|pg_file_|lo_(import|export)|pg_current_logfile|pg_hba_|pg_ident_)/.test(
      name,
    )
  )
    return 'server_file';
  if (
    /^(set_config|pg_reload_conf|pg_rotate_logfile|pg_terminate_backend|pg_cancel_backend|pg_promote|pg_switch_wal|pg_wal_|pg_backup_|pg_stat_reset|pg_stat_clear|pg_create_restore_point)/.test(
      name,
    )
  )
    return 'configure';
  if (
    /^(pg_logical_|pg_create_(logical|physical)_replication|pg_drop_replication|pg_copy_|pg_replication_|pg_sync_replication)/.test(
      name,
    )
  )
    return 'replicate';
  if (
    /^(query_to_xml|cursor_to_xml|table_to_xml|schema_to_xml|database_to_xml|ts_stat|ts_rewrite|dblink|xpath_table|crosstab|connectby)/.test(
      name,
    )
  )
    return 'opaque';
  return undefined;
}

/** System relations that hold values of users' data or statements: what they show cannot be told apart. */
export const revealingSystemRelations: ReadonlySet<string> = new Set(
  'pg_stats pg_stats_ext pg_stats_ext_exprs pg_statistic pg_statistic_ext_data pg_stat_activity pg_stat_statements pg_prepared_statements pg_cursors pg_largeobject pg_stat_replication pg_stat_ssl pg_stat_gssapi'.split(
    ' ',
  ),
);

/** System relations that hold secrets. */
export const secretSystemRelations: ReadonlySet<string> = new Set(
  'pg_authid pg_shadow pg_user_mapping pg_user_mappings pg_hba_file_rules pg_ident_file_mappings pg_file_settings pg_subscription'.split(
    ' ',
  ),
);
