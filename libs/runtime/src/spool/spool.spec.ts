import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Spool, openSpool } from './spool.js';

let directory: string;
let open: Spool | undefined;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sallyport-spool-'));
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
  }));
const stop = (): void => {
  open?.close();
  open = undefined;
};
const bytes = (text: string): Uint8Array => Buffer.from(text);
const texts = (records: readonly Uint8Array[]): readonly string[] =>
  records.map((record) => Buffer.from(record).toString());
const drain = (spool: Spool): readonly string[] => {
  const all: string[] = [];
  for (let from = undefined as ReturnType<Spool['read']>['next'] | undefined; ;) {
    const batch = spool.read(3, from);
    if (batch.records.length === 0) return all;
    all.push(...texts(batch.records));
    from = batch.next;
  }
};

describe('spool', () => {
  test('gives back what was appended, in order, until it is acknowledged', () => {
    const spool = start();
    for (const text of ['a', 'b', 'c']) spool.append(bytes(text));
    const first = spool.read(2);
    expect(texts(first.records)).toEqual(['a', 'b']);
    spool.acknowledge(first.next);
    expect(drain(spool)).toEqual(['c']);
  });

  test('keeps what was not acknowledged over a restart', () => {
    let spool = start();
    for (let at = 0; at < 10; at++) spool.append(bytes(`r${at}`));
    spool.acknowledge(spool.read(4).next);
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
    let batch = spool.read(20);
    while (batch.records.length > 0) {
      spool.acknowledge(batch.next);
      batch = spool.read(20);
    }
    expect(readdirSync(directory).filter((name) => name.endsWith('.spool')).length).toBeLessThanOrEqual(2);
    expect(spool.size).toBeLessThan(100);
  });

  test('takes nothing beyond its limit, and takes again once there is room', () => {
    const spool = start({ limit: 100, segment: 40 });
    const filler = bytes('x'.repeat(20));
    for (let at = 0; at < 3; at++) spool.append(filler);
    expect(() => spool.append(filler)).toThrow('its limit is 100');
    spool.acknowledge(spool.read(9).next);
    spool.acknowledge(spool.read(9).next);
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

  test('belongs to one process; a lock of a dead one is taken over', () => {
    start();
    stop();
    writeFileSync(join(directory, 'lock'), '999999999 1');
    expect(() => start()).not.toThrow();
    writeFileSync(join(directory, 'lock'), `${process.ppid} `);
    expect(() => openSpool({ directory, limit: 100 })).toThrow('in use by another process');
  });

  test('kill -9 while appending loses nothing that append returned for', async () => {
    const script = `
      import { writeSync } from 'node:fs';
      import { openSpool } from ${JSON.stringify(join(import.meta.dirname, '../../dist/spool/spool.js'))};
      const spool = openSpool({ directory: ${JSON.stringify(directory)}, limit: 1e9, segment: 4096 });
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
