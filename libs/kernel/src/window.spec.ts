import { describe, expect, test } from '@jest/globals';
import { spellWindow } from './window.js';

describe('a window is spelled as policies write it', () => {
  test.each([
    [1_000, '1s'],
    [90_000, '90s'],
    [60_000, '1m'],
    [5_400_000, '90m'],
    [3_600_000, '1h'],
    [86_400_000, '1d'],
    [31 * 86_400_000, '31d'],
  ])('%d ms: %s', (milliseconds, text) => {
    expect(spellWindow(milliseconds)).toBe(text);
  });
});
