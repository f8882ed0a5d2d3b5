import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { until } from '@sallyport/testing';
import { frame } from './frame.js';
import type { Damage } from './segment.js';
import { type Spool, openSpool } from './spool.js';

let directory: string;
let open: Spool | undefined;
let damages: Damage[];
/** The start of a program that opens the same spool. */
let opening: string;
beforeEach(() => {
  damages = [];
  directory = mkdtempSync(join(tmpdir(), 'sallyport-spool-'));
  opening = `
    import { writeSync } from 'node:fs';
    import { openSpool } from ${JSON.stringify(join(import.meta.dirname, '../../dist/spool/spool.js'))};
    const spool = openSpool({ directory: ${JSON.stringify(directory)}, limit: 1e9, segment: 8192, onDamage: () => {} });`;
});
afterEach(() => {
  open?.close();
  open = undefined;
  rmSync(directory, { recursive: true, force: true });
});

const start = (more: { limit?: number; segment?: number } = {}): Spool =>
  (open = openSpool({
    directory,
    limit: more.limit ?? 1 << 20,
    ...(more.segment === undefined ? {} : { segment: more.segment }),
    onDamage: (damage) => damages.push(damage),
  }));
const stop = (): void => {
  open?.close();
  open = undefined;
};
const bytes = (text: string): Uint8Array => Buffer.from(text);
const texts = (records: readonly Uint8Array[]): readonly string[] =>
  records.map((record) => Buffer.from(record).toString());
const few = { records: 3, bytes: 1 << 20 };
const all = { records: 1_000_000, bytes: 1 << 20 };
const file = (segment = 1): string => join(directory, `${String(segment).padStart(12, '0')}.spool`);
/** Offsets of the frames of these texts in one segment. */
const offsets = (...contents: readonly string[]): readonly number[] =>
  contents.map((_, at) => contents.slice(0, at).reduce((sum, text) => sum + 8 + Buffer.byteLength(text), 0));
const drain = (spool: Spool): readonly string[] => {
  const every: string[] = [];
  for (let from = undefined as ReturnType<Spool['read']>['next'] | undefined; ;) {
    const batch = spool.read(few, from);
    if (batch.records.length === 0) return every;
    every.push(...texts(batch.records));
    from = batch.next;
  }
};

