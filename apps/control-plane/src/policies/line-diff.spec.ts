import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { diffLines } from './line-diff.js';

const side = (before: string, after: string, kind: 'removed' | 'added'): string =>
  diffLines(before, after)
    .filter((line) => line.kind === 'same' || line.kind === kind)
    .map((line) => line.text)
    .join('\n');

describe('diffLines', () => {
  test('both texts can be read back from it, and equal ends stay', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 12 }).map((lines) => lines.join('\n'));
    fc.assert(
      fc.property(text, text, (before, after) => {
        expect(side(before, after, 'removed')).toBe(before);
        expect(side(before, after, 'added')).toBe(after);
      }),
    );
  });

  test('is short where little changed, and affordable where all did', () => {
    const lines = Array.from({ length: 5_000 }, (_, each) => `line ${each}`);
    const changed = diffLines(lines.join('\n'), lines.with(2_500, 'other').join('\n')).filter(
      (line) => line.kind !== 'same',
    );
    expect(changed).toEqual([
      { kind: 'removed', text: 'line 2500' },
      { kind: 'added', text: 'other' },
    ]);
    const all = diffLines(lines.join('\n'), lines.map((line) => `${line}!`).join('\n'));
    expect(all).toHaveLength(10_000);
  });
});
