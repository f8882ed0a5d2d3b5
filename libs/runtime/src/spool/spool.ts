import { closeSync, fdatasync, fdatasyncSync, fsyncSync, ftruncateSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { readCursor, writeCursor } from './cursor.js';
import type { SpoolPosition } from './cursor.js';
import { SpoolFailure } from './failure.js';
import { frame } from './frame.js';
import type { ScanLimits } from './frame.js';
import { lockDirectory } from './lock.js';
import { createSegments } from './segment.js';
import type { OnDamage } from './segment.js';

export interface SpoolOptions {
  readonly directory: string;
  /** All segments together, bytes. Beyond it nothing is taken. */
  readonly limit: number;
  /** One segment, bytes. Default 8 MiB, and never more than an eighth of the limit. */
  readonly segment?: number;
  /** Unsynced data is synced after at most this, milliseconds. Default 50. */
  readonly syncWithin?: number;
  /** Evidence was damaged on disk. Nobody else will say so. */
  readonly onDamage: OnDamage;
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
  /** All of them with one write, or none. @throws SpoolFailure when they cannot be kept. */
  append(...records: readonly (Uint8Array | string)[]): void;
  /** From `from`, or from the first unacknowledged record; at least one record, if there is one. Empty: nothing new yet. */
  read(most: ScanLimits, from?: SpoolPosition): SpoolBatch;
  /** Never throws: where it cannot be written down, what was acknowledged is sent once more after a restart. */
  acknowledge(position: SpoolPosition): void;
  /** Called after an append, for the one who ships. */
  onAppend(listener: () => void): void;
  /** On disk, bytes. */
  readonly size: number;
  /** Of them, what nobody has acknowledged. */
  readonly waiting: number;
  readonly limit: number;
  /** Bytes that a crash of the machine would lose. */
  readonly unsynced: number;
  close(): void;
}

/** @throws SpoolFailure when the directory is another process's, or cannot be used. */
export function openSpool(options: SpoolOptions): Spool {
  const { directory } = options;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const { code = 'error' } = cause as NodeJS.ErrnoException;
    throw new SpoolFailure('io', `${directory} cannot be made (${code}): who runs this program must own it`, { cause });
  }
  const unlock = lockDirectory(directory);
  try {
    return openLocked(options, unlock);
  } catch (cause) {
    unlock();
    const { code = 'error' } = cause as NodeJS.ErrnoException;
    throw new SpoolFailure('io', `${directory} cannot be read and written (${code}): see to the disk`, { cause });
  }
}

function openLocked(options: SpoolOptions, unlock: () => void): Spool {
  const { directory, limit, syncWithin = 50 } = options;
  const segmentSize = Math.min(options.segment ?? 8 << 20, Math.ceil(limit / 8));
  const segments = createSegments(directory, options.onDamage);
  const found = segments.list();
  const first = found[0] ?? 1;
  let current = Math.max(first, found.at(-1) ?? first);
  let handle = openSync(segments.path(current), 'a+', 0o600);
  let written = segments.mend(current, handle);
  let acknowledged = start();
  let size = discard();
  let unsynced = 0;
  let syncTimer: NodeJS.Timeout | undefined;
  let listener: (() => void) | undefined;
  let broken: SpoolFailure | undefined;

  /** A cursor may be ahead of what a crash of the machine left of its segment: no later record may hide behind it. */
  function start(): SpoolPosition {
    const kept = readCursor(directory);
    if (kept === undefined) return { segment: first, offset: 0 };
    const end = { segment: current, offset: written };
    return isBefore(end, kept) ? end : kept;
  }

  /** What is left of the disk when all that is acknowledged is removed. */
  function discard(): number {
    for (const segment of segments.list()) if (segment < acknowledged.segment) segments.remove(segment);
    return segments.size();
  }

  const sync = (): void => {
    syncTimer = undefined;
    const [segment, pending] = [current, unsynced];
    fdatasync(handle, (error) => {
      // It was synced when it was left.
      if (segment !== current) return;
      if (error === null) unsynced -= pending;
      // What the system could not write it has forgotten: trying again would say yes to nothing.
      else broken = new SpoolFailure('io', `the spool cannot be synced (${error.code ?? ''}): mend the disk, restart`);
    });
  };

  /** The next segment is there before the last one is left. */
  const roll = (): void => {
    const next = openSync(segments.path(current + 1), 'a+', 0o600);
    try {
      fdatasyncSync(handle);
      syncDirectory(directory);
    } catch (cause) {
      closeSync(next);
      throw cause;
    }
    closeSync(handle);
    handle = next;
    current += 1;
    written = 0;
    unsynced = 0;
  };

  const write = (bytes: Buffer): void => {
    if (written > 0 && written + bytes.length > segmentSize) roll();
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(handle, bytes, at);
    } catch (cause) {
      // A half-written record must not be followed by a whole one.
      try {
        ftruncateSync(handle, written);
      } catch {
        broken = new SpoolFailure('io', 'the spool is damaged and cannot be mended: restart', { cause });
      }
      throw cause;
    }
    written += bytes.length;
    size += bytes.length;
    unsynced += bytes.length;
  };

  return {
    append: (...records) => {
      if (broken !== undefined) throw broken;
      const bytes = frame(records);
      if (size + bytes.length > limit)
        throw new SpoolFailure('full', `the spool holds ${size} bytes that nobody has taken; its limit is ${limit}`);
      try {
        write(bytes);
      } catch (cause) {
        const code = (cause as NodeJS.ErrnoException).code ?? 'error';
        throw new SpoolFailure('io', `the spool cannot be written: ${code}`, { cause });
      }
      syncTimer ??= setTimeout(sync, syncWithin);
      listener?.();
    },
    read: (most, from = acknowledged) => {
      for (let { segment, offset } = from; ; segment += 1, offset = 0) {
        const { records, end } = segments.read(segment, offset, most);
        if (records.length > 0 || segment >= current) return { records, next: { segment, offset: end } };
      }
    },
    acknowledge: (position) => {
      if (!isBefore(acknowledged, position)) return;
      acknowledged = position;
      try {
        // The open segment is started anew once all of it is acknowledged, so that an idle spool is an empty one.
        if (position.segment === current && position.offset === written && written > segmentSize / 2) {
          roll();
          acknowledged = { segment: current, offset: 0 };
        }
        writeCursor(directory, acknowledged);
      } catch {
        // On a full disk it is removing that helps.
      }
      size = discard();
    },
    onAppend: (next) => {
      listener = next;
    },
    get size() {
      return size;
    },
    get waiting() {
      return size - acknowledged.offset;
    },
    limit,
    get unsynced() {
      return unsynced;
    },
    close: () => {
      clearTimeout(syncTimer);
      try {
        fdatasyncSync(handle);
      } finally {
        closeSync(handle);
        unlock();
      }
    },
  };
}

const isBefore = (one: SpoolPosition, other: SpoolPosition): boolean =>
  one.segment < other.segment || (one.segment === other.segment && one.offset < other.offset);

/** So that a new segment is found after a crash of the machine. */
function syncDirectory(directory: string): void {
  const handle = openSync(directory, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
