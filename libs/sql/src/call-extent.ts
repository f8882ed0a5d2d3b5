import type { Collector } from './collector.js';
import {
  anyExtent,
  joined,
  noteAppended,
  noteElements,
  noteGathered,
  noteJoined,
  noteRepeated,
  quoted,
  small,
  storedText,
  times,
  widest,
} from './extent.js';
import type { Extent, Part } from './extent.js';
import { fieldsOf, textOf, unwrap } from './node.js';
import { words } from './words.js';

const set = (text: string): ReadonlySet<string> => new Set(words(text));

const aggregates = set(
  'string_agg json_agg json_agg_strict jsonb_agg jsonb_agg_strict json_object_agg jsonb_object_agg xmlagg',
);
const joining = set('concat concat_ws overlay');
const appending = set('array_append array_prepend array_cat');
/** They double quotes, or write a character as several. */
const quoting =
  set(`quote_literal quote_nullable quote_ident to_json to_jsonb row_to_json array_to_json json_build_array
  json_build_object jsonb_build_array jsonb_build_object jsonb_pretty encode normalize casefold`);
/** How long they are tells which characters are in it, or which of several values it is. */
const telling =
  set(`replace regexp_replace translate btrim ltrim rtrim trim split_part array_to_string array_remove array_replace
  string_to_array regexp_split_to_array greatest least max min normalize to_tsvector`);
const passing = set('coalesce greatest least max min any_value first_value last_value lag lead nth_value mode nullif');
const lists = set('string_to_array regexp_split_to_array array_positions');
const replacing = set('replace regexp_replace array_replace array_to_string');
const numbers =
  set(`ascii bit_length char_length character_length length octet_length position starts_with strpos hashtext crc32
  crc32c bit_count num_nonnulls num_nulls pg_typeof cardinality avg bool_and bool_or count every sum stddev stddev_pop
  stddev_samp var_pop var_samp variance rank dense_rank percent_rank cume_dist row_number grouping bit_and bit_or bit_xor
  json_typeof jsonb_typeof isempty isfinite lower_inc lower_inf upper_inc upper_inf family md5 sha224 sha256 sha384 sha512
  generate_series random now clock_timestamp current_user session_user round trunc ceil ceiling floor abs sign date_trunc
  extract date_part regexp_like regexp_count regexp_instr gen_random_uuid chr`);

/** What a call of a reviewed function gives, and what its failing at the server's limits would tell of. */
export function noteCallExtent(name: string, parts: readonly Part[], into: Collector): Extent {
  const extents = parts.map(({ extent }) => extent);
  if (numbers.has(name)) return small;
  if (name === 'array_agg') return { ...noteGathered(parts, into), shape: noteElements(parts, into).shape };
  if (aggregates.has(name)) return { ...noteGathered(parts, into), shape: 'scalar' };
  const whole = { ...extentOf(name, parts, extents), ...(telling.has(name) ? { telling: true } : {}) };
  if (appending.has(name)) noteAppended(parts, into);
  if (joining.has(name) || appending.has(name) || name.includes('_build_')) noteJoined(parts, whole, into);
  else if (replacing.has(name) || quoting.has(name)) noteRepeated(parts, whole, into);
  return whole;
}

function extentOf(name: string, parts: readonly Part[], extents: readonly Extent[]): Extent {
  const text = (extent: Extent): Extent => ({ ...extent, shape: 'scalar' });
  if (name === 'array_fill') return anyExtent;
  if (name === 'repeat' || name === 'lpad' || name === 'rpad') return text(padded(name, parts));
  if (name === 'format') return text(formatted(parts));
  if (name === 'concat_ws') return text(joined(extents.flatMap((each) => [each, extents[0] ?? small])));
  if (joining.has(name)) return text(joined(extents));
  if (appending.has(name)) return quotedList(extents);
  if (replacing.has(name)) {
    const replaced = times(
      widest(extents.slice(0, 1)),
      longestOf(name === 'array_to_string' ? parts.slice(1) : parts.slice(2, 3)),
    );
    return name === 'array_replace' ? replaced : text(replaced);
  }
  if (quoting.has(name)) return times(quoted(extents), 2);
  if (lists.has(name)) return { ...times(widest(extents), 2), shape: 'list' };
  if (passing.has(name) || name === 'array_remove') return widest([storedText, ...extents]);
  return text(widest([storedText, ...extents]));
}

const quotedList = (extents: readonly Extent[]): Extent => ({ ...quoted(extents), shape: widest(extents).shape });

function padded(name: string, parts: readonly Part[]): Extent {
  const count = numberIn(parts[1]?.node);
  const [whole = small, , filling = small] = parts.map(({ extent }) => extent);
  if (count === undefined) return { ...whole, bytes: Infinity };
  return name === 'repeat'
    ? times(whole, Math.max(0, count))
    : { ...widest([whole, filling]), bytes: Math.max(small.bytes, count * 4) };
}

/** A width, or a place that comes twice, makes it as long as anybody wants. */
function formatted(parts: readonly Part[]): Extent {
  const whole = joined(parts.map(({ extent }) => extent));
  const text = textOf(fieldsOf(unwrap(parts[0]?.node)?.fields['sval'])?.['sval']);
  return text === undefined || /[\d*]/.test(text) ? { ...whole, bytes: Infinity } : times(whole, 2);
}

/** How much longer what is put in makes it, at most. */
const longestReplacement = 64;

function longestOf(parts: readonly Part[]): number {
  const lengths = parts.map(({ node }) => {
    const wrapped = unwrap(node);
    return wrapped?.kind === 'A_Const' ? (textOf(fieldsOf(wrapped.fields['sval'])?.['sval'])?.length ?? 1) : Infinity;
  });
  const longest = Math.max(1, ...lengths);
  return longest > longestReplacement ? Infinity : longest;
}

function numberIn(node: unknown): number | undefined {
  const wrapped = unwrap(node);
  if (wrapped?.kind !== 'A_Const') return undefined;
  const integer = fieldsOf(wrapped.fields['ival']);
  return integer === undefined ? undefined : Number(integer['ival'] ?? 0);
}
