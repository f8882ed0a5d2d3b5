import { ByteWriter } from '@sallyport/protocol-core';
import { backend, frontend } from './type.js';

/** One typed message; the length counts itself but not the type. */
export const message = (type: number, body?: (writer: ByteWriter) => void): Uint8Array => {
  const writer = new ByteWriter(64).uint8(type).int32(0);
  body?.(writer);
  return writer.patchInt32(1, writer.length - 1).take();
};

export const authenticationOk = (): Uint8Array => message(backend.authentication, (writer) => writer.int32(0));
export const authenticationCleartext = (): Uint8Array => message(backend.authentication, (writer) => writer.int32(3));

export const negotiateVersion = (newest: number, options: readonly string[]): Uint8Array =>
  message(backend.negotiateVersion, (writer) => {
    writer.int32(newest).int32(options.length);
    for (const option of options) writer.zeroTerminated(option);
  });

export const parameterStatus = (name: string, value: string): Uint8Array =>
  message(backend.parameterStatus, (writer) => writer.zeroTerminated(name).zeroTerminated(value));

export const backendKeyData = (key: Uint8Array): Uint8Array =>
  message(backend.backendKeyData, (writer) => writer.raw(key));

export type TransactionState = 'idle' | 'open' | 'failed';
const statusByte = { idle: 0x49, open: 0x54, failed: 0x45 } as const;

export const transactionOf = (byte: number | undefined): TransactionState | undefined =>
  byte === statusByte.idle
    ? 'idle'
    : byte === statusByte.open
      ? 'open'
      : byte === statusByte.failed
        ? 'failed'
        : undefined;

export const readyForQuery = (transaction: TransactionState): Uint8Array =>
  message(backend.readyForQuery, (writer) => writer.uint8(statusByte[transaction]));

/** Error, notice: fields by their one-letter codes. */
export const report = (type: number, fields: ReadonlyMap<string, string>): Uint8Array =>
  message(type, (writer) => {
    for (const [code, value] of fields) writer.uint8(code.charCodeAt(0)).zeroTerminated(value);
    writer.uint8(0);
  });

// What the gateway itself says to a target: housekeeping only, nothing that could run.
export const sync = (): Uint8Array => message(frontend.sync);
export const terminate = (): Uint8Array => message(frontend.terminate);
export const flush = (): Uint8Array => message(frontend.flush);
export const describePortal = (portal: string): Uint8Array =>
  message(frontend.describe, (writer) => writer.uint8(0x50).zeroTerminated(portal));
export const executePortal = (portal: string): Uint8Array =>
  message(frontend.execute, (writer) => writer.zeroTerminated(portal).int32(0));
export const copyFail = (reason: string): Uint8Array =>
  message(frontend.copyFail, (writer) => writer.zeroTerminated(reason));
