import { describe, expect, test } from '@jest/globals';
import { differenceOf } from './difference.js';

describe('difference', () => {
  const cases: readonly (readonly [string, Record<string, unknown>, Record<string, unknown>, readonly string[]])[] = [
    ['nothing wished, nothing changes', {}, { a: 1 }, []],
    ['a new noun', { a: 1 }, {}, ['a']],
    ['the same in another order', { groups: ['b', 'a'] }, { groups: ['a', 'b'] }, []],
    ['key order does not matter', { claims: { x: '1', y: '2' } }, { claims: { y: '2', x: '1' } }, []],
    ['a changed value', { port: 1, host: 'a' }, { port: 2, host: 'a' }, ['port']],
    ['null and absent are alike', { owner: null }, {}, []],
    ['nested change', { tags: [{ column: 'a' }] }, { tags: [{ column: 'b' }] }, ['tags']],
  ];
  test.each(cases)('%s', (_name, wanted, present, fields) => {
    expect(differenceOf(wanted, present).map(({ field }) => field)).toEqual(fields);
  });
});
