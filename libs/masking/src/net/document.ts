import { decodeUtf8, encodeUtf8 } from '@sallyport/kernel';
import { marker } from '../detect/detectors.js';
import type { Detectors } from '../detect/detectors.js';
import type { Span } from '../detect/span.js';
import { redacted } from '../format.js';
import { latin } from './text.js';

/** A find inside a string is replaced there; a number becomes a string; anything else hides the whole document. */
export const scrubDocument = (detectors: Detectors, value: Uint8Array, version: 0 | 1): Uint8Array => {
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
