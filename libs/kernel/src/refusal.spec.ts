import { describe, expect, test } from '@jest/globals';
import { refusalCodes, refuse } from './index.js';

describe('refusal', () => {
  test('codes are unique and stable in form', () => {
    expect(new Set(refusalCodes).size).toBe(refusalCodes.length);
    for (const code of refusalCodes) expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
  });
  test('carries its hint and facts only where given', () => {
    expect(refuse('denied', 'no')).toEqual({ code: 'denied', message: 'no' });
    expect(refuse('denied', 'no', { hint: 'ask' })).toEqual({ code: 'denied', message: 'no', hint: 'ask' });
  });
});
