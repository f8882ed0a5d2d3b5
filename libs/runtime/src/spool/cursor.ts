import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

/** A place in the spool: everything before it is acknowledged. Sorts as a tuple. */
export interface SpoolPosition {
  readonly segment: number;
  readonly offset: number;
}

/**
 * What was acknowledged when it was last written down. `undefined`: unknown, so everything that is there counts as
 * unacknowledged. Sending a record twice is harmless, ids are idempotent; passing one over is not, so it has a checksum.
 */
export function readCursor(directory: string): SpoolPosition | undefined {
  let text: string;
  try {
    text = readFileSync(join(directory, 'cursor'), 'utf8');
  } catch {
    return undefined;
  }
  const [, place = '', segment, offset, sum] = /^((\d{1,15}) (\d{1,15})) (\d{1,10})$/.exec(text) ?? [];
  if (place === '' || crc32(place) !== Number(sum)) return undefined;
  return { segment: Number(segment), offset: Number(offset) };
}

/** Throws when it cannot be written down, e.g. on a full disk. */
export function writeCursor(directory: string, { segment, offset }: SpoolPosition): void {
  const path = join(directory, 'cursor');
  const place = `${segment} ${offset}`;
  writeFileSync(`${path}.new`, `${place} ${crc32(place)}`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
