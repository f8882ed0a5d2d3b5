import type { CopyOptions, MaskPlan } from '@sallyport/kernel';
import { sameBytes } from '@sallyport/protocol-core';
import type { ByteWriter } from '@sallyport/protocol-core';
import type { CopyRows } from './copy.js';

const newline = 0x0a;
const backslash = 0x5c;
/** Escapes by letter, both ways: \b \f \n \r \t \v. */
const letters: ReadonlyMap<number, number> = new Map([
  [0x62, 0x08],
  [0x66, 0x0c],
  [0x6e, 0x0a],
  [0x72, 0x0d],
  [0x74, 0x09],
  [0x76, 0x0b],
]);
const escapes: ReadonlyMap<number, number> = new Map([...letters].map(([letter, byte]) => [byte, letter]));

/** COPY .. (FORMAT text). https://www.postgresql.org/docs/18/sql-copy.html */
export class TextRows implements CopyRows {
  private scanned = 0;
  private header: boolean;

  constructor(private readonly options: CopyOptions) {
    this.header = options.header;
  }

  end(bytes: Uint8Array, from: number, to: number): number {
    let at = from + this.scanned;
    while (at < to) {
      const byte = bytes[at];
      if (byte === newline) {
        this.scanned = 0;
        return at + 1;
      }
      // A backslash protects what follows; both are needed to go on.
      if (byte === backslash && at + 1 >= to) break;
      at += byte === backslash ? 2 : 1;
    }
    this.scanned = at - from;
    return -1;
  }

  rewrite(bytes: Uint8Array, from: number, to: number, plan: MaskPlan, writer: ByteWriter): number {
    this.scanned = 0;
    const end = bytes[to - 1] === newline ? to - 1 : to;
    if (this.header || (end - from === 2 && bytes[from] === backslash && bytes[from + 1] === 0x2e)) {
      this.header = false;
      writer.run(bytes, from, to);
      return 0;
    }
    let changed = 0;
    let column = 0;
    let copied = from;
    for (let start = from; start <= end; column += 1) {
      if (column >= plan.cells.length)
        return plan.cells.length === 0 && start === end ? this.copy(bytes, from, to, writer) : -1;
      const stop = this.fieldEnd(bytes, start, end);
      const mask = plan.cells[column];
      const raw = bytes.subarray(start, stop);
      if (mask !== undefined && !sameBytes(raw, this.options.null)) {
        const value = unescape(raw);
        const shown = mask(value);
        if (shown !== value) {
          changed += 1;
          writer.run(bytes, copied, start);
          if (shown === null) writer.raw(this.options.null);
          else this.escape(shown, writer);
          copied = stop;
        }
      }
      start = stop + 1;
    }
    if (column !== plan.cells.length) return -1;
    writer.run(bytes, copied, to);
    return changed;
  }

  private copy(bytes: Uint8Array, from: number, to: number, writer: ByteWriter): number {
    writer.run(bytes, from, to);
    return 0;
  }

  private fieldEnd(bytes: Uint8Array, from: number, end: number): number {
    let at = from;
    while (at < end && bytes[at] !== this.options.delimiter) at += bytes[at] === backslash ? 2 : 1;
    return Math.min(at, end);
  }

  private escape(value: Uint8Array, writer: ByteWriter): void {
    for (const byte of value) {
      const letter = escapes.get(byte);
      if (letter !== undefined) writer.uint8(backslash).uint8(letter);
      else if (byte === backslash || byte === this.options.delimiter) writer.uint8(backslash).uint8(byte);
      else writer.uint8(byte);
    }
  }
}

/** The value as the column holds it; the very same bytes where nothing is escaped. */
const unescape = (raw: Uint8Array): Uint8Array => {
  if (!raw.includes(backslash)) return raw;
  const value = new Uint8Array(raw.length);
  let length = 0;
  for (let at = 0; at < raw.length; at += 1) {
    const byte = raw[at] ?? 0;
    if (byte !== backslash || at + 1 >= raw.length) {
      value[length++] = byte;
      continue;
    }
    at += 1;
    const next = raw[at] ?? 0;
    const letter = letters.get(next);
    if (letter !== undefined) value[length++] = letter;
    else if (octal(next) >= 0) {
      let code = octal(next);
      for (let more = 0; more < 2 && octal(raw[at + 1]) >= 0; more += 1) code = code * 8 + octal(raw[++at]);
      value[length++] = code & 0xff;
    } else if (next === 0x78 && hex(raw[at + 1]) >= 0) {
      let code = hex(raw[++at]);
      if (hex(raw[at + 1]) >= 0) code = code * 16 + hex(raw[++at]);
      value[length++] = code;
    } else value[length++] = next;
  }
  return value.subarray(0, length);
};

const octal = (byte: number | undefined): number =>
  byte !== undefined && byte >= 0x30 && byte <= 0x37 ? byte - 0x30 : -1;
const hex = (byte: number | undefined): number => {
  if (byte === undefined) return -1;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const low = byte | 0x20;
  return low >= 0x61 && low <= 0x66 ? low - 0x57 : -1;
};
