import { encodeUtf8 } from '@sallyport/kernel';
import { concat } from '@sallyport/protocol-core';
import { backend } from '../message/type.js';
import { message, readyForQuery, report } from '../message/write.js';
import type { TransactionState } from '../message/write.js';

/** A target's side of the codec: what a scripted PostgreSQL says. */

export const ready = (transaction: TransactionState = 'idle'): Uint8Array => readyForQuery(transaction);
export const parseComplete = (): Uint8Array => message(backend.parseComplete);
export const bindComplete = (): Uint8Array => message(backend.bindComplete);
export const noData = (): Uint8Array => message(backend.noData);
export const portalSuspended = (): Uint8Array => message(backend.portalSuspended);
export const copyDone = (): Uint8Array => message(backend.copyDone);
export const complete = (tag: string): Uint8Array =>
  message(backend.commandComplete, (writer) => writer.zeroTerminated(tag));
export const copyData = (data: Uint8Array): Uint8Array => message(backend.copyData, (writer) => writer.raw(data));
export const failure = (code: string, text: string): Uint8Array =>
  report(
    backend.error,
    new Map([
      ['S', 'ERROR'],
      ['V', 'ERROR'],
      ['C', code],
      ['M', text],
    ]),
  );

export const describe = (format: 'text' | 'binary', ...names: readonly string[]): Uint8Array =>
  message(backend.rowDescription, (writer) => {
    writer.uint16(names.length);
    for (const name of names)
      // No origin, type text, any length.
      writer
        .zeroTerminated(name)
        .int32(0)
        .uint16(0)
        .int32(25)
        .uint16(0xffff)
        .int32(-1)
        .uint16(format === 'text' ? 0 : 1);
  });

export const row = (...values: readonly (string | null)[]): Uint8Array =>
  message(backend.dataRow, (writer) => {
    writer.uint16(values.length);
    for (const value of values) {
      const bytes = value === null ? undefined : encodeUtf8(value);
      writer.int32(bytes?.length ?? -1);
      if (bytes) writer.raw(bytes);
    }
  });

/** CopyInResponse, CopyOutResponse. */
export const copy = (direction: 'in' | 'out', format: 'text' | 'binary', columns: number): Uint8Array =>
  message(direction === 'in' ? backend.copyIn : backend.copyOut, (writer) => {
    const code = format === 'text' ? 0 : 1;
    writer.uint8(code).uint16(columns);
    for (let column = 0; column < columns; column += 1) writer.uint16(code);
  });

export const notify = (channel: string, payload: string): Uint8Array =>
  message(backend.notification, (writer) => writer.int32(7).zeroTerminated(channel).zeroTerminated(payload));

const binarySignature = [0x50, 0x47, 0x43, 0x4f, 0x50, 0x59, 0x0a, 0xff, 0x0d, 0x0a, 0x00];
export const binaryCopyHeader = (): Uint8Array => Uint8Array.from([...binarySignature, 0, 0, 0, 0, 0, 0, 0, 0]);
export const binaryCopyTrailer = (): Uint8Array => Uint8Array.of(0xff, 0xff);
/** One tuple of a binary COPY: what a DataRow holds. */
export const binaryCopyTuple = (...values: readonly string[]): Uint8Array => row(...values).subarray(5);

export const together = (...pieces: readonly Uint8Array[]): Uint8Array => concat(pieces);
