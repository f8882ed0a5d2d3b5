import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { escapeForCsv, escapeForTerminal } from './index.js';

describe('for a terminal', () => {
  test.each([
    ['plain text, Łódź 東京 😀', 'plain text, Łódź 東京 😀'],
    ['\u001b[2J\u001b]0;title\u0007', '\\x1b[2J\\x1b]0;title\\x07'],
    ['a\r\nb\tc', 'a\\r\\nb\\tc'],
    ['\u009b31m', '\\x9b31m'],
    ['user\u202egnp.exe', 'user\\u202egnp.exe'],
    ['a\u2066b\u2069', 'a\\u2066b\\u2069'],
    ['zero\u200bwidth\ufeff', 'zero\\u200bwidth\\ufeff'],
    ['\u{e0041}tag', '\\u{e0041}tag'],
    ['\\x1b', '\\\\x1b'],
    ['line\u2028sep', 'line\\u2028sep'],
    ['\ud800lone', '\\ud800lone'],
    ['\u3164hangul filler', '\\u3164hangul filler'],
    ['\0', '\\x00'],
  ])('%j', (text, shown) => expect(escapeForTerminal(text)).toBe(shown));

  test('lines stay where they are asked for, and nothing else does', () => {
    expect(escapeForTerminal('a\nb\rc', { multiline: true })).toBe('a\nb\\rc');
  });

  test('two texts never look alike', () => {
    const text = fc.string({
      unit: fc.constantFrom('\\', 'n', 'x', '1', 'b', '\n', '\u001b', '\u202e', 'u'),
      maxLength: 6,
    });
    fc.assert(
      fc.property(text, text, (left, right) => {
        expect(escapeForTerminal(left) === escapeForTerminal(right)).toBe(left === right);
      }),
      { numRuns: 2000 },
    );
  });

  test('no control character comes out, of any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(escapeForTerminal(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
      }),
    );
  });
});

describe('for CSV', () => {
  test.each([
    ['plain', '"plain"'],
    ['say "hi"', '"say ""hi"""'],
    ['=HYPERLINK("http://x")', '"\'=HYPERLINK(""http://x"")"'],
    ['+1', '"\'+1"'],
    ['-1', '"\'-1"'],
    ['@SUM(A1)', '"\'@SUM(A1)"'],
    [' =1', '"\' =1"'],
    ['＝1', '"\'＝1"'],
    ['\t=1', '"\\t=1"'],
    ['a\r\nb,c', '"a\\r\\nb,c"'],
  ])('%j', (text, shown) => expect(escapeForCsv(text)).toBe(shown));
});
