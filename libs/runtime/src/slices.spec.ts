import { describe, expect, test } from '@jest/globals';
import { atOnce, inSlices } from './slices.js';

function* counting(steps: number, seen: number[]): Generator<undefined, string> {
  for (let step = 0; step < steps; step += 1) {
    seen.push(step);
    yield;
  }
  return 'done';
}

describe('work in slices', () => {
  test('gives the event loop its turn between two slices, and its result', async () => {
    const seen: number[] = [];
    const at: number[] = [];
    const done = inSlices(counting(5, seen), 0);
    const look = (): void => {
      at.push(seen.length);
      if (seen.length < 5) setImmediate(look);
    };
    setImmediate(look);
    expect(await done).toBe('done');
    expect(seen).toEqual([0, 1, 2, 3, 4]);
    // Somebody else came to his work in between.
    expect(at.filter((count) => count < 5).length).toBeGreaterThanOrEqual(3);
  });

  test('that breaks breaks for who waits', async () => {
    function* broken(): Generator<undefined, never> {
      yield;
      throw new Error('a bug');
    }
    await expect(inSlices(broken(), 0)).rejects.toThrow('a bug');
    expect(() => atOnce(broken())).toThrow('a bug');
  });

  test('is done at once where nobody waits', () => {
    const seen: number[] = [];
    expect([atOnce(counting(3, seen)), seen]).toEqual(['done', [0, 1, 2]]);
  });
});
