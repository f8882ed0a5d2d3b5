import type { CatalogIndex } from './catalog-index.js';
import type { Collector } from './collector.js';
import type { Lineage } from './facts.js';
import { fieldsOf, textOf, unwrap } from './node.js';

/**
 * How long a value may become and what shape it may have. No value of a server is longer than 1 GB, and an array of arrays has rows
 * of one length: a statement that breaks such a limit fails, and where a masked value decides whether it does, the failure tells
 * of the value (`replace(ssn, '4', '') || repeat('x', 1073741806)`, `array[string_to_array(ssn, '4'), array['a', 'b']]`).
 */
export interface Extent {
  /** At most, taken that no stored value has more than `stored`. */
  readonly bytes: number;
  /** Its length tells of more than the lengths of the columns in it. */
  readonly telling: boolean;
  /** `list`: an array of one dimension, of any length. `grid`: it may have more dimensions. */
  readonly shape: 'scalar' | 'list' | 'grid';
}

/** Values of columns and parameters are taken for no longer; docs/limits.md says what that leaves. */
const stored = 1024;
/** What an expression may come to. The server's limit is 64 times that. */
const most = 16 * 1024 * 1024;
/** Texts that differ in short constants are read once (skeleton.ts), so that those are all the same here. */
const shortConstant = 8 * 1024;

/** Numbers, truth values, dates, and texts of the server's own. */
export const small: Extent = { bytes: 64, telling: false, shape: 'scalar' };
export const storedText: Extent = { ...small, bytes: stored };
export const anyExtent: Extent = { bytes: Infinity, telling: true, shape: 'grid' };

interface Measured {
  readonly lineage: Lineage;
  readonly verbatim: boolean;
  /** Absent of what is not followed, and of columns themselves. */
  readonly extent?: Extent | undefined;
}

export function extentOf({ lineage, verbatim, extent }: Measured, index: CatalogIndex): Extent {
  if (extent !== undefined) return extent;
  if (!verbatim) return anyExtent;
  const [column] = lineage.columns;
  const relation = column && index.relations.get(`${column.schema}\0${column.table}`);
  return extentOfType(relation?.columns.find(({ name }) => name === column?.column)?.type);
}

export const extentOfType = (type: number | undefined): Extent =>
  type !== undefined && scalars.has(type) ? storedText : { ...storedText, shape: 'list' };

/** One of them. */
export const widest = (parts: readonly Extent[]): Extent => fold(parts, Math.max);
/** All of them, one after the other. */
export const joined = (parts: readonly Extent[]): Extent => fold(parts, (one, other) => one + other);

const fold = (parts: readonly Extent[], add: (one: number, other: number) => number): Extent => ({
  bytes: parts.reduce((bytes, part) => add(bytes, part.bytes), small.bytes),
  telling: parts.some(({ telling }) => telling),
  shape: parts.reduce<Extent['shape']>(
    (shape, part) => (ranks[part.shape] > ranks[shape] ? part.shape : shape),
    'scalar',
  ),
});

const ranks = { scalar: 0, list: 1, grid: 2 } as const;

export const times = (extent: Extent, factor: number): Extent => ({ ...extent, bytes: extent.bytes * factor });

/** Quotes within quotes are doubled. */
export const quoted = (parts: readonly Extent[]): Extent => ({ ...times(joined(parts), 2), shape: 'scalar' });

export const constantExtent = (fields: Readonly<Record<string, unknown>>): Extent => {
  const text = textOf(fieldsOf(fields['sval'])?.['sval']);
  // A text without a type is an array where one is expected.
  return text === undefined
    ? small
    : { bytes: Math.max(shortConstant, text.length * 3), telling: false, shape: 'grid' };
};

/** A part of an expression, as it was read. */
export interface Part {
  readonly node: unknown;
  readonly lineage: Lineage;
  readonly extent: Extent;
}

/** They stand one behind the other in `whole`. What breaks the limit is the longest of them, or what tells by its length. */
export function noteJoined(parts: readonly Part[], whole: Extent, into: Collector): void {
  if (whole.bytes <= most) return;
  parts.forEach(({ lineage, extent }, at) => {
    const isBesideLong = parts.some((other, place) => place !== at && other.extent.bytes > most);
    if (extent.telling || isBesideLong) into.filter(lineage);
  });
}

/** It comes several times over in `whole`. */
export function noteRepeated(parts: readonly Part[], whole: Extent, into: Collector): void {
  if (whole.bytes > most) for (const { lineage } of parts) into.filter(lineage);
}

/** An aggregate, or ARRAY(query): as many of them as there are rows, which anybody can make. */
export function noteGathered(parts: readonly Part[], into: Collector): Extent {
  noteJoined(parts, anyExtent, into);
  return { ...joined(parts.map(({ extent }) => extent)), bytes: Infinity };
}

/** Elements of an array: arrays among them must be of one length. Rows of a written `array[[..], [..]]` are. */
export function noteElements(parts: readonly Part[], into: Collector): Extent {
  for (const { node, lineage, extent } of parts)
    if (extent.shape !== 'scalar' && !isConstantText(node) && unwrap(node)?.kind !== 'A_ArrayExpr')
      into.filter(lineage);
  const isList = parts.every(({ node, extent }) => extent.shape === 'scalar' || isConstantText(node));
  return { ...quoted(parts.map(({ extent }) => extent)), shape: isList ? 'list' : 'grid' };
}

/** `array || array`: with more dimensions than one their lengths must fit. */
export function noteAppended(parts: readonly Part[], into: Collector): void {
  const arrays = parts.filter(({ extent }) => extent.shape !== 'scalar');
  if (arrays.length > 1 && arrays.some(({ extent }) => extent.shape === 'grid'))
    for (const { lineage } of arrays) into.filter(lineage);
}

const isConstantText = (node: unknown): boolean => unwrap(node)?.kind === 'A_Const';

/** OIDs of types of the server's own that are no arrays. */
const scalars: ReadonlySet<number> = new Set([
  16, 17, 18, 19, 20, 21, 23, 25, 26, 114, 142, 650, 700, 701, 774, 790, 829, 869, 1042, 1043, 1082, 1083, 1114, 1184,
  1186, 1266, 1560, 1562, 1700, 2950, 3614, 3615, 3802, 3904, 3906, 3908, 3910, 3912, 3926, 4072,
]);
