import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { review } from './index.js';

const marksOf = (text: string): readonly string[] => review(text).marks;

describe('a text for somebody who must judge it', () => {
  test.each([
    "DELETE FROM invoices WHERE note = 'Łódź 東京 Москва é ½ … “it’s” – ß'",
    'SELECT a\n\tFROM b -- ünïcode\n',
    'select "größe" from "straße" where x = 1.5e10;',
  ])('is left alone where there is nothing to tell: %j', (text) => {
    expect(review(text)).toEqual({ text, marks: [] });
  });

  test.each([
    ['user\u202egnp.exe', 'user\\u202egnp.exe', 'U+202E'],
    ['DROP\u200b TABLE', 'DROP\\u200b TABLE', 'U+200B'],
    ['a\u00a0b', 'a\\xa0b', 'U+00A0'],
    ['a\u3000b', 'a\\u3000b', 'U+3000'],
    ['a\u2066b\u2069', 'a\\u2066b\\u2069', 'U+2066, U+2069'],
    ['a\u3164b', 'a\\u3164b', 'U+3164'],
    ['\u001b[2Ja', '\\x1b[2Ja', 'U+001B'],
    ['a\rb', 'a\\x0db', 'U+000D'],
    ['a\u{e0041}', 'a\\u{e0041}', 'U+E0041'],
  ])('%j shows what hides in it', (given, text, numbers) => {
    const { marks, text: shown } = review(given);
    expect(shown).toBe(text);
    expect(marks[0]).toMatch(/^\d characters? that cannot be seen: /);
    expect(marks[0]).toContain(numbers);
  });

  test.each([
    ['DELETE FROM раyments', '"раyments" looks like "payments", and holds U+0440, U+0430'],
    ['DELETE FROM t WHERE іd = 1', '"іd" looks like "id", and holds U+0456'],
    ['DELETE FROM осе', '"осе" looks like "oce", and holds U+043E, U+0441, U+0435'],
    ['DELETE FROM ｐay', '"ｐay" looks like "pay", and holds U+FF50'],
    ['DELETE FROM 𝐩ay', '"𝐩ay" looks like "pay", and holds U+1D429'],
    ['DELETE FROM adminж', '"adminж" mixes alphabets, and holds U+0436'],
    ['x = 1； DROP', '"；" looks like ";", and holds U+FF1B'],
    ['x = 1\u037e DROP', '"\u037e" looks like ";", and holds U+037E'],
    ['id = ١', undefined],
    ['id = ９', '"９" looks like "9", and holds U+FF19'],
    ['DELETE FROM users\u0131', '"users\u0131" looks like "usersi", and holds U+0131'],
  ])('%j: look-alikes', (text, mark) => {
    expect(marksOf(text)).toEqual(mark === undefined ? [] : [mark]);
  });

  test.each([
    ['lines', `DELETE FROM a;${'\n'.repeat(300)}DROP TABLE b`, '300 blanks in a row from line 1 on'],
    ['spaces', `SELECT 1;\nDELETE FROM a;${' '.repeat(5_000)}DROP TABLE b`, '5000 blanks in a row from line 2 on'],
  ])('an end that hides behind empty %s', (_, text, mark) => {
    expect(marksOf(text)[0]).toContain(mark);
    expect(review(text).text).toBe(text);
  });

  test('a long text is whole, and says how long it is', () => {
    const text = `${'SELECT 1;\n'.repeat(1_000)}DROP TABLE b`;
    expect(review(text)).toEqual({
      text,
      marks: ['it is long: 10012 characters in 1001 lines; read it to its end'],
    });
  });

  test('nothing unseen comes out of any text, marks included; and it says so where there was something', () => {
    const unseen = /[^\P{Cc}\n\t]|[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (given) => {
        const { text, marks } = review(given);
        expect([text, ...marks].join('\n')).not.toMatch(unseen);
        if (unseen.test(given.toWellFormed())) expect(marks.length).toBeGreaterThan(0);
      }),
      { numRuns: 2_000 },
    );
  });

  test('marks have an end, whatever the text holds', () => {
    const words = ['і'.repeat(100_000), ...Array.from({ length: 3_000 }, (_, index) => `東${index}\u202e`)].join(' ');
    const { marks } = review(words);
    expect(marks.length).toBeLessThanOrEqual(20);
    expect(marks.join('\n')).toContain('more than 2000 different words');
    expect(marks.join('').length).toBeLessThan(5_000);
  });
});
