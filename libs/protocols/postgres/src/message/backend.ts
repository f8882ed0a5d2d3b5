import { decodeUtf8 } from '@sallyport/kernel';
import type { AnswerColumn } from '@sallyport/kernel';
import { ByteReader } from '@sallyport/protocol-core';
import { formatAt } from './frontend.js';
import { header } from './type.js';

/** Decoders of what a target sends; they take the whole frame. `undefined`: malformed, and the target is not trusted on. */

/** Text for people: bytes that are no UTF-8 are shown as what they are not, never read as something else. */
export const lenientText = (bytes: Uint8Array): string => {
  const text = decodeUtf8(bytes);
  if (text !== undefined) return text;
  let shown = '';
  for (const byte of bytes) shown += byte < 0x80 ? String.fromCharCode(byte) : '\ufffd';
  return shown;
};

export const readFields = (frame: Uint8Array): Map<string, string> | undefined => {
  const reader = new ByteReader(frame, header);
  const fields = new Map<string, string>();
  for (;;) {
    const code = reader.uint8();
    if (reader.broken) return undefined;
    if (code === 0) return reader.finished ? fields : undefined;
    fields.set(String.fromCharCode(code), lenientText(reader.untilZero()));
  }
};

export const readTexts = (frame: Uint8Array, from: number, count: number): string[] | undefined => {
  const reader = new ByteReader(frame, from);
  const texts = Array.from({ length: count }, () => lenientText(reader.untilZero()));
  return reader.finished ? texts : undefined;
};

/** `formats`: of the Bind, where the description itself does not tell (Describe of a statement). */
export const readColumns = (
  frame: Uint8Array,
  formats?: readonly ('text' | 'binary')[],
): AnswerColumn[] | undefined => {
  const reader = new ByteReader(frame, header);
  const count = reader.uint16();
  const columns: AnswerColumn[] = [];
  for (let index = 0; index < count; index += 1) {
    const name = lenientText(reader.untilZero());
    const relation = reader.int32() >>> 0;
    const attribute = reader.uint16();
    const type = reader.int32() >>> 0;
    reader.take(6);
    const format = reader.uint16();
    if (reader.broken || format > 1) return undefined;
    columns.push({
      name,
      // System columns have negative numbers.
      origin: relation === 0 ? undefined : { relation, attribute: (attribute << 16) >> 16 },
      type,
      format: formats ? formatAt(formats, index) : format === 1 ? 'binary' : 'text',
    });
  }
  return reader.finished ? columns : undefined;
};

export interface CopyDescription {
  readonly overall: 'text' | 'binary';
  readonly columns: readonly AnswerColumn[];
}

export const readCopy = (frame: Uint8Array): CopyDescription | undefined => {
  const reader = new ByteReader(frame, header);
  const overall = reader.uint8();
  const count = reader.uint16();
  if (overall > 1 || reader.left !== count * 2) return undefined;
  const columns: AnswerColumn[] = [];
  for (let index = 0; index < count; index += 1) {
    const format = reader.uint16();
    if (format > 1) return undefined;
    columns.push({ name: '', origin: undefined, type: 0, format: format === 1 ? 'binary' : 'text' });
  }
  return reader.finished ? { overall: overall === 1 ? 'binary' : 'text', columns } : undefined;
};

/** Rows that a command tag counts: its last word where that is a number (`INSERT 0 3`, `COPY 5`, `SELECT 2`). */
export const rowsOf = (tag: string): number => {
  const count = /(?:^| )(\d{1,15})$/.exec(tag)?.[1];
  return count === undefined ? 0 : Number(count);
};
