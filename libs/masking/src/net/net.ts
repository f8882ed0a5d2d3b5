import { encodeUtf8, decodeUtf8 } from '@sallyport/kernel';
import type { CellMask } from '@sallyport/kernel';
import type { Carrier, TypeLookup } from '../carrier.js';
import { replaceSpans } from '../detect/detectors.js';
import type { Detectors } from '../detect/detectors.js';
import { suspicious, suspiciousWithin } from '../detect/prefilter.js';
import type { DetectorClass } from '../detect/span.js';
import { hasHex, printBytea, readBytea, replaceHex } from './bytea.js';
import { scrubDocument } from './document.js';
import { kindOf } from './kind.js';
import { digitsOf, fewestDigits } from './number.js';
import type { NumberType } from './number.js';
import { hasControl, latin, scrubOpaque, scrubText } from './text.js';
import { arrayParts, recordParts } from './wire.js';

/** The column that the net is laid under. */
export interface NetColumn {
  readonly carrier: Carrier;
  readonly format: 'text' | 'binary';
  readonly type: number;
  readonly types: TypeLookup | undefined;
}

/**
 * The detectors over one clear column: what they find is replaced inside the cell where the type can hold a text, and makes
 * the cell NULL where it cannot; everything else stays byte for byte. `undefined` for columns that hold nothing to be found.
 */
export const netMask = (detectors: Detectors, column: NetColumn): CellMask | undefined => {
  const { carrier, format, type, types } = column;
  const { addresses } = detectors;
  const spares = (bytes: Uint8Array, from: number, to: number): boolean =>
    !suspiciousWithin(bytes, from, to, addresses);
  const where = (change: (value: Uint8Array) => Uint8Array | null): CellMask =>
    Object.assign((value: Uint8Array) => (suspicious(value, addresses) ? change(value) : value), { spares });
  switch (carrier) {
    case 'text':
    case 'xml':
      return where((value) => scrubText(detectors, value));
    case 'json':
      return where((value) => scrubDocument(detectors, value, 0));
    case 'jsonb':
      return where((value) => scrubDocument(detectors, value, format === 'binary' ? 1 : 0));
    case 'unknown':
      return format === 'text' ? printed(detectors) : where((value) => scrubOpaque(detectors, value));
    case 'none':
      break;
  }
  const kind = kindOf(type, types);
  switch (kind.is) {
    case 'nothing':
      return undefined;
    case 'number':
      return numberMask(detectors, kind.type, format);
    case 'bytea':
      return (value) => scrubBytea(detectors, format, value);
    case 'text':
      return where((value) => (format === 'text' ? scrubText : scrubOpaque)(detectors, value));
    case 'array':
    case 'record':
      if (format === 'binary') return (value) => (holds(detectors, type, value, types, 8) ? null : value);
      if (kind.is === 'array' && kind.of.is === 'number') {
        const { type: element } = kind.of;
        return (value) => (elements(value).some((each) => isCard(detectors, element, 'text', each)) ? null : value);
      }
      if (kind.is === 'array' && kind.of.is === 'bytea')
        return (value) => (elements(value).some((each) => scrubBytea(detectors, 'text', each) !== each) ? null : value);
      return printed(detectors);
  }
};

/** Printed rows, and what COPY names no type of: texts, and bytea in hex at any depth of quoting. */
const printed = (detectors: Detectors): CellMask => {
  const { addresses } = detectors;
  const change = (value: Uint8Array): Uint8Array | null => {
    const opened = scrubHex(detectors, value);
    return opened !== null && suspicious(opened, addresses) ? scrubText(detectors, opened) : opened;
  };
  return Object.assign(change, {
    spares: (bytes: Uint8Array, from: number, to: number): boolean =>
      !suspiciousWithin(bytes, from, to, addresses) && !hasHex(bytes, from, to),
  });
};

const numberMask = (detectors: Detectors, type: NumberType, format: 'text' | 'binary'): CellMask =>
  Object.assign((value: Uint8Array) => (isCard(detectors, type, format, value) ? null : value), {
    spares: (_bytes: Uint8Array, from: number, to: number) => to - from < shortest[format],
  });

/** No number of fewer bytes has the digits of a card. */
const shortest = { text: fewestDigits, binary: 8 } as const;

const isCard = (detectors: Detectors, type: NumberType, format: 'text' | 'binary', value: Uint8Array): boolean => {
  const digits = digitsOf(type, format, value);
  if (digits === undefined) return false;
  return detectors
    .detect(digits)
    .some(({ class: kind, start, end }) => kind === 'card_number' && end - start === digits.length);
};

/** The items of a printed array, without its braces and quotes. Good for numbers and bytea: nothing in them is escaped twice. */
const elements = (value: Uint8Array): readonly Uint8Array[] =>
  latin(value)
    .replaceAll('\\\\', '\\')
    .split(/[{},"]+/)
    .filter((item) => item !== '')
    .map((item) => Uint8Array.from(item, (sign) => sign.charCodeAt(0)));

/** Is there a find in any part of it? What cannot be taken apart is looked at as it lies. */
const holds = (
  detectors: Detectors,
  type: number,
  value: Uint8Array,
  types: TypeLookup | undefined,
  depth: number,
): boolean => {
  const kind = kindOf(type, types);
  switch (kind.is) {
    case 'nothing':
      return false;
    case 'number':
      return isCard(detectors, kind.type, 'binary', value);
    case 'bytea':
      return scrubBytea(detectors, 'binary', value) !== value;
    case 'text':
      break;
    case 'array':
    case 'record': {
      const parts = depth === 0 ? undefined : kind.is === 'array' ? arrayParts(value) : recordParts(value);
      if (parts !== undefined) return parts.some((part) => holds(detectors, part.type, part.value, types, depth - 1));
    }
  }
  if (!suspicious(value, detectors.addresses)) return false;
  return detectors.detect(decodeUtf8(value) ?? latin(value)).length > 0;
};

/** Every bytea of a printed value by itself. */
const scrubHex = (detectors: Detectors, value: Uint8Array): Uint8Array | null =>
  hasHex(value, 0, value.length) ? replaceHex(value, (one) => scrubBytea(detectors, 'text', one)) : value;

/** Found among bytes that are no text only where chance cannot have made it. */
const certain: ReadonlySet<DetectorClass> = new Set(['card_number', 'iban', 'jwt', 'cloud_key', 'private_key']);
/** Longer ones that are no text are pictures and archives. */
const longestBinary = 1 << 18;

/** Text in a bytea is replaced as any text is; a find among other bytes takes the whole value along. */
const scrubBytea = (detectors: Detectors, format: 'text' | 'binary', value: Uint8Array): Uint8Array | null => {
  const read = format === 'text' ? readBytea(value) : { form: undefined, bytes: value };
  if (read === undefined || !suspicious(read.bytes, detectors.addresses)) return value;
  const { form, bytes } = read;
  const text = decodeUtf8(bytes);
  if (text !== undefined && !hasControl(text)) {
    const spans = detectors.detect(text);
    if (spans.length === 0) return value;
    const shown = encodeUtf8(replaceSpans(text, spans));
    return form === undefined ? shown : encodeUtf8(printBytea(form, shown));
  }
  if (bytes.length > longestBinary) return value;
  return detectors.detect(latin(bytes)).some((span) => certain.has(span.class)) ? null : value;
};
