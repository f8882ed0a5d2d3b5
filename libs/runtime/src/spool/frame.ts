import { crc32 } from 'node:zlib';

/** One record in a segment: 4 bytes length, 4 bytes CRC-32 of the content, the content. */
export const headLength = 8;

/** No record is longer, bytes. */
export const longestRecord = 16 << 20;

export function frame(record: Uint8Array): Buffer {
  if (record.length === 0 || record.length > longestRecord) throw new RangeError(`a record of ${record.length} bytes`);
  const head = Buffer.allocUnsafe(headLength);
  head.writeUInt32BE(record.length, 0);
  head.writeUInt32BE(crc32(record), 4);
  return Buffer.concat([head, record]);
}

export interface Scanned {
  readonly records: readonly Uint8Array[];
  /** Offset behind the last whole record. */
  readonly end: number;
  /** Something follows that is not a whole, right record: the tail that a crash tore. */
  readonly torn: boolean;
}

/** Whole records of `bytes` from `start`; stops at the first that is torn. Slices share the memory. */
export function scan(bytes: Buffer, start: number, most = Number.POSITIVE_INFINITY): Scanned {
  const records: Uint8Array[] = [];
  let at = start;
  while (records.length < most) {
    if (at + headLength > bytes.length) return { records, end: at, torn: at < bytes.length };
    const length = bytes.readUInt32BE(at);
    if (length === 0 || length > longestRecord || at + headLength + length > bytes.length)
      return { records, end: at, torn: true };
    const content = bytes.subarray(at + headLength, at + headLength + length);
    if (crc32(content) !== bytes.readUInt32BE(at + 4)) return { records, end: at, torn: true };
    records.push(content);
    at += headLength + length;
  }
  return { records, end: at, torn: false };
}
