/**
 * Reviewed built-ins that give more than one column in FROM, or one with a name of its own. All others give one that is called as
 * the alias is, or as they are; oracle.spec of the proxy asks a server.
 */
const tables: ReadonlyMap<string, readonly string[]> = new Map([
  ['aclexplode', ['grantor', 'grantee', 'privilege_type', 'is_grantable']],
  ['json_array_elements', ['value']],
  ['json_array_elements_text', ['value']],
  ['jsonb_array_elements', ['value']],
  ['jsonb_array_elements_text', ['value']],
  ['json_each', ['key', 'value']],
  ['json_each_text', ['key', 'value']],
  ['jsonb_each', ['key', 'value']],
  ['jsonb_each_text', ['key', 'value']],
  ['pg_get_keywords', ['word', 'catcode', 'barelabel', 'catdesc', 'baredesc']],
  ['pg_identify_object', ['type', 'schema', 'name', 'identity']],
  ['pg_options_to_table', ['option_name', 'option_value']],
  ['pg_partition_ancestors', ['relid']],
  ['pg_partition_tree', ['relid', 'parentrelid', 'isleaf', 'level']],
  ['pg_timezone_names', ['name', 'abbrev', 'utc_offset', 'is_dst']],
  ['ts_debug', ['alias', 'description', 'token', 'dictionaries', 'dictionary', 'lexemes']],
  ['ts_parse', ['tokid', 'token']],
]);

/** The type of what they are given decides, or a list of columns, or the version of the server. */
const polymorphic: ReadonlySet<string> = new Set([
  'any_value',
  'coalesce',
  'first_value',
  'greatest',
  'json_populate_record',
  'json_populate_recordset',
  'json_to_record',
  'json_to_recordset',
  'jsonb_populate_record',
  'jsonb_populate_recordset',
  'jsonb_to_record',
  'jsonb_to_recordset',
  'lag',
  'last_value',
  'lead',
  'least',
  'lower',
  'max',
  'min',
  'mode',
  'nth_value',
  'nullif',
  'percentile_disc',
  'pg_available_extension_versions',
  'pg_available_extensions',
  'pg_extension_update_paths',
  'pg_get_object_address',
  'pg_get_publication_tables',
  'pg_identify_object_as_address',
  'pg_sequence_parameters',
  'pg_timezone_abbrevs_abbrevs',
  'pg_timezone_abbrevs_zone',
  'unnest',
  'upper',
]);

/** `undefined`: nothing is known here. */
export const resultsOf = (name: string): readonly string[] | 'of the arguments' | undefined =>
  polymorphic.has(name) ? 'of the arguments' : tables.get(name);

/** Types of the server's own whose values are no rows. */
export const plainTypes: ReadonlySet<string> = new Set([
  'bool',
  'bpchar',
  'bytea',
  'date',
  'float4',
  'float8',
  'inet',
  'int2',
  'int4',
  'int8',
  'interval',
  'json',
  'jsonb',
  'name',
  'numeric',
  'oid',
  'text',
  'time',
  'timestamp',
  'timestamptz',
  'uuid',
  'varchar',
]);

/** OIDs of arrays of these. */
export const plainArrays: ReadonlySet<number> = new Set([
  1000, 1014, 1001, 1182, 1021, 1022, 1041, 1005, 1007, 1016, 1187, 199, 3807, 1003, 1231, 1028, 1009, 1183, 1115, 1185,
  2951, 1015,
]);
