import { words } from './words.js';

/**
 * Which operations always give one value, and no NULL but for a NULL, whatever they are given. Of any other one, failing or not,
 * NULL or not, tells something of the value (`1 / (ascii(ssn) - 52)`, `substring(ssn from '^4')`), so that it shapes the answer
 * as a condition does. That a column itself is NULL is no secret: it is shown.
 */
/** For any values. */
const everywhere = new Set(
  words(`
  ascii bit_length btrim char_length character_length concat concat_ws initcap left lower ltrim md5 octet_length
  position quote_ident quote_literal quote_nullable reverse right rtrim starts_with strpos translate trim upper
  casefold sha224 sha256 sha384 sha512 hashtext crc32 crc32c bit_count
  coalesce greatest least num_nonnulls num_nulls pg_typeof
  array_agg array_append array_positions array_prepend array_remove array_to_json array_to_string cardinality
  any_value avg bool_and bool_or count every json_agg json_agg_strict json_object_agg jsonb_agg jsonb_agg_strict
  jsonb_object_agg max min string_agg sum xmlagg stddev stddev_pop stddev_samp var_pop var_samp variance mode rank dense_rank
  percent_rank cume_dist row_number first_value last_value lag lead grouping bit_and bit_or bit_xor
  json_build_array json_build_object json_strip_nulls json_typeof jsonb_build_array jsonb_build_object jsonb_pretty
  jsonb_strip_nulls jsonb_typeof row_to_json to_json to_jsonb isempty isfinite lower_inc lower_inf upper_inc upper_inf host
  family text`),
);

/** In their first argument. */
const inFirst = new Set(
  words(`
  encode lpad rpad split_part substr overlay round trunc ceil ceiling floor abs sign normalize nth_value string_to_array`),
);
/** In all but their first argument, which names a unit or zone. */
const behindFirst = new Set(words('date_trunc timezone'));
/** In their first argument, as long as the others are constants: what is put in may be long enough to break the server's limit. */
const beside = new Set(words('replace array_replace'));

/** What stands behind the first argument of a call. */
export type Others = 'numbers' | 'constants' | 'anything';

/** Whether an argument may hold anything. */
export const isTotalArgument = (name: string, at: number, others: Others): boolean => {
  if (everywhere.has(name)) return true;
  if (at > 0) return behindFirst.has(name);
  // With a pattern it finds nothing, or something; a length in another encoding fails where the bytes are none of it.
  if (name === 'substring' || name === 'length') return others === 'numbers';
  return inFirst.has(name) || (others !== 'anything' && beside.has(name));
};

/** Ranges have bounds, or none: `lower` and `upper` of them are NULL then. */
const ranges = new Set([3904, 3906, 3908, 3910, 3912, 3926, 4451, 4532, 4533, 4534, 4535, 4536]);
export const isRange = (type: number): boolean => ranges.has(type);

const operators = new Set(words('|| = <> != < > <= >= @> <@ ? ?| ?& && ^@'));
/**
 * LIKE fails where a value takes it as far as a backslash at the end, a regular expression takes seconds for one value and nothing
 * for another, a path (`@@`) may give NULL, and words that are too long are complained about.
 */
const patterns = new Set(words('~ ~* !~ !~* ~~ ~~* !~~ !~~* LIKE ILIKE @@'));

export const isTotalOperator = (name: string): boolean => operators.has(name);
/** It gives a truth value. */
export const isTest = (name: string): boolean => patterns.has(name) || (operators.has(name) && name !== '||');

/** Types that take any value as it is. */
const casts = new Set(words('text varchar bpchar name'));

export const totalCast = (type: string): boolean => casts.has(type);
