import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { findRecord, headLength, longestRecord, scan } from './frame.js';
import type { ScanLimits } from './frame.js';

/** Bytes of a segment that are no record. They are kept beside the segment, for a person to look at. */
export interface Damage {
  readonly segment: number;
  readonly offset: number;
  readonly bytes: number;
  /** `torn`: the last record was being written when the machine stopped. `rotten`: whole records follow behind it. */
  readonly kind: 'torn' | 'rotten';
  /** Where the bytes were put; `undefined`: they could not be. */
  readonly keptIn: string | undefined;
}

export type OnDamage = (damage: Damage) => void;

const padded = (segment: number): string => String(segment).padStart(12, '0');

/** The files of one spool: numbered segments of framed records. */
export interface Segments {
  /** Those that are there, in order. */
  list(): readonly number[];
  path(segment: number): string;
  size(): number;
  remove(segment: number): void;
  /** Cuts what a crash left half written behind the last whole record. Returns the length of what stays. */
  mend(segment: number, handle: number): number;
  /**
   * Records from `offset`, within the limits, and the offset behind them. Damage in between is reported and passed over.
   * Throws when the file is there and cannot be read: what was not seen must not count as read.
   */
  read(segment: number, offset: number, limits: ScanLimits): { readonly records: readonly Uint8Array[]; end: number };
}

export function createSegments(directory: string, onDamage: OnDamage): Segments {
  const path = (segment: number): string => join(directory, `${padded(segment)}.spool`);
  const told = new Set<string>();

  const report = (segment: number, offset: number, bytes: Buffer, kind: Damage['kind']): void => {
    const name = `damaged-${padded(segment)}-${offset}.bin`;
    if (told.has(name)) return;
    told.add(name);
    let keptIn: string | undefined = join(directory, name);
    try {
      writeFileSync(keptIn, bytes, { mode: 0o600 });
    } catch {
      keptIn = undefined;
    }
    onDamage({ segment, offset, bytes: bytes.length, kind, keptIn });
  };

  return {
    path,
    list: () =>
      readdirSync(directory)
        .filter((name) => /^\d{12}\.spool$/.test(name))
        .map((name) => Number(name.slice(0, 12)))
        .sort((one, other) => one - other),
    size: () =>
      readdirSync(directory)
        .filter((name) => name.endsWith('.spool'))
        .reduce((total, name) => total + statSync(join(directory, name)).size, 0),
    remove(segment) {
      try {
        rmSync(path(segment), { force: true });
      } catch {
        // It still counts: the limit is where it is noticed.
      }
    },

    mend(segment, handle) {
      const bytes = readFileSync(path(segment));
      for (let at = 0; ;) {
        const { end, next } = scan(bytes, at);
        if (next === 'nothing') return end;
        const again = findRecord(bytes, end + 1);
        // Damage in the middle stays where it is: it is reported by who reads over it.
        if (again < bytes.length) {
          at = again;
          continue;
        }
        report(segment, end, bytes.subarray(end), 'torn');
        ftruncateSync(handle, end);
        return end;
      }
    },

    read(segment, offset, limits) {
      const handle = openIfThere(path(segment));
      if (handle === undefined) return { records: [], end: offset };
      try {
        const size = fstatSync(handle).size;
        const readAt = (from: number, most: number): Buffer => {
          const bytes = Buffer.alloc(Math.max(0, Math.min(size - from, most)));
          return bytes.subarray(0, readSync(handle, bytes, 0, bytes.length, from));
        };
        for (let from = offset; ;) {
          let bytes = readAt(from, Math.max(limits.bytes, headLength));
          let scanned = scan(bytes, 0, limits);
          if (scanned.records.length === 0 && scanned.next === 'start') {
            bytes = readAt(from, headLength + longestRecord);
            scanned = scan(bytes, 0, limits);
          }
          const { records, end, next } = scanned;
          if (records.length > 0 || next === 'nothing') return { records, end: from + end };
          const rest = readAt(from, size);
          const again = findRecord(rest, 1);
          report(segment, from, rest.subarray(0, again), again < rest.length ? 'rotten' : 'torn');
          from += again;
        }
      } finally {
        closeSync(handle);
      }
    },
  };
}

/** Only one that is not there has nothing to read: any other trouble (too many open files) is trouble. */
function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
