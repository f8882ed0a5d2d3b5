import { describe, expect, test } from '@jest/globals';
import type { CopyOptions } from '@sallyport/kernel';
import fc from 'fast-check';
import { bytes } from '../../testing/rig.js';
import { copiedRows } from './rows.js';

const text: CopyOptions = { format: 'text', header: false, delimiter: 9, null: bytes('\\N') };
const csv: CopyOptions = { format: 'csv', header: false, delimiter: 0x2c, null: bytes(''), quote: 0x22, escape: 0x22 };
const binary: CopyOptions = { ...text, format: 'binary' };

const beginning = [...Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), 0, 0, 0, 0, 0, 0, 0, 0];
const one = [0, 2, 0, 0, 0, 1, 0x31, 255, 255, 255, 255];

const cases: readonly (readonly [string, CopyOptions, string | readonly number[], number])[] = [
  ['lines', text, '1\ta\n2\tb\n', 2],
  ['a last line without an end', text, '1\ta\n2\tb', 1],
  ['CRLF', text, '1\r\n2\r\n', 2],
  ['CR', text, '1\r2\r', 2],
  ['a newline that a backslash makes data', text, '1\\\n2\n', 1],
  ['a backslash of data before the end', text, '1\\\\\n2\n', 2],
  ['the mark of the end, and what comes behind it', text, '1\n\\.\n2\n3\n', 1],
  ['a backslash that is none of a mark', text, '\\.x\n2\n', 2],
  ['an escaped backslash before a dot', text, '\\\\.\n2\n', 2],
  ['empty lines', text, '\n\n', 2],
  ['a header', { ...text, header: true }, 'id\n1\n', 1],
  ['csv', csv, '1,a\n2,b\n', 2],
  ['newlines inside of quotes', csv, '1,"a\nb\n"\n2,b\n', 2],
  ['a doubled quote', csv, '1,"a""\n"\n', 1],
  ['quotes that never end', csv, '1,"a\n2,b\n', 0],
  ['a backslash in csv is data', csv, '1\\\n2\n', 2],
  ['the mark of the end in csv', csv, '1\n\\.\n2\n', 1],
  ['another quote and escape', { ...csv, quote: 0x27, escape: 0x5c }, "1,'a\\'\n'\n2,\"\n", 2],
  ['an escaped escape', { ...csv, quote: 0x27, escape: 0x5c }, "1,'a\\\\'\n2\n", 2],
  ['a header in csv, over two lines', { ...csv, header: true }, '"i\nd"\n1\n', 1],
  ['binary', binary, [...beginning, ...one, ...one, 255, 255], 2],
  ['binary, half a row', binary, [...beginning, ...one, ...one.slice(0, 6)], 1],
  ['binary, an extension', binary, [...beginning.slice(0, 15), 0, 0, 0, 2, 9, 9, ...one], 1],
  ['binary, rows of no columns', binary, [...beginning, 0, 0, 0, 0], 2],
  ['binary, behind its end', binary, [...beginning, ...one, 255, 255, ...one], 1],
  ['binary, an empty value at the end', binary, [...beginning, 0, 1, 0, 0, 0, 0, ...one], 2],
];

describe('rows of the data for a COPY', () => {
  test.each(cases)('%s', (_name, options, data, expected) => {
    const whole = typeof data === 'string' ? bytes(data) : Uint8Array.from(data);
    expect(copiedRows(options).push(whole)).toBe(expected);
    fc.assert(
      fc.property(fc.array(fc.nat(whole.length), { maxLength: 6 }), (cuts) => {
        const rows = copiedRows(options);
        const at = [0, ...cuts.sort((left, right) => left - right), whole.length];
        const sum = at.slice(1).reduce((all, to, index) => all + rows.push(whole.subarray(at[index], to)), 0);
        expect(sum).toBe(expected);
      }),
    );
  });

  test.each([text, csv, binary])('any bytes give no more rows than there could be, $format', (options) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (data) => {
        const rows = copiedRows(options).push(data);
        expect(rows >= 0 && rows <= data.length).toBe(true);
      }),
    );
  });
});
