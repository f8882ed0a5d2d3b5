import { decodeUtf8 } from '@sallyport/kernel';
import type { Parameter } from '@sallyport/kernel';
import { ByteReader } from '@sallyport/protocol-core';
import { header } from './type.js';

/** Decoders of what a client sends. `undefined`: malformed; the frame itself is intact. All take the whole frame. */

export const zeroTerminated = (frame: Uint8Array): Uint8Array | undefined => {
  const reader = new ByteReader(frame, header);
  const text = reader.untilZero();
  return reader.finished ? text : undefined;
};

export interface ParseMessage {
  readonly statement: string;
  /** It and its name are strict UTF-8, or `undefined`: then nobody can say what the target would read. */
  readonly text: string | undefined;
  readonly types: readonly number[];
}

export const readParse = (frame: Uint8Array): ParseMessage | undefined => {
  const reader = new ByteReader(frame, header);
  const statement = nameOf(reader.untilZero());
  const text = reader.untilZero();
  const count = reader.uint16();
  if (reader.left !== count * 4) return undefined;
  const types = Array.from({ length: count }, () => reader.int32() >>> 0);
  if (!reader.finished) return undefined;
  return statement === undefined
    ? { statement: '', text: undefined, types }
    : { statement, text: decodeUtf8(text), types };
};

export interface BindMessage {
  readonly portal: string;
  readonly statement: string;
  readonly parameters: readonly Omit<Parameter, 'type'>[];
  readonly resultFormats: readonly ('text' | 'binary')[];
}

export const readBind = (frame: Uint8Array): BindMessage | undefined => {
  const reader = new ByteReader(frame, header);
  const portal = nameOf(reader.untilZero());
  const statement = nameOf(reader.untilZero());
  const formats = readFormats(reader);
  const count = reader.uint16();
  if (portal === undefined || statement === undefined || formats === undefined || reader.left < count * 4)
    return undefined;
  if (formats.length > 1 && formats.length !== count) return undefined;
  const parameters: Omit<Parameter, 'type'>[] = [];
  for (let index = 0; index < count; index += 1) {
    const length = reader.int32();
    const value = length === -1 ? null : reader.take(length);
    if (reader.broken) return undefined;
    parameters.push({ value, format: formatAt(formats, index) });
  }
  const resultFormats = readFormats(reader);
  if (resultFormats === undefined || !reader.finished) return undefined;
  return { portal, statement, parameters, resultFormats };
};

/** What stands before the values of a Bind. */
export interface BindHead {
  readonly portal: string;
  readonly statement: string;
  /** How each value is written, as many as there are. */
  readonly formats: readonly ('text' | 'binary')[];
  /** Of the head, with the message's own. */
  readonly length: number;
}

/** Of a Bind that begins there, as far as it came. `undefined`: it did not all come, or cannot be read. */
export const readBindHead = (bytes: Uint8Array, at: number, end: number): BindHead | undefined => {
  const reader = new ByteReader(bytes, at + header, end);
  const portal = nameOf(reader.untilZero());
  const statement = nameOf(reader.untilZero());
  const given = readFormats(reader);
  const count = reader.uint16();
  if (reader.broken || portal === undefined || statement === undefined || given === undefined) return undefined;
  if (given.length > 1 && given.length !== count) return undefined;
  const formats = Array.from({ length: count }, (_, index) => formatAt(given, index));
  return { portal, statement, formats, length: reader.at - at };
};

/** None: all text. One: for all. Else one each. */
export const formatAt = (formats: readonly ('text' | 'binary')[], index: number): 'text' | 'binary' =>
  (formats.length === 1 ? formats[0] : formats[index]) ?? 'text';

const readFormats = (reader: ByteReader): ('text' | 'binary')[] | undefined => {
  const count = reader.uint16();
  if (reader.broken || reader.left < count * 2) return undefined;
  const formats: ('text' | 'binary')[] = [];
  for (let index = 0; index < count; index += 1) {
    const format = reader.uint16();
    if (format > 1) return undefined;
    formats.push(format === 1 ? 'binary' : 'text');
  }
  return formats;
};

/** Describe and Close. */
export interface NamedMessage {
  readonly of: 'statement' | 'portal';
  readonly name: string;
}

export const readNamed = (frame: Uint8Array): NamedMessage | undefined => {
  const reader = new ByteReader(frame, header);
  const kind = reader.uint8();
  const name = nameOf(reader.untilZero());
  if (!reader.finished || name === undefined) return undefined;
  return kind === 0x53 ? { of: 'statement', name } : kind === 0x50 ? { of: 'portal', name } : undefined;
};

export const readExecute = (frame: Uint8Array): { readonly portal: string; readonly limit: number } | undefined => {
  const reader = new ByteReader(frame, header);
  const portal = nameOf(reader.untilZero());
  const limit = reader.int32();
  return reader.finished && portal !== undefined ? { portal, limit } : undefined;
};

/** Names are keys of maps here: read strictly, so that two different names are never one. */
const nameOf = (bytes: Uint8Array): string | undefined => (bytes.length === 0 ? '' : decodeUtf8(bytes));
