import type { MaskPlan } from '@sallyport/kernel';
import { readInt32, readUint16 } from '@sallyport/protocol-core';
import type { ByteWriter } from '@sallyport/protocol-core';
import type { CopyRows } from './copy.js';

const signature = [0x50, 0x47, 0x43, 0x4f, 0x50, 0x59, 0x0a, 0xff, 0x0d, 0x0a, 0x00];
const fixed = signature.length + 8;
const trailer = 0xffff;

/** COPY .. (FORMAT binary): a header, tuples, a trailer. https://www.postgresql.org/docs/18/sql-copy.html */
export class BinaryRows implements CopyRows {
  private begun = false;
  private over = false;
  /** Fields of the tuple that were looked at, and where the next begins. */
  private fields = 0;
  private scanned = 0;

  end(bytes: Uint8Array, from: number, to: number): number {
    if (!this.begun) {
      if (to - from < fixed) return -1;
      const extension = readInt32(bytes, from + fixed - 4);
      // A nonsense length ends here at once and is refused when the row is looked at.
      if (extension < 0) return to;
      return to - from < fixed + extension ? -1 : from + fixed + extension;
    }
    if (this.over) return to;
    if (to - from < 2) return -1;
    const count = readUint16(bytes, from);
    if (count === trailer) return from + 2;
    let at = from + (this.scanned || 2);
    while (this.fields < count && at + 4 <= to) {
      const length = readInt32(bytes, at);
      if (length < -1) return to;
      if (at + 4 + Math.max(0, length) > to) break;
      at += 4 + Math.max(0, length);
      this.fields += 1;
    }
    if (this.fields < count) {
      this.scanned = at - from;
      return -1;
    }
    this.fields = 0;
    this.scanned = 0;
    return at;
  }

  rewrite(bytes: Uint8Array, from: number, to: number, plan: MaskPlan, writer: ByteWriter): number {
    this.fields = 0;
    this.scanned = 0;
    if (!this.begun) return this.begin(bytes, from, to, writer);
    if (this.over || to - from < 2) return -1;
    const count = readUint16(bytes, from);
    if (count === trailer && to - from === 2) {
      this.over = true;
      writer.run(bytes, from, to);
      return 0;
    }
    if (count !== plan.cells.length) return -1;
    let changed = 0;
    let copied = from;
    let at = from + 2;
    for (let column = 0; column < count; column += 1) {
      if (at + 4 > to) return -1;
      const length = readInt32(bytes, at);
      if (length < -1 || length > to - at - 4) return -1;
      const next = at + 4 + Math.max(0, length);
      const mask = plan.cells[column];
      if (mask !== undefined && length >= 0) {
        const value = bytes.subarray(at + 4, next);
        const shown = mask(value);
        if (shown !== value) {
          changed += 1;
          writer.run(bytes, copied, at).int32(shown === null ? -1 : shown.length);
          if (shown !== null) writer.run(shown, 0, shown.length);
          copied = next;
        }
      }
      at = next;
    }
    if (at !== to) return -1;
    writer.run(bytes, copied, to);
    return changed;
  }

  private begin(bytes: Uint8Array, from: number, to: number, writer: ByteWriter): number {
    if (to - from < fixed || signature.some((byte, index) => bytes[from + index] !== byte)) return -1;
    // Flags: critical ones, and OIDs of old servers, would shift every field.
    if (readInt32(bytes, from + signature.length) !== 0) return -1;
    if (readInt32(bytes, from + fixed - 4) !== to - from - fixed) return -1;
    this.begun = true;
    writer.run(bytes, from, to);
    return 0;
  }
}
