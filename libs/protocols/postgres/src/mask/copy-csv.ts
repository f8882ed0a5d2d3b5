import type { CopyOptions, MaskPlan } from '@sallyport/kernel';
import { sameBytes } from '@sallyport/protocol-core';
import type { ByteWriter } from '@sallyport/protocol-core';
import type { CopyRows } from './copy.js';

const newline = 0x0a;
const carriageReturn = 0x0d;

/** COPY .. (FORMAT csv). https://www.postgresql.org/docs/18/sql-copy.html */
export class CsvRows implements CopyRows {
  private readonly quote: number;
  private readonly escape: number;
  private header: boolean;
  private scanned = 0;
  private quoted = false;

  constructor(private readonly options: CopyOptions) {
    this.quote = options.quote ?? 0x22;
    this.escape = options.escape ?? this.quote;
    this.header = options.header;
  }

  end(bytes: Uint8Array, from: number, to: number): number {
    let at = from + this.scanned;
    for (; at < to; at += 1) {
      const byte = bytes[at];
      if (this.quoted && byte === this.escape && this.escape !== this.quote) {
        if (at + 1 >= to) break;
        const next = bytes[at + 1];
        if (next === this.quote || next === this.escape) at += 1;
      } else if (byte === this.quote) this.quoted = !this.quoted;
      else if (byte === newline && !this.quoted) {
        this.scanned = 0;
        return at + 1;
      }
    }
    this.scanned = at - from;
    return -1;
  }

  rewrite(bytes: Uint8Array, from: number, to: number, plan: MaskPlan, writer: ByteWriter): number {
    this.scanned = 0;
    this.quoted = false;
    const end = bytes[to - 1] === newline ? to - 1 : to;
    if (this.header) {
      this.header = false;
      writer.run(bytes, from, to);
      return 0;
    }
    let changed = 0;
    let column = 0;
    let copied = from;
    for (let start = from; start <= end; column += 1) {
      if (column >= plan.cells.length) return -1;
      const stop = this.fieldEnd(bytes, start, end);
      const mask = plan.cells[column];
      const raw = bytes.subarray(start, stop);
      if (mask !== undefined && !sameBytes(raw, this.options.null)) {
        const value = this.decode(raw);
        const shown = mask(value);
        if (shown !== value) {
          changed += 1;
          writer.run(bytes, copied, start);
          if (shown === null) writer.raw(this.options.null);
          else this.encode(shown, raw.includes(this.quote), plan.cells.length === 1, writer);
          copied = stop;
        }
      }
      start = stop + 1;
    }
    if (column !== plan.cells.length) return -1;
    writer.run(bytes, copied, to);
    return changed;
  }

  private fieldEnd(bytes: Uint8Array, from: number, end: number): number {
    let quoted = false;
    let at = from;
    for (; at < end; at += 1) {
      const byte = bytes[at];
      if (quoted && byte === this.escape && this.escape !== this.quote) {
        const next = bytes[at + 1];
        if (at + 1 < end && (next === this.quote || next === this.escape)) at += 1;
      } else if (byte === this.quote) quoted = !quoted;
      else if (byte === this.options.delimiter && !quoted) break;
    }
    return Math.min(at, end);
  }

  /** Without quotes, escapes undone. */
  private decode(raw: Uint8Array): Uint8Array {
    if (!raw.includes(this.quote)) return raw;
    const value = new Uint8Array(raw.length);
    let length = 0;
    let quoted = false;
    for (let at = 0; at < raw.length; at += 1) {
      const byte = raw[at] ?? 0;
      const next = raw[at + 1];
      if (quoted && byte === this.escape && (next === this.quote || next === this.escape))
        value[length++] = raw[++at] ?? 0;
      else if (byte === this.quote) quoted = !quoted;
      else value[length++] = byte;
    }
    return value.subarray(0, length);
  }

  private encode(value: Uint8Array, wasQuoted: boolean, alone: boolean, writer: ByteWriter): void {
    const { options, quote, escape } = this;
    const special = (byte: number): boolean =>
      byte === options.delimiter || byte === quote || byte === newline || byte === carriageReturn;
    const endMark = alone && value.length === 2 && value[0] === 0x5c && value[1] === 0x2e;
    if (!wasQuoted && !endMark && !value.some(special) && !sameBytes(value, options.null)) {
      writer.run(value, 0, value.length);
      return;
    }
    writer.uint8(quote);
    for (const byte of value) {
      if (byte === quote || byte === escape) writer.uint8(escape);
      writer.uint8(byte);
    }
    writer.uint8(quote);
  }
}
