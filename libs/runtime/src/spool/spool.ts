import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { SpoolFailure } from './failure.js';
import { frame, headLength, longestRecord, scan } from './frame.js';
import { lockDirectory } from './lock.js';

export interface SpoolOptions {
  readonly directory: string;
  /** All segments together, bytes. Beyond it nothing is taken. */
  readonly limit: number;
  /** One segment, bytes. Default 8 MiB. */
  readonly segment?: number;
  /** Unsynced data is synced after at most this, milliseconds. Default 50. */
  readonly syncWithin?: number;
}

/** A place in the spool: everything before it is acknowledged. Sorts as a tuple. */
export interface SpoolPosition {
  readonly segment: number;
  readonly offset: number;
}

export interface SpoolBatch {
  readonly records: readonly Uint8Array[];
  /** To be acknowledged when all of the records are safe elsewhere. */
  readonly next: SpoolPosition;
}

/**
 * Evidence that nobody else has yet. A record is written with write(2) before `append` returns, so no crash of a process
 * loses it; fdatasync follows in the background, so a crash of the machine loses the last 50 ms at most.
 */
export interface Spool {
  /** @throws SpoolFailure when it cannot be kept. */
  append(record: Uint8Array): void;
  /** From `from`, or from the first unacknowledged record. Empty records: nothing new yet. */
  read(most: number, from?: SpoolPosition): SpoolBatch;
  acknowledge(position: SpoolPosition): void;
  /** Called after an append, for the one who ships. */
  onAppend(listener: () => void): void;
  readonly size: number;
  close(): void;
}

const nameOf = (segment: number): string => `${String(segment).padStart(12, '0')}.spool`;

export function openSpool({ directory, limit, segment: segmentSize = 8 << 20, syncWithin = 50 }: SpoolOptions): Spool {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const unlock = lockDirectory(directory);
  const segments = readdirSync(directory)
    .filter((name) => /^\d{12}\.spool$/.test(name))
    .map((name) => Number(name.slice(0, 12)))
    .sort((one, other) => one - other);
  let acknowledged = readCursor(directory, segments[0] ?? 1);
  // Segments before the cursor were done with when the last process ended in between.
  for (const old of segments.filter((segment) => segment < acknowledged.segment)) remove(old);
  let current = Math.max(acknowledged.segment, segments.at(-1) ?? acknowledged.segment);
  let handle = openSync(join(directory, nameOf(current)), 'a+', 0o600);
  let written = cutTornTail(handle, join(directory, nameOf(current)));
  let size = sizeOf();
  let syncTimer: NodeJS.Timeout | undefined;
  let listener: (() => void) | undefined;
  let broken: SpoolFailure | undefined;

  function remove(segment: number): void {
    rmSync(join(directory, nameOf(segment)), { force: true });
    const at = segments.indexOf(segment);
    if (at >= 0) segments.splice(at, 1);
  }

  function sizeOf(): number {
    let total = 0;
    for (const name of readdirSync(directory))
      if (name.endsWith('.spool')) total += statSync(join(directory, name)).size;
    return total;
  }

  const sync = (): void => {
    syncTimer = undefined;
    fdatasync(handle, (error) => {
      // The segment may have been closed in between: it was synced then.
      if (error !== null && error.code !== 'EBADF')
        broken = new SpoolFailure('io', `the spool cannot be synced: ${error.code ?? ''}`);
    });
  };

  const roll = (): void => {
    fdatasyncSync(handle);
    closeSync(handle);
    current += 1;
    handle = openSync(join(directory, nameOf(current)), 'a+', 0o600);
    written = 0;
  };

  return {
    append: (record) => {
      if (broken !== undefined) throw broken;
      const bytes = frame(record);
      if (size + bytes.length > limit)
        throw new SpoolFailure(
          'full',
          `the spool holds ${size} bytes that nobody has acknowledged; its limit is ${limit}`,
        );
      try {
        if (written > 0 && written + bytes.length > segmentSize) roll();
        let at = 0;
        while (at < bytes.length) at += writeSync(handle, bytes, at);
      } catch (cause) {
        // A half-written record must not be followed by a whole one.
        try {
          ftruncateSync(handle, written);
        } catch {
          broken = new SpoolFailure('io', 'the spool is damaged and cannot be mended', { cause });
        }
        throw new SpoolFailure(
          'io',
          `the spool cannot be written: ${(cause as NodeJS.ErrnoException).code ?? 'error'}`,
          { cause },
        );
      }
      written += bytes.length;
      size += bytes.length;
      syncTimer ??= setTimeout(sync, syncWithin);
      listener?.();
    },
    read: (most, from = acknowledged) => {
      let position = from;
      for (;;) {
        const records = readRecords(directory, position, most);
        if (records.records.length > 0)
          return { records: records.records, next: { segment: position.segment, offset: records.end } };
        if (position.segment >= current) return { records: [], next: position };
        position = { segment: position.segment + 1, offset: 0 };
      }
    },
    acknowledge: (position) => {
      if (
        position.segment < acknowledged.segment ||
        (position.segment === acknowledged.segment && position.offset <= acknowledged.offset)
      )
        return;
      const done = acknowledged.segment;
      acknowledged = position;
      writeCursor(directory, position);
      for (let segment = done; segment < position.segment; segment++) remove(segment);
      // The open segment is started anew once all of it is acknowledged, so that an idle spool is an empty one.
      if (position.segment === current && position.offset === written && written > segmentSize / 2) {
        roll();
        acknowledged = { segment: current, offset: 0 };
        writeCursor(directory, acknowledged);
        remove(position.segment);
      }
      size = sizeOf();
    },
    onAppend: (next) => {
      listener = next;
    },
    get size() {
      return size;
    },
    close: () => {
      clearTimeout(syncTimer);
      fdatasyncSync(handle);
      closeSync(handle);
      unlock();
    },
  };
}