describe('spool', () => {
  test('gives back what was appended, in order, until it is acknowledged', () => {
    const spool = start();
    for (const text of ['a', 'b', 'c']) spool.append(bytes(text));
    const first = spool.read({ ...all, records: 2 });
    expect(texts(first.records)).toEqual(['a', 'b']);
    expect(spool.waiting).toBe(27);
    spool.acknowledge(first.next);
    expect(drain(spool)).toEqual(['c']);
    expect([spool.waiting, spool.size]).toEqual([9, 27]);
  });

  test('keeps what was not acknowledged over a restart', () => {
    let spool = start();
    for (let at = 0; at < 10; at++) spool.append(bytes(`r${at}`));
    spool.acknowledge(spool.read({ ...all, records: 4 }).next);
    stop();
    spool = start();
    expect(drain(spool)).toEqual(['r4', 'r5', 'r6', 'r7', 'r8', 'r9']);
    spool.append(bytes('r10'));
    expect(drain(spool).at(-1)).toBe('r10');
  });

  test('rolls over segments and removes those that are done with', () => {
    const spool = start({ segment: 64 });
    for (let at = 0; at < 20; at++) spool.append(bytes(`record number ${at}`));
    expect(readdirSync(directory).filter((name) => name.endsWith('.spool')).length).toBeGreaterThan(4);
    expect(drain(spool)).toEqual(Array.from({ length: 20 }, (_, at) => `record number ${at}`));
    let batch = spool.read(all);
    while (batch.records.length > 0) {
      spool.acknowledge(batch.next);
      batch = spool.read(all);
    }
    expect(readdirSync(directory).filter((name) => name.endsWith('.spool')).length).toBeLessThanOrEqual(2);
    expect(spool.size).toBeLessThan(100);
  });

  test('takes nothing beyond its limit, and takes again once there is room', () => {
    const spool = start({ limit: 100, segment: 40 });
    const filler = bytes('x'.repeat(20));
    for (let at = 0; at < 3; at++) spool.append(filler);
    expect(() => spool.append(filler)).toThrow('its limit is 100');
    spool.acknowledge(spool.read(all).next);
    spool.acknowledge(spool.read(all).next);
    spool.append(filler);
  });

  test('a tail torn at any byte is cut, whole records stay', () => {
    let spool = start();
    spool.append(bytes('first'));
    spool.append(bytes('second'));
    stop();
    const path = join(directory, readdirSync(directory).find((name) => name.endsWith('.spool')) ?? '');
    const whole = readFileSync(path);
    for (let length = 14; length < whole.length; length++) {
      writeFileSync(path, whole);
      truncateSync(path, length);
      spool = start();
      expect(drain(spool)).toEqual(['first']);
      spool.append(bytes('third'));
      expect(drain(spool)).toEqual(['first', 'third']);
      stop();
    }
  });

  test('garbage behind the last record is cut', () => {
    start().append(bytes('first'));
    stop();
    appendFileSync(
      join(directory, readdirSync(directory).find((name) => name.endsWith('.spool')) ?? ''),
      Buffer.alloc(40, 7),
    );
    const spool = start();
    spool.append(bytes('second'));
    expect(drain(spool)).toEqual(['first', 'second']);
  });

  test('belongs to one process, also within one; a holder that was killed holds nothing', async () => {
    start();
    expect(() => openSpool({ directory, limit: 100, onDamage: () => undefined })).toThrow('in use by another process');
    stop();
    const holder = spawn(
      process.execPath,
      ['--input-type=module', '-e', `${opening} console.log('held'); setInterval(() => {}, 1000)`],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    await once(holder.stdout, 'data');
    expect(() => start()).toThrow('in use by another process');
    holder.kill('SIGKILL');
    await once(holder, 'close');
    expect(() => start()).not.toThrow();
  });

  test('says where it cannot be opened, and holds nothing then', () => {
    mkdirSync(file());
    expect(() => start()).toThrow(`${directory} cannot be read and written (EISDIR): see to the disk`);
    rmSync(file(), { recursive: true });
    expect(() => start()).not.toThrow();
  });

  test('says where it cannot be locked', () => {
    mkdirSync(join(directory, 'lock'));
    expect(() => start()).toThrow(`${join(directory, 'lock')} cannot be locked`);
  });

  test('a batch is bounded by bytes, and a record that is longer goes alone', () => {
    const spool = start({ limit: 64 << 20 });
    const long = Buffer.alloc(3 << 20, 'x');
    for (const record of [bytes('a'), bytes('b'), long, bytes('c')]) spool.append(record);
    const limits = { records: 100, bytes: 20 };
    const sizes: number[][] = [];
    for (let batch = spool.read(limits); batch.records.length > 0; batch = spool.read(limits, batch.next))
      sizes.push(batch.records.map(({ length }) => length));
    expect(sizes).toEqual([[1, 1], [long.length], [1]]);
  });

  test('what is appended is synced soon, and a caller can see when', async () => {
    const spool = start();
    spool.append(bytes('a'));
    expect(spool.unsynced).toBe(9);
    await until(() => spool.unsynced === 0);
    expect(texts(spool.read(all).records)).toEqual(['a']);
  });

  test('takes again when all of it is acknowledged, however small its limit', () => {
    const spool = start({ limit: 1000 });
    for (let round = 0; round < 50; round++) {
      for (let at = 0; at < 5; at++) spool.append(Buffer.alloc(92, 1));
      for (let batch = spool.read(all); batch.records.length > 0; batch = spool.read(all))
        spool.acknowledge(batch.next);
    }
    expect(spool.size).toBeLessThan(250);
  });

  test('a cursor that a crash left ahead of its segment hides no later record', () => {
    let spool = start();
    for (const text of ['aaaa', 'bbbb', 'cccc']) spool.append(bytes(text));
    spool.acknowledge(spool.read(all).next);
    stop();
    truncateSync(file(), 12);
    spool = start();
    spool.append(bytes('dddd'));
    expect(drain(spool)).toEqual(['dddd']);
  });

  test.each(['', '1', '99 0', '99 0 1', '1 5 x', '999999999999999999999 0 0'])(
    'a cursor that holds %j removes nothing: all is sent again',
    (content) => {
      start().append(bytes('first'));
      stop();
      writeFileSync(join(directory, 'cursor'), content);
      expect(drain(start())).toEqual(['first']);
    },
  );

  test('a disk where nothing can be written down lets what is acknowledged go all the same', () => {
    const spool = start({ segment: 20 });
    for (const text of ['first', 'second', 'third']) spool.append(bytes(text));
    // The cursor cannot be written.
    mkdirSync(join(directory, 'cursor.new'));
    const { next } = spool.read({ ...all, records: 1 });
    expect(() => spool.acknowledge(next)).not.toThrow();
    spool.acknowledge(spool.read({ ...all, records: 1 }).next);
    expect(readdirSync(directory)).not.toContain('000000000001.spool');
    expect(drain(spool)).toEqual(['third']);
  });

  test('a segment that cannot be read is trouble, not an empty one', () => {
    const spool = start({ segment: 20 });
    for (const text of ['first', 'second']) spool.append(bytes(text));
    rmSync(file(1));
    mkdirSync(file(1));
    expect(() => spool.read(all)).toThrow('EISDIR');
  });

  describe('damage', () => {
    const contents = ['first', 'second', 'third', 'fourth'];
    const write = (): void => {
      const spool = start();
      for (const text of contents) spool.append(bytes(text));
      stop();
    };
    const flip = (at: number, bits: number): void => {
      const content = readFileSync(file());
      content[at] = (content[at] ?? 0) ^ bits;
      writeFileSync(file(), content);
    };

    test('in the middle costs one record, which is reported and kept aside', () => {
      const [, second = 0] = offsets(...contents);
      write();
      flip(second + 9, 1);
      const spool = start();
      expect(drain(spool)).toEqual(['first', 'third', 'fourth']);
      spool.append(bytes('fifth'));
      expect(drain(spool)).toEqual(['first', 'third', 'fourth', 'fifth']);
      const keptIn = join(directory, `damaged-000000000001-${second}.bin`);
      expect(damages).toEqual([{ segment: 1, offset: second, bytes: 14, kind: 'rotten', keptIn }]);
      expect(readFileSync(keptIn)).toHaveLength(14);
      spool.acknowledge(spool.read(all).next);
      spool.acknowledge(spool.read(all).next);
      expect(drain(spool)).toEqual([]);
    });

    test('anywhere, of any kind, costs at most one record and is never silent', () => {
      write();
      const whole = readFileSync(file());
      fc.assert(
        fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, bits) => {
          writeFileSync(file(), whole);
          damages = [];
          flip(at, bits);
          const kept = drain(start());
          stop();
          expect(contents.filter((text) => !kept.includes(text))).toHaveLength(1);
          expect(kept).toHaveLength(3);
          expect(damages).toHaveLength(1);
        }),
      );
    });

    test('of a segment that is closed does not hide the next one', () => {
      const spool = start({ segment: 20 });
      for (const text of ['first', 'second', 'third']) spool.append(bytes(text));
      stop();
      truncateSync(file(1), 10);
      expect(drain(start({ segment: 20 }))).toEqual(['second', 'third']);
      expect(damages).toMatchObject([{ segment: 1, offset: 0, bytes: 10, kind: 'torn' }]);
    });

    test('a torn tail is reported and kept aside', () => {
      write();
      appendFileSync(file(), frame([bytes('torn')]).subarray(0, 10));
      expect(drain(start())).toEqual(contents);
      expect(damages).toMatchObject([{ kind: 'torn', bytes: 10 }]);
    });
  });

  test('a write that the disk cuts short leaves whole records, and recovers', async () => {
    // No file may be longer: write(2) writes a part, then fails, as on a full disk.
    const script = `${opening}
      let kept = 0, failed = 0;
      for (let at = 0; at < 100; at++) {
        try { spool.append(Buffer.alloc(1000, 'r')); kept++; }
        catch (error) { failed++; if (error.kind !== 'io' || !/cannot be written: EFBIG/.test(error.message)) throw error; }
      }
      let seen = 0;
      for (;;) {
        const { records, next } = spool.read({ records: 9, bytes: 1e6 });
        if (records.length === 0) break;
        seen += records.length;
        spool.acknowledge(next);
      }
      console.log(JSON.stringify({ kept, failed, seen }));
      spool.append(Buffer.from('after'));
      console.log(String(spool.read({ records: 9, bytes: 1e6 }).records[0]));`;
    const child = spawn(
      '/bin/sh',
      ['-c', 'ulimit -f 8; exec "$0" --input-type=module -e "$1"', process.execPath, script],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    let told = '';
    child.stdout.on('data', (chunk: Buffer) => (told += chunk.toString()));
    await once(child, 'close');
    const [counts = '', after] = told.split('\n');
    const { kept, failed, seen } = JSON.parse(counts) as Record<string, number>;
    expect(failed).toBeGreaterThan(0);
    expect([seen, (kept ?? 0) + (failed ?? 0), after]).toEqual([kept, 100, 'after']);
  });

  test('kill -9 while appending loses nothing that append returned for', async () => {
    const script = `${opening}
      for (let at = 0; ; at++) { spool.append(Buffer.from('n' + at)); writeSync(1, at + '\\n'); }`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let told = '';
    child.stdout.on('data', (chunk: Buffer) => {
      told += chunk.toString();
      if (told.length > 20_000) child.kill('SIGKILL');
    });
    await once(child, 'close');
    const last = Number(told.slice(0, told.lastIndexOf('\n')).split('\n').at(-1));
    const kept = drain(start());
    expect(kept.length).toBeGreaterThan(last);
    expect(kept.every((text, at) => text === `n${at}`)).toBe(true);
  });
});
