import { decodeUtf8, encodeUtf8 } from '@sallyport/kernel';
import type { CellMask } from '@sallyport/kernel';
import type { Carrier } from './carrier.js';
import { marker, replaceSpans } from './detect/detectors.js';
import type { Detectors } from './detect/detectors.js';
import { suspicious } from './detect/prefilter.js';
import type { Span } from './detect/span.js';
import { redacted } from './format.js';

/**
 * The detectors over one clear column: what they find is replaced inside the cell, everything else stays byte for byte.
 * `undefined` for columns whose values are not text. Types such as `int8` are left alone: a number is not a text, and a
 * tenth of all 16-digit numbers pass Luhn.
 */
export const netMask = (
  detectors: Detectors,
  carrier: Carrier,
  format: 'text' | 'binary',
  type: number,
): CellMask | undefined => {
  const worth = (value: Uint8Array): boolean => suspicious(value, detectors.addresses);
  switch (carrier) {
    case 'text':
      return (value) => (worth(value) ? scrubText(detectors, value) : value);
    case 'json':
      return (value) => (worth(value) ? scrubDocument(detectors, value, 0) : value);
    case 'jsonb':
      return (value) => (worth(value) ? scrubDocument(detectors, value, format === 'binary' ? 1 : 0) : value);
    case 'xml':
      return (value) => (worth(value) ? scrubText(detectors, value) : value);
    case 'unknown':
      if (format === 'text') return (value) => (worth(value) ? scrubText(detectors, value) : value);
      return (value) => (worth(value) ? scrubOpaque(detectors, value) : value);
    case 'none':
      if (!composed.has(type)) return undefined;
      if (format === 'text') return (value) => (worth(value) ? scrubText(detectors, value) : value);
      return (value) => (worth(value) ? scrubOpaque(detectors, value) : value);
  }
};

/** Built-in types that hold texts inside: arrays of texts and documents, anonymous records. */
const composed = new Set([1009, 1015, 1014, 1003, 199, 3807, 143, 2249, 2287, 1263]);

const latin = (value: Uint8Array): string => {
  let text = '';
  for (let from = 0; from < value.length; from += 4096)
    text += String.fromCharCode(...value.subarray(from, from + 4096));
  return text;
};

const unlatin = (text: string): Uint8Array => Uint8Array.from(text, (sign) => sign.charCodeAt(0));

/** Bytes in another encoding are read one by one: what is ASCII in them is found, the rest stays as it is. */
const scrubText = (detectors: Detectors, value: Uint8Array): Uint8Array => {
  const text = decodeUtf8(value);
  const read = text ?? latin(value);
  const spans = detectors.detect(read);
  if (spans.length === 0) return value;
  const shown = replaceSpans(read, spans);
  return text === undefined ? unlatin(shown) : encodeUtf8(shown);
};

/** A find inside a string is replaced there; a number becomes a string; anything else hides the whole document. */
const scrubDocument = (detectors: Detectors, value: Uint8Array, version: 0 | 1): Uint8Array => {
  const text = decodeUtf8(value.subarray(version));
  const spans = detectors.detect(text ?? latin(value));
  const escaped = text !== undefined && text.includes('\\u') && detectors.detect(unescape(text)).length > spans.length;
  if (spans.length === 0 && !escaped) return value;
  const shown = (text === undefined || escaped ? undefined : replaceInDocument(text, spans)) ?? `"${redacted}"`;
  return encodeUtf8('\u0001'.repeat(version) + shown);
};

/** `\\u0034` is a digit too. Only to look at: positions are lost. */
const unescape = (text: string): string =>
  text.replace(/\\u([0-9a-fA-F]{4})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));

const replaceInDocument = (text: string, spans: readonly Span[]): string | undefined => {
  let result = '';
  let from = 0;
  let index = 0;
  let inString = false;
  const passTo = (end: number): void => {
    for (; index < end; index += 1) {
      const sign = text.charAt(index);
      if (inString && sign === '\\') index += 1;
      else if (sign === '"') inString = !inString;
    }
  };
  for (const span of spans) {
    if (span.start < from) continue; // inside a number that is replaced already
    passTo(span.start);
    if (index > span.start) return undefined;
    const quoted: boolean = inString;
    passTo(span.end);
    if (index > span.end || inString !== quoted || text.slice(span.start, span.end).includes('"')) return undefined;
    if (quoted) {
      result += text.slice(from, span.start) + marker(span);
      from = span.end;
    } else {
      let start = span.start;
      let end = span.end;
      while (start > from && isNumeric(text.charAt(start - 1))) start -= 1;
      while (end < text.length && isNumeric(text.charAt(end))) end += 1;
      if (![...text.slice(start, end)].every(isNumeric)) return undefined;
      result += `${text.slice(from, start)}"${marker(span)}"`;
      from = end;
    }
  }
  return result + text.slice(from);
};

const isNumeric = (sign: string): boolean => /[0-9.eE+-]/.test(sign);

/** Arrays, records and types that nobody knows, in binary: lengths inside would break, so a find hides the whole value. */
const scrubOpaque = (detectors: Detectors, value: Uint8Array): Uint8Array | null => {
  const text = decodeUtf8(value);
  const read = text ?? latin(value);
  const spans = detectors.detect(read);
  if (spans.length === 0) return value;
  const isText = text !== undefined && !hasControl(text);
  return isText ? encodeUtf8(replaceSpans(text, spans)) : null;
};

const hasControl = (text: string): boolean => {
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0x20 && unit !== 9 && unit !== 10 && unit !== 13) return true;
  }
  return false;
};
