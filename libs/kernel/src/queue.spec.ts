import { expect, test } from '@jest/globals';
import { Queue } from './queue.js';

test('what a plain array does, a queue does', () => {
  const queue = new Queue<number>();
  const plain: number[] = [];
  let seed = 7;
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((seed / 2_147_483_648) * below);
  };
  for (let step = 0; step < 20_000; step += 1) {
    const kind = random(10);
    if (kind < 5) {
      queue.push(step);
      plain.push(step);
    } else if (kind < 9) expect(queue.shift()).toBe(plain.shift());
    else {
      const item = plain[random(plain.length)] ?? -1;
      const at = plain.indexOf(item);
      if (at >= 0) plain.splice(at, 1);
      expect(queue.remove(item)).toBe(at >= 0);
    }
    const want = [plain.length, plain[0], plain.at(-1), plain[1]];
    expect([queue.length, queue.head, queue.last, queue.at(1)]).toEqual(want);
  }
});

test('a million in and out take no longer than they should', () => {
  const queue = new Queue<number>();
  for (let item = 0; item < 1_000_000; item += 1) queue.push(item);
  let sum = 0;
  for (let item = queue.shift(); item !== undefined; item = queue.shift()) sum += item;
  expect(sum).toBe(499_999_500_000);
  expect(queue.length).toBe(0);
});
