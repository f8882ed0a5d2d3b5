import { describe, expect, test } from '@jest/globals';
import { PassThrough } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { readFairly } from './fair-read.js';

const chunk = Buffer.alloc(16 * 1024, 1);
const chunks = 64;

/** A stream that has all of it ready. */
const filled = (): PassThrough => {
  const stream = new PassThrough({ highWaterMark: 2 * chunks * chunk.length });
  for (let index = 0; index < chunks; index++) stream.write(chunk);
  return stream;
};

describe('a stream that is read fairly', () => {
  test('says no more than its share in one turn, and all of it in the end', async () => {
    const shares: number[] = [];
    let taken = 0;
    const reader = readFairly(filled(), (bytes) => (taken += bytes.length));
    reader.resume();
    while (taken < chunks * chunk.length) {
      const before = taken;
      await turn();
      shares.push(taken - before);
    }
    expect(Math.max(...shares)).toBe(64 * 1024);
  });

  test('lets another stream speak long before it is through', async () => {
    let taken = 0;
    let heardAt = -1;
    readFairly(filled(), (bytes) => (taken += bytes.length)).resume();
    const small = new PassThrough();
    readFairly(small, () => (heardAt = taken)).resume();
    small.write('a question');
    while (taken < chunks * chunk.length) await turn();
    expect(heardAt).toBeGreaterThanOrEqual(0);
    expect(heardAt).toBeLessThanOrEqual(2 * 64 * 1024);
  });

  test('stays paused over the turn that it gave away', async () => {
    let taken = 0;
    const reader = readFairly(filled(), (bytes) => {
      taken += bytes.length;
      if (taken === 64 * 1024) reader.pause();
    });
    reader.resume();
    for (let index = 0; index < 10; index++) await turn();
    expect(taken).toBe(64 * 1024);
    reader.resume();
    while (taken < chunks * chunk.length) await turn();
  });

  test('says nothing before it is asked', async () => {
    let taken = 0;
    readFairly(filled(), (bytes) => (taken += bytes.length));
    await turn();
    await turn();
    expect(taken).toBe(0);
  });
});
