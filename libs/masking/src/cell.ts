import { encodeUtf8, quickRoom } from '@sallyport/kernel';
import type { AnswerColumn, CellMask } from '@sallyport/kernel';
import { bpcharType } from './carrier.js';
import type { Carrier } from './carrier.js';
import { maskText, redacted } from './format.js';
import type { HashKey, MaskFormat } from './format.js';
import { plainWriters } from './plain.js';

const toNull: CellMask = () => null;
const always = (text: string): CellMask => {
  const bytes = encodeUtf8(text);
  return Object.assign(() => bytes, {
    writes: (_bytes: Uint8Array, _from: number, _to: number, into: Uint8Array, at: number) => {
      if (bytes.length > quickRoom) return -1;
      for (let index = 0; index < bytes.length; index += 1) into[at + index] = bytes[index] ?? 0;
      return bytes.length;
    },
  });
};

/**
 * What a masked cell of this column turns into. Always a valid value of the column's type in the column's format, and the
 * same value in both formats. Texts that are made here are ASCII where they do not copy the value's own characters.
 */
export const createCellMask = (
  format: MaskFormat,
  carrier: Carrier,
  column: Pick<AnswerColumn, 'type' | 'format'>,
  hash: HashKey | undefined,
): CellMask => {
  if (format === 'null') return toNull;
  switch (carrier) {
    case 'none':
      return toNull;
    case 'unknown':
      return column.format === 'text' ? textMask(format, false, hash) : toNull;
    case 'text':
      return textMask(format, column.type === bpcharType, hash);
    case 'xml':
      return always('<redacted/>');
    case 'json':
      return documentMask(format, 0, hash);
    case 'jsonb':
      return documentMask(format, column.format === 'binary' ? 1 : 0, hash);
  }
};

/** Padding is no part of a bpchar: the same value hashes alike in `char(19)` and `text`. */
const textMask = (format: MaskFormat, padded: boolean, hash: HashKey | undefined): CellMask => {
  if (format === 'redact') return always(redacted);
  const mask = (value: Uint8Array): Uint8Array | null => {
    const text = maskText(format, padded ? trimEnd(value) : value, hash);
    return text === null ? null : encodeUtf8(text);
  };
  const writes = padded ? undefined : plainWriters[format];
  return writes === undefined ? mask : Object.assign(mask, { writes });
};

/** A document is hashed or hidden whole: neither its shape nor a part of it shows. */
const documentMask = (format: MaskFormat, version: 0 | 1, hash: HashKey | undefined): CellMask => {
  if (format !== 'hash' || hash === undefined) return always(`${'\u0001'.repeat(version)}"${redacted}"`);
  return (value) => encodeUtf8(`${'\u0001'.repeat(version)}"${maskText('hash', value.subarray(version), hash)}"`);
};

const trimEnd = (value: Uint8Array): Uint8Array => {
  let end = value.length;
  while (end > 0 && value[end - 1] === 0x20) end -= 1;
  return value.subarray(0, end);
};
