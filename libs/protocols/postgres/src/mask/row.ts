import { quickRoom } from '@sallyport/kernel';
import type { MaskPlan } from '@sallyport/kernel';
import { readInt32, readUint16 } from '@sallyport/protocol-core';
import type { ByteWriter } from '@sallyport/protocol-core';
import { header } from '../message/type.js';
import type { ClientOutput } from '../session/output.js';

/**
 * One DataRow, whole at `bytes[at]`, with its cells masked. Returns how many changed. What does not change is copied in
 * runs, and a row that does not change at all is not copied.
 */
export const maskRow = (
  bytes: Uint8Array,
  at: number,
  total: number,
  plan: MaskPlan,
  output: ClientOutput,
): number | 'malformed' | 'mismatch' => {
  const { cells } = plan;
  const end = at + total;
  const count = readUint16(bytes, at + header);
  if (count !== cells.length) return 'mismatch';
  // The frame is proved whole before anything of it is written.
  for (let index = 0, cell = at + header + 2; ; index += 1) {
    if (index === count) {
      if (cell !== end) return 'malformed';
      break;
    }
    if (cell + 4 > end) return 'malformed';
    const length = readInt32(bytes, cell);
    if (length < -1 || length > end - cell - 4) return 'malformed';
    cell += 4 + Math.max(0, length);
  }
  let changed = 0;
  let start = 0;
  let copied = at;
  let writer: ByteWriter | undefined;
  for (let index = 0, cell = at + header + 2; index < count; index += 1) {
    const length = readInt32(bytes, cell);
    const next = cell + 4 + Math.max(0, length);
    const mask = cells[index];
    if (mask !== undefined && length >= 0 && mask.spares?.(bytes, cell + 4, next) !== true) {
      if (mask.writes !== undefined) {
        if (writer === undefined) {
          writer = output.rewrite(bytes.length - at);
          start = writer.length;
        }
        // The length comes before the value, and is known after it.
        writer.run(bytes, copied, cell);
        const into = writer.room(4 + length + quickRoom);
        const written = mask.writes(bytes, cell + 4, next, into, writer.length + 4);
        copied = cell;
        if (written >= 0) {
          changed += 1;
          writer.int32(written).grow(written);
          copied = next;
          cell = next;
          continue;
        }
      }
      const value = bytes.subarray(cell + 4, next);
      const shown = mask(value);
      if (shown !== value) {
        changed += 1;
        if (writer === undefined) {
          writer = output.rewrite(bytes.length - at);
          start = writer.length;
        }
        writer.run(bytes, copied, cell).int32(shown === null ? -1 : shown.length);
        if (shown !== null) writer.run(shown, 0, shown.length);
        copied = next;
      }
    }
    cell = next;
  }
  if (writer === undefined) output.forward(bytes, at, end);
  else {
    writer.run(bytes, copied, end);
    writer.patchInt32(start + 1, writer.length - start - 1);
  }
  return changed;
};
