import { setTimeout as rest } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { watchLoopDelay } from './loop-delay.js';

test('a loop that was blocked is told of, and told once', async () => {
  const delay = watchLoopDelay();
  try {
    delay.p99();
    // What is asked begins with the second look.
    await rest(50);
    const until = performance.now() + 150;
    while (performance.now() < until);
    await rest(30);
    expect(delay.p99()).toBeGreaterThan(0.1);
    expect(delay.p99()).toBe(0);
  } finally {
    delay.stop();
  }
});
