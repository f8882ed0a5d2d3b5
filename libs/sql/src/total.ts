/**
 * Which operations cannot fail, nor return several rows, whatever the values they are given. Of any other one, failing or not
 * tells something of the value (`1 / (ascii(ssn) - 52)`), so that it shapes the answer as a condition does.
 * NULL is no secret: it is shown as it is.
 */
const words = (text: string): readonly string[] => text.split(/\s+/).filter((word) => word !== '');

/** For any values. */
const everywhere = new Set(
  words(`
  ascii bit_length btrim char_length character_length concat concat_ws initcap left length lower ltrim md5 octet_length
  position quote_ident quote_literal quote_nullable reverse right rtrim starts_with strpos translate trim upper
  casefold sha224 sha256 sha384 sha512 hashtext crc32 crc32c bit_count
  coalesce greatest least nullif num_nonnulls num_nulls pg_typeof
  array_agg array_append array_dims array_length array_lower array_ndims array_position array_positions array_prepend
  array_remove array_to_json array_to_string array_upper cardinality
  any_value avg bool_and bool_or count every json_agg json_agg_strict json_object_agg jsonb_agg jsonb_agg_strict
  jsonb_object_agg max min string_agg sum xmlagg stddev stddev_pop stddev_samp var_pop var_samp variance mode rank dense_rank
  percent_rank cume_dist row_number first_value last_value lag lead grouping bit_and bit_or bit_xor
  json_build_array json_build_object json_extract_path json_extract_path_text json_strip_nulls json_typeof jsonb_build_array
  jsonb_build_object jsonb_extract_path jsonb_extract_path_text jsonb_pretty jsonb_strip_nulls jsonb_typeof row_to_json to_json
  to_jsonb isempty isfinite lower_inc lower_inf upper_inc upper_inf host family text
  age to_tsvector `),
);

/** In their first argument. */
const inFirst = new Set(
  words(`
  encode lpad rpad regexp_like regexp_count regexp_instr regexp_substr regexp_match split_part substr substring overlay round
  trunc ceil ceiling floor abs sign normalize nth_value string_to_array regexp_split_to_array to_char`),
);
/** In all but their first argument, which names a unit or zone. */
const behindFirst = new Set(words('date_part date_trunc extract timezone'));
/** In their first argument, as long as the others are constants: what is put in may be long enough to break the server's limit. */
const beside = new Set(words('replace regexp_replace array_replace'));

/** Whether an argument may hold anything. `constant`: all arguments behind the first are. */
export const isTotalArgument = (name: string, at: number, constant: boolean): boolean => {
  if (everywhere.has(name)) return true;
  if (at > 0) return behindFirst.has(name);
  return inFirst.has(name) || (constant && beside.has(name));
};

const operators = new Set(words('|| = <> != < > <= >= -> ->> #> #>> @> <@ ? ?| ?& && @@ ^@'));
/** What stands to the right of them is a pattern, and may be none. */
const patterns = new Set(words('~ ~* !~ !~* ~~ ~~* !~~ !~~* LIKE ILIKE'));

export const totalOperands = (name: string): 'both' | 'left' | 'none' =>
  operators.has(name) ? 'both' : patterns.has(name) ? 'left' : 'none';

/** Types that take any value as it is. */
const casts = new Set(words('text varchar bpchar name'));

export const totalCast = (type: string): boolean => casts.has(type);
