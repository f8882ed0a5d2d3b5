import { crc32 } from 'node:zlib';

/** One record in a segment: 4 bytes length, 4 bytes CRC-32 of the content, the content. */
export const headLength = 8;

/** No record is longer, bytes. */
export const longestRecord = 16 << 20;

/** Records as they lie in a segment, one behind the other. A text is kept as UTF-8. */
export function frame(records: readonly (Uint8Array | string)[]): Buffer {
  let total = 0;
  const lengths = records.map((record) => {
    const length = typeof record === 'string' ? Buffer.byteLength(record) : record.length;
    if (length === 0 || length > longestRecord) throw new RangeError(`a record of ${length} bytes`);
    total += headLength + length;
    return length;
  });
  const bytes = Buffer.allocUnsafe(total);
  let at = 0;
  for (const [index, record] of records.entries()) {
    const length = lengths[index] ?? 0;
    const content = at + headLength;
    if (typeof record === 'string') bytes.write(record, content);
    else bytes.set(record, content);
    bytes.writeUInt32BE(length, at);
    bytes.writeUInt32BE(crc32(bytes.subarray(content, content + length)), at + 4);
    at = content + length;
  }
  return bytes;
}

export interface Scanned {
  readonly records: readonly Uint8Array[];
  /** Offset behind the last whole record. */
  readonly end: number;
  /** What stands there: nothing, the start of a record whose rest may follow, or no record. */
  readonly next: 'nothing' | 'start' | 'damage';
}

export interface ScanLimits {
  readonly records: number;
  readonly bytes: number;
}

const everything: ScanLimits = { records: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY };

/** Whole records of `bytes` up to the limits, and always the first one. Slices share the memory. */
export function scan(bytes: Buffer, start = 0, limits: ScanLimits = everything): Scanned {
  const records: Uint8Array[] = [];
  for (let at = start; ;) {
    const left = bytes.length - at;
    if (left === 0 || records.length >= limits.records) return { records, end: at, next: 'nothing' };
    if (left < headLength) return { records, end: at, next: 'start' };
    const length = bytes.readUInt32BE(at);
    if (length === 0 || length > longestRecord) return { records, end: at, next: 'damage' };
    if (left < headLength + length) return { records, end: at, next: 'start' };
    if (records.length > 0 && at - start + headLength + length > limits.bytes)
      return { records, end: at, next: 'nothing' };
    const content = bytes.subarray(at + headLength, at + headLength + length);
    if (crc32(content) !== bytes.readUInt32BE(at + 4)) return { records, end: at, next: 'damage' };
    records.push(content);
    at += headLength + length;
  }
}

/** Where the next whole record begins behind damage; the length of `bytes` when none does. */
export function findRecord(bytes: Buffer, start: number): number {
  for (let at = start; at + headLength < bytes.length; at++)
    if (scan(bytes, at, { records: 1, bytes: 0 }).records.length > 0) return at;
  return bytes.length;
}
