/**
 * Built-ins that people put into FROM, by the columns that they give. Of all others the result's type decides how many there
 * are, which takes types to know.
 */
const scalar: ReadonlySet<string> = new Set([
  'generate_series',
  'generate_subscripts',
  'json_object_keys',
  'jsonb_object_keys',
  'jsonb_path_query',
  'regexp_matches',
  'regexp_split_to_table',
  'string_to_table',
]);

/** One column, called as the alias is. */
export const isSetOfOne = (name: string): boolean => scalar.has(name);

const tables: ReadonlyMap<string, readonly string[]> = new Map([
  ['json_array_elements', ['value']],
  ['json_array_elements_text', ['value']],
  ['jsonb_array_elements', ['value']],
  ['jsonb_array_elements_text', ['value']],
  ['json_each', ['key', 'value']],
  ['json_each_text', ['key', 'value']],
  ['jsonb_each', ['key', 'value']],
  ['jsonb_each_text', ['key', 'value']],
  ['pg_get_keywords', ['word', 'catcode', 'barelabel', 'catdesc', 'baredesc']],
  ['pg_partition_ancestors', ['relid']],
  ['pg_partition_tree', ['relid', 'parentrelid', 'isleaf', 'level']],
]);

export const outputsOf = (name: string): readonly string[] | undefined => tables.get(name);
