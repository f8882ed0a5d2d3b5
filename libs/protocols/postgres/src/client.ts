import type { Parameter } from '@sallyport/kernel';
import { ByteWriter, Framer } from '@sallyport/protocol-core';
import { frontend, header, protocolVersion } from './message/type.js';
import { readColumns, readFields, readTexts } from './message/backend.js';
import { message, transactionOf } from './message/write.js';
import type { TransactionState } from './message/write.js';
import type { AnswerColumn } from '@sallyport/kernel';
import { ByteReader } from '@sallyport/protocol-core';

/** The client's side of the protocol: for commands that the gateway runs on a caller's behalf, and for tests. */

export const encodeStartup = (
  parameters: Readonly<Record<string, string>>,
  version: number = protocolVersion.newest,
): Uint8Array => {
  const writer = new ByteWriter().int32(0).int32(version);
  for (const [name, value] of Object.entries(parameters)) writer.zeroTerminated(name).zeroTerminated(value);
  writer.uint8(0);
  return writer.patchInt32(0, writer.length).take();
};

/** SSLRequest, GSSENCRequest, CancelRequest: a packet with a code, and what follows it. */
export const encodeRequest = (code: number, rest: Uint8Array = new Uint8Array(0)): Uint8Array =>
  new ByteWriter()
    .int32(8 + rest.length)
    .int32(code)
    .raw(rest)
    .take();

export const encodePassword = (password: string): Uint8Array =>
  message(frontend.password, (writer) => writer.zeroTerminated(password));
export const encodeQuery = (text: string): Uint8Array =>
  message(frontend.query, (writer) => writer.zeroTerminated(text));
export const encodeParse = (text: string, name = '', types: readonly number[] = []): Uint8Array =>
  message(frontend.parse, (writer) => {
    writer.zeroTerminated(name).zeroTerminated(text).uint16(types.length);
    for (const type of types) writer.int32(type);
  });

export interface BindOptions {
  readonly portal?: string;
  readonly statement?: string;
  readonly parameters?: readonly Omit<Parameter, 'type'>[];
  readonly resultFormats?: readonly ('text' | 'binary')[];
}
export const encodeBind = (options: BindOptions = {}): Uint8Array =>
  message(frontend.bind, (writer) => {
    const { portal = '', statement = '', parameters = [], resultFormats = [] } = options;
    writer.zeroTerminated(portal).zeroTerminated(statement).uint16(parameters.length);
    for (const { format } of parameters) writer.uint16(format === 'binary' ? 1 : 0);
    writer.uint16(parameters.length);
    for (const { value } of parameters)
      if (value === null) writer.int32(-1);
      else writer.int32(value.length).raw(value);
    writer.uint16(resultFormats.length);
    for (const format of resultFormats) writer.uint16(format === 'binary' ? 1 : 0);
  });

const named = (type: number, of: 'statement' | 'portal', name: string): Uint8Array =>
  message(type, (writer) => writer.uint8(of === 'statement' ? 0x53 : 0x50).zeroTerminated(name));
export const encodeDescribe = (of: 'statement' | 'portal', name = ''): Uint8Array => named(frontend.describe, of, name);
export const encodeClose = (of: 'statement' | 'portal', name = ''): Uint8Array => named(frontend.close, of, name);
export const encodeExecute = (portal = '', limit = 0): Uint8Array =>
  message(frontend.execute, (writer) => writer.zeroTerminated(portal).int32(limit));
export const encodeSync = (): Uint8Array => message(frontend.sync);
export const encodeFlush = (): Uint8Array => message(frontend.flush);
export const encodeTerminate = (): Uint8Array => message(frontend.terminate);
export const encodeCopyData = (data: Uint8Array): Uint8Array =>
  message(frontend.copyData, (writer) => writer.raw(data));
export const encodeCopyDone = (): Uint8Array => message(frontend.copyDone);
export const encodeCopyFail = (reason: string): Uint8Array =>
  message(frontend.copyFail, (writer) => writer.zeroTerminated(reason));

/** A message of the other side; what is worth decoding is decoded. */
export type BackendMessage =
  | { readonly type: 'row'; readonly values: readonly (Uint8Array | null)[] }
  | { readonly type: 'description'; readonly columns: readonly AnswerColumn[] }
  | { readonly type: 'complete'; readonly tag: string }
  | { readonly type: 'error' | 'notice'; readonly fields: ReadonlyMap<string, string> }
  | { readonly type: 'parameter'; readonly name: string; readonly value: string }
  | { readonly type: 'ready'; readonly transaction: TransactionState }
  | { readonly type: 'copyData'; readonly data: Uint8Array }
  /** Any other, by its letter. */
  | { readonly type: 'other'; readonly letter: string; readonly body: Uint8Array };

/** Decodes chunks cut anywhere; throws on what is not PostgreSQL, for it reads only what the gateway itself wrote. */
export const createBackendDecoder = (longest: number): ((chunk: Uint8Array) => readonly BackendMessage[]) => {
  const framer = new Framer({ lead: 1, uncounted: 1, least: 4, most: longest });
  return (chunk) => {
    framer.push(chunk);
    const messages: BackendMessage[] = [];
    for (let frame = framer.next(); frame !== 'more'; frame = framer.next()) {
      if (typeof frame === 'string') throw new RangeError(`a message is ${frame.replace('_', ' ')}`);
      messages.push(decode(frame));
    }
    return messages;
  };
};

const decode = (frame: Uint8Array): BackendMessage => {
  const letter = String.fromCharCode(frame[0] ?? 0);
  const body = frame.subarray(header);
  switch (letter) {
    case 'D':
      return { type: 'row', values: readRow(frame) };
    case 'T':
      return { type: 'description', columns: whole(readColumns(frame)) };
    case 'C':
      return { type: 'complete', tag: whole(readTexts(frame, header, 1)?.[0]) };
    case 'E':
    case 'N':
      return { type: letter === 'E' ? 'error' : 'notice', fields: whole(readFields(frame)) };
    case 'S': {
      const [name, value] = readTexts(frame, header, 2) ?? [];
      return { type: 'parameter', name: whole(name), value: whole(value) };
    }
    case 'Z':
      return { type: 'ready', transaction: whole(transactionOf(frame[header])) };
    case 'd':
      return { type: 'copyData', data: body };
    default:
      return { type: 'other', letter, body };
  }
};

const readRow = (frame: Uint8Array): (Uint8Array | null)[] => {
  const reader = new ByteReader(frame, header);
  const count = reader.uint16();
  const values: (Uint8Array | null)[] = [];
  for (let index = 0; index < count && !reader.broken; index += 1) {
    const length = reader.int32();
    values.push(length === -1 ? null : reader.take(length));
  }
  return whole(reader.finished ? values : undefined);
};

const whole = <T>(value: T | undefined): T => {
  if (value === undefined) throw new RangeError('a message cannot be read');
  return value;
};
