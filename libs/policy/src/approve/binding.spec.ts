import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { bindingOf } from './binding.js';
import type { Bound } from './binding.js';

const any: fc.Arbitrary<Bound> = fc.record({
  statement: fc.string({ unit: 'binary', maxLength: 6 }),
  parameters: fc.array(
    fc.record({
      type: fc.nat({ max: 3 }),
      format: fc.constantFrom('text', 'binary'),
      value: fc.option(fc.uint8Array({ maxLength: 3 })),
    }),
    { maxLength: 2 },
  ),
  principal: fc.string({ maxLength: 3 }),
  connection: fc.string({ maxLength: 3 }),
  database: fc.string({ maxLength: 3 }),
  policyVersion: fc.nat({ max: 3 }),
  settings: fc.dictionary(fc.constantFrom('role', 'search_path', 'x'), fc.string({ maxLength: 2 }), { maxKeys: 2 }),
});

const plain = (bound: Bound): string =>
  JSON.stringify({
    ...bound,
    parameters: bound.parameters.map((parameter) => ({ ...parameter, value: parameter.value && [...parameter.value] })),
    settings: Object.entries(bound.settings ?? {}).sort(),
  });
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const base: Bound = {
  statement: 'DELETE FROM t WHERE id = $1',
  parameters: [{ type: 23, format: 'text', value: Uint8Array.of(49) }],
  principal: 'sub_1',
  connection: 'billing',
  database: 'app',
  policyVersion: 7,
  settings: { role: 'deployer', search_path: 'public' },
};

describe('the binding of an approval', () => {
  test('is the same for the same and differs for whatever differs', () => {
    fc.assert(
      fc.property(any, any, (left, right) => {
        expect(hex(bindingOf(left)) === hex(bindingOf(right))).toBe(plain(left) === plain(right));
      }),
      { numRuns: 2000 },
    );
  });

  test.each<[string, Partial<Bound>]>([
    ['one letter of the text', { statement: 'DELETE FROM t WHERE id = $2' }],
    ['a space', { statement: 'DELETE FROM t WHERE id = $1 ' }],
    ['a look-alike', { statement: 'DELETE FROM t WHERE іd = $1' }],
    ['a lone surrogate', { statement: 'DELETE FROM t WHERE id = $1\ud800' }],
    ['its replacement', { statement: 'DELETE FROM t WHERE id = $1\ufffd' }],
    ['a bit of a parameter', { parameters: [{ type: 23, format: 'text', value: Uint8Array.of(48) }] }],
    ['a type', { parameters: [{ type: 20, format: 'text', value: Uint8Array.of(49) }] }],
    ['a format', { parameters: [{ type: 23, format: 'binary', value: Uint8Array.of(49) }] }],
    ['NULL', { parameters: [{ type: 23, format: 'text', value: null }] }],
    ['an empty value', { parameters: [{ type: 23, format: 'text', value: new Uint8Array() }] }],
    ['no parameter', { parameters: [] }],
    ['the principal', { principal: 'sub_2' }],
    ['the connection', { connection: 'billing2' }],
    ['the database', { database: 'ap' }],
    ['letters moved from one field to the next', { connection: 'billin', database: 'gapp' }],
    ['the policy', { policyVersion: 8 }],
    ['the role', { settings: { role: 'admin', search_path: 'public' } }],
    ['a setting less', { settings: { role: 'deployer' } }],
  ])('changes with %s', (_, change) => {
    expect(hex(bindingOf({ ...base, ...change }))).not.toBe(hex(bindingOf(base)));
  });

  test('does not depend on the order in which settings were noted', () => {
    const swapped = { search_path: 'public', role: 'deployer' };
    expect(hex(bindingOf({ ...base, settings: swapped }))).toBe(hex(bindingOf(base)));
  });

  test('is these bytes and no others: other versions must agree on them', () => {
    expect(hex(bindingOf({ ...base, statement: 'X', parameters: [], settings: {} }))).toBe(
      [
        ['00', 20, hex(Buffer.from('sallyport.binding.v1'))],
        ['00', 1, '58'],
      ]
        .map(([tag, length, content]) => `${tag}${Number(length).toString(16).padStart(16, '0')}${content}`)
        .concat(
          '0'.repeat(16),
          `00${'5'.padStart(16, '0')}${hex(Buffer.from('sub_1'))}`,
          `00${'7'.padStart(16, '0')}${hex(Buffer.from('billing'))}`,
          `00${'3'.padStart(16, '0')}${hex(Buffer.from('app'))}`,
          '7'.padStart(16, '0'),
          '0'.repeat(16),
        )
        .join(''),
    );
  });
});
