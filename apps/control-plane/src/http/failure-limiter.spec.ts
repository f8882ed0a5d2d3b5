import { describe, expect, test } from '@jest/globals';
import { FailureLimiter } from './failure-limiter.js';

describe('failures', () => {
  test('block their own key for the rest of the minute', () => {
    let now = 0;
    const limiter = new FailureLimiter(3, () => now);
    for (let failure = 0; failure < 3; failure++) {
      expect(limiter.blockedFor('a')).toBe(0);
      limiter.failed('a');
    }
    expect(limiter.blockedFor('a')).toBe(60);
    expect(limiter.blockedFor('b')).toBe(0);
    now = 59_500;
    expect(limiter.blockedFor('a')).toBe(1);
    now = 60_000;
    expect(limiter.blockedFor('a')).toBe(0);
    limiter.failed('a');
    expect(limiter.blockedFor('a')).toBe(0);
  });

  test('a flood of keys does not grow without end, and forgets the oldest', () => {
    const limiter = new FailureLimiter(1, () => 0);
    limiter.failed('first');
    for (let key = 0; key < 10_000; key++) limiter.failed(`k${key}`);
    expect(limiter.blockedFor('first')).toBe(0);
    expect(limiter.blockedFor('k9999')).toBe(60);
  });
});