/** Cuts what a crash left half written. Returns the length of what is whole. */
function cutTornTail(handle: number, path: string): number {
  const { end, torn } = scan(readFileSync(path), 0);
  if (torn) ftruncateSync(handle, end);
  return end;
}

/** At most `most` records and a few megabytes from one place of one segment. */
function readRecords(
  directory: string,
  { segment, offset }: SpoolPosition,
  most: number,
): { readonly records: readonly Uint8Array[]; readonly end: number } {
  let handle: number;
  try {
    handle = openSync(join(directory, nameOf(segment)), 'r');
  } catch {
    return { records: [], end: offset };
  }
  try {
    const rest = fstatSync(handle).size - offset;
    for (let window = Math.min(rest, 1 << 20); ; window = Math.min(rest, headLength + longestRecord)) {
      const bytes = Buffer.alloc(Math.max(window, 0));
      const got = readSync(handle, bytes, 0, bytes.length, offset);
      const { records, end } = scan(bytes.subarray(0, got), 0, most);
      if (records.length > 0 || window >= rest || window >= headLength + longestRecord)
        return { records, end: offset + end };
    }
  } finally {
    closeSync(handle);
  }
}

function readCursor(directory: string, first: number): SpoolPosition {
  try {
    const [segment, offset] = readFileSync(join(directory, 'cursor'), 'utf8').split(' ').map(Number);
    if (Number.isSafeInteger(segment) && Number.isSafeInteger(offset))
      return { segment: segment ?? first, offset: offset ?? 0 };
  } catch {
    // None yet. Sending a record twice is harmless: ids are idempotent.
  }
  return { segment: first, offset: 0 };
}

function writeCursor(directory: string, { segment, offset }: SpoolPosition): void {
  const path = join(directory, 'cursor');
  writeFileSync(`${path}.new`, `${segment} ${offset}`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
