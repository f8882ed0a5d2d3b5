import { decodeUtf8 } from '@sallyport/kernel';
import type { CopyOptions, MaskPlan } from '@sallyport/kernel';
import { ByteWriter, Inbox } from '@sallyport/protocol-core';
import { BinaryRows } from './copy-binary.js';
import { CsvRows } from './copy-csv.js';
import { TextRows } from './copy-text.js';

/** One format of COPY data, row by row. */
export interface CopyRows {
  /** Where the row that begins at `bytes[from]` ends, or -1: it goes on past `to`. `scanned` bytes were looked at before. */
  end(bytes: Uint8Array, from: number, to: number): number;
  /** Write the row anew; returns how many cells changed, -1 if it does not match its description. */
  rewrite(bytes: Uint8Array, from: number, to: number, plan: MaskPlan, writer: ByteWriter): number;
}

/**
 * COPY data to the client, which may be cut anywhere: rows over messages, messages over rows. A row is kept until it is
 * whole, and no byte of it goes before.
 */
export class CopyMask {
  masked = 0;
  private readonly inbox = new Inbox();

  private constructor(
    private readonly rows: CopyRows,
    private readonly plan: MaskPlan,
    private readonly longest: number,
    private readonly isText: boolean,
  ) {}

  static of(
    overall: 'text' | 'binary',
    options: CopyOptions | undefined,
    plan: MaskPlan,
    longest: number,
  ): CopyMask | undefined {
    if (overall === 'binary') return new CopyMask(new BinaryRows(), plan, longest, false);
    if (options === undefined || options.format === 'binary') return undefined;
    const rows = options.format === 'csv' ? new CsvRows(options) : new TextRows(options);
    return new CopyMask(rows, plan, longest, true);
  }

  /** What to send instead; `same`: exactly what came. */
  push(data: Uint8Array): Uint8Array | 'same' | 'mismatch' {
    const { inbox } = this;
    const fresh = inbox.length === 0;
    inbox.push(data);
    const { masked } = this;
    const from = inbox.at;
    const writer = new ByteWriter(data.length + 64);
    for (let to = this.next(); to >= 0; to = this.next()) if (!this.row(to, writer)) return 'mismatch';
    if (inbox.length > this.longest) return 'mismatch';
    return fresh && this.masked === masked && inbox.at === inbox.end && from === 0 ? 'same' : writer.take();
  }

  /** The COPY is over: what is left is a row without an end. */
  end(): Uint8Array | 'mismatch' {
    const { inbox } = this;
    const writer = new ByteWriter(inbox.length + 64);
    if (inbox.length > 0 && !this.row(inbox.end, writer)) return 'mismatch';
    return writer.take();
  }

  private next(): number {
    const { inbox } = this;
    return inbox.at === inbox.end ? -1 : this.rows.end(inbox.bytes, inbox.at, inbox.end);
  }

  private row(to: number, writer: ByteWriter): boolean {
    const { inbox } = this;
    if (this.isText && !isUtf8(inbox.bytes, inbox.at, to)) return false;
    const changed = this.rows.rewrite(inbox.bytes, inbox.at, to, this.plan, writer);
    inbox.at = to;
    if (changed > 0) this.masked += changed;
    return changed >= 0;
  }
}

/**
 * In some encodings a character may end in the byte of a delimiter or a backslash, and a cell would be taken for its neighbour.
 * In UTF-8 none does.
 */
const isUtf8 = (bytes: Uint8Array, from: number, to: number): boolean => {
  for (let at = from; at < to; at += 1)
    if ((bytes[at] ?? 0) >= 0x80) return decodeUtf8(bytes.subarray(from, to)) !== undefined;
  return true;
};
