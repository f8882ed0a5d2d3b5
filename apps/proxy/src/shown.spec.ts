import { describe, expect, test } from '@jest/globals';
import type { Parameter } from '@sallyport/kernel';
import { loadGrammar } from '@sallyport/sql';
import { showParameter, showStatement, showText } from './shown.js';

const binary = (type: number, hex: string): Parameter => ({ type, format: 'binary', value: Buffer.from(hex, 'hex') });
const text = (value: string): Parameter => ({ type: 0, format: 'text', value: Buffer.from(value) });
const card = '4242424242424242';
const utf8 = (value: string): string => Buffer.from(value).toString('hex');

test('an approver sees what is done to a role, and not its new password', async () => {
  await loadGrammar();
  const { text } = showStatement("alter role x superuser password 's3cret'; drop table y");
  expect(text).toBe("alter role x superuser password '[password]'; drop table y");
});

describe('what an approver sees of a parameter', () => {
  test.each<[string, Parameter, string]>([
    ['nothing', { type: 25, format: 'text', value: null }, 'NULL'],
    ['text', text('a\nb'), 'a\nb'],
    ['hidden characters', text('a\u202eb'), 'a\\u202eb'],
    ['int2', binary(21, 'ffff'), '-1'],
    ['int4', binary(23, '0000002a'), '42'],
    ['int8', binary(20, '000000000000002a'), '42'],
    ['bool', binary(16, '01'), 'true'],
    ['float8', binary(701, '3ff8000000000000'), '1.5'],
    ['varchar', binary(1043, utf8('héllo')), 'héllo'],
    ['jsonb', binary(3802, `01${utf8('{"a":1}')}`), '{"a":1}'],
    ['uuid', binary(2950, '0123456789abcdef0123456789abcdef'), '01234567-89ab-cdef-0123-456789abcdef'],
    ['date', binary(1082, '00002551'), '2026-02-26'],
    ['timestamptz', binary(1184, '0000000000000000'), '2000-01-01T00:00:00.000Z'],
    ['numeric 1234567.89', binary(1700, '000300010000000200 7b11d7 22c4'.replaceAll(' ', '')), '1234567.89'],
    ['numeric -0.0001', binary(1700, '0001ffff400000040001'), '-0.0001'],
    ['numeric 0', binary(1700, '0000000000000000'), '0'],
    ['numeric NaN', binary(1700, '00000000c0000000'), 'NaN'],
    ['numeric of a hostile size', binary(1700, '00007fff00003fff'), '\\x00007fff00003fff'],
    ['int4 of the wrong length', binary(23, '00'), '\\x00'],
    ['bytes, all of them', binary(17, 'ab'.repeat(1_000)), `\\x${'ab'.repeat(1_000)}`],
    ['a type that nobody knows', binary(99_999, '00ff'), '\\x00ff'],
  ])('%s', (_, parameter, shown) => {
    expect(showParameter(parameter).text).toBe(shown);
  });

  test.each<[string, Parameter]>([
    ['text', text(`card ${card}`)],
    ['int8', binary(20, BigInt(card).toString(16).padStart(16, '0'))],
    ['numeric', binary(1700, '0004000300000000109210921092 1092'.replaceAll(' ', ''))],
    ['bytea', binary(17, utf8(`card ${card}`))],
    ['text[]', binary(1009, `000000010000000000000019000000010000000100000010${utf8(card)}`)],
    ['eight bytes without a type', binary(0, BigInt(card).toString(16).padStart(16, '0'))],
  ])('no card number, in no form: %s', (_, parameter) => {
    const { text: shown } = showParameter(parameter);
    expect(shown).toContain('[card_number]');
    expect(shown.replaceAll(/\D/g, '')).not.toContain(card);
    expect(shown).not.toContain(utf8(card));
  });

  test('a text that reads NULL is told from none', () => {
    expect(showParameter(text('NULL')).marks).toEqual(['the four letters NULL, not the value NULL']);
    expect(showParameter({ type: 25, format: 'text', value: null }).marks).toEqual([]);
  });

  test('all of a long text, its end included, with detectors applied', () => {
    const long = `SELECT '${card}'; ${'-- padding\n'.repeat(20_000)} DROP TABLE payments`;
    const { text: shown, marks } = showText(long);
    expect(shown).toBe(long.replace(card, '[card_number]'));
    expect(marks).toHaveLength(1);
  });
});
