import { describe, expect, test } from '@jest/globals';
import { encodeUtf8 } from '@sallyport/kernel';
import type { CatalogType } from '@sallyport/kernel';
import fc from 'fast-check';
import { createAnswerMask } from '../answer.js';
import { createDetectors } from '../detect/detectors.js';
import { passesLuhn } from '../detect/card.js';

const card = '4242424242424242';
const types = new Map<number, CatalogType>([
  [20001, { oid: 20001, schema: 'public', name: 'hstore', kind: 'base' }],
  [20002, { oid: 20002, schema: 'public', name: 'person', kind: 'composite' }],
  [20003, { oid: 20003, schema: 'public', name: '_person', kind: 'array', of: 20002 }],
  [20004, { oid: 20004, schema: 'public', name: 'amount', kind: 'domain', of: 1700 }],
  [20005, { oid: 20005, schema: 'public', name: 'pans', kind: 'array', of: 20004 }],
  [20006, { oid: 20006, schema: 'public', name: 'blob', kind: 'domain', of: 17 }],
  [20007, { oid: 20007, schema: 'public', name: 'mood', kind: 'enum' }],
  [20008, { oid: 20008, schema: 'public', name: 'span', kind: 'range' }],
]);
const mask = createAnswerMask({
  results: [{ kind: 'columns', columns: [{ name: 'x', rule: { kind: 'clear' } }] }],
  origin: () => ({ kind: 'clear' }),
  detectors: createDetectors(),
  strict: false,
  types: (oid) => types.get(oid),
});
/** The cell as it is shown; the very same object where nothing changed. */
const shown = (type: number, format: 'text' | 'binary', value: Uint8Array): Uint8Array | null => {
  const choice = mask.choose({ result: 0, copy: false, columns: [{ name: 'x', origin: undefined, type, format }] });
  const cell = choice.kind === 'mask' ? choice.plan.cells[0] : undefined;
  return cell === undefined ? value : cell(value);
};
const textOf = (type: number, value: string): string | null => {
  const result = shown(type, 'text', encodeUtf8(value));
  return result && Buffer.from(result).toString();
};

const int2 = (value: number): Buffer => Buffer.from([(value >> 8) & 0xff, value & 0xff]);
const int4 = (value: number): Buffer =>
  Buffer.from([value >>> 24, (value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff]);
const int8 = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
};
const float8 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes;
};
/** As numeric_send writes it: groups of four digits, the weight of the first, sign, scale. */
const numeric = (text: string): Buffer => {
  const [whole = '', fraction = ''] = text.replace('-', '').split('.');
  const left = whole.padStart(Math.ceil(whole.length / 4) * 4, '0');
  const groups = (left + fraction.padEnd(Math.ceil(fraction.length / 4) * 4, '0')).match(/.{4}/g) ?? [];
  while (groups.at(-1) === '0000') groups.pop();
  return Buffer.concat([
    int2(groups.length),
    int2(left.length / 4 - 1),
    int2(text.startsWith('-') ? 0x4000 : 0),
    int2(fraction.length),
    ...groups.map((group) => int2(Number(group))),
  ]);
};
const array = (element: number, ...values: readonly (Buffer | null)[]): Buffer =>
  Buffer.concat([
    int4(1),
    int4(0),
    int4(element),
    int4(values.length),
    int4(1),
    ...values.flatMap((value) => (value === null ? [int4(-1)] : [int4(value.length), value])),
  ]);
const record = (...fields: readonly (readonly [number, Buffer | null])[]): Buffer =>
  Buffer.concat([
    int4(fields.length),
    ...fields.flatMap(([type, value]) => [int4(type), ...(value === null ? [int4(-1)] : [int4(value.length), value])]),
  ]);
const hex = (bytes: string | Buffer): string => `\\x${Buffer.from(bytes).toString('hex')}`;
const escaped = (bytes: Buffer): string =>
  Array.from(bytes, (byte) =>
    byte === 0x5c
      ? '\\\\'
      : byte < 0x20 || byte > 0x7e
        ? `\\${byte.toString(8).padStart(3, '0')}`
        : String.fromCharCode(byte),
  ).join('');
const noise = Buffer.from([0, 1, 2, 0xff, 0xfe, 0x80]);

describe('what is found becomes what its column can hold', () => {
  const cases: readonly (readonly [string, number, 'text' | 'binary', string | Buffer, string | null])[] = [
    ['bigint', 20, 'text', card, null],
    ['bigint', 20, 'binary', int8(BigInt(card)), null],
    ['bigint, an American Express card', 20, 'binary', int8(378282246310005n), null],
    ['bigint, a Diners card', 20, 'text', '30569309025904', null],
    ['numeric', 1700, 'text', card, null],
    ['numeric with a scale', 1700, 'text', `${card}.00`, null],
    ['numeric', 1700, 'binary', numeric(card), null],
    ['numeric, zeros at its end', 1700, 'binary', numeric('4000000000000002'), null],
    ['numeric, whole groups of zeros', 1700, 'binary', numeric('6011000000000004'), null],
    ['double precision', 701, 'text', '4.242424242424242e+15', null],
    ['double precision', 701, 'binary', float8(4242424242424242), null],
    ['a domain over numeric', 20004, 'text', card, null],
    ['bytea, hex', 17, 'text', hex(`pay ${card} now`), hex('pay [card_number] now')],
    ['bytea, escape', 17, 'text', escaped(Buffer.from(`a\\b ${card}\n`)), escaped(Buffer.from('a\\b [card_number]\n'))],
    ['bytea, binary', 17, 'binary', Buffer.from(`pay ${card} now`), 'pay [card_number] now'],
    ['bytea that is no text', 17, 'text', hex(Buffer.concat([noise, Buffer.from(card), noise])), null],
    ['bytea that is no text', 17, 'binary', Buffer.concat([noise, Buffer.from(card), noise]), null],
    ['a domain over bytea', 20006, 'text', hex(card), hex('[card_number]')],
    ['bigint[]', 1016, 'text', `{1,${card},NULL}`, null],
    ['bigint[]', 1016, 'binary', array(20, int8(1n), null, int8(BigInt(card))), null],
    ['numeric[]', 1231, 'text', `{{1.50,${card}}}`, null],
    ['numeric[]', 1231, 'binary', array(1700, numeric('1.50'), numeric(card)), null],
    ['double precision[]', 1022, 'binary', array(701, float8(4242424242424242)), null],
    ['an array of a domain over numeric', 20005, 'binary', array(20004, numeric(card)), null],
    ['bytea[]', 1001, 'text', `{"\\\\x${Buffer.from(card).toString('hex')}"}`, null],
    ['bytea[]', 1001, 'binary', array(17, Buffer.from(card)), null],
    ['text[]', 1009, 'text', `{a,"b ${card}"}`, '{a,"b [card_number]"}'],
    ['text[]', 1009, 'binary', array(25, Buffer.from('a'), Buffer.from(card)), null],
    ['varchar[]', 1015, 'binary', array(1043, null, Buffer.from('jane@example.com')), null],
    ['jsonb[]', 3807, 'binary', array(3802, Buffer.from(`\u0001{"a":${card}}`)), null],
    ['a record', 2249, 'binary', record([23, int4(1)], [25, Buffer.from(card)]), null],
    ['bytea in a printed record', 2249, 'text', `(1,"\\${hex(card)}")`, `(1,"\\${hex('[card_number]')}")`],
    [
      'bytea in a row of a table',
      20002,
      'text',
      `("(2,""\\\\${hex(card)}"")")`,
      `("(2,""\\\\${hex('[card_number]')}"")")`,
    ],
    [
      'bytea that is no text, in a printed record',
      2249,
      'text',
      `(1,"\\${hex(Buffer.concat([noise, Buffer.from(card)]))}")`,
      null,
    ],
    [
      'bytea of no letter that a text would be read for',
      2249,
      'text',
      `(a,"\\${hex('me@example.com')}")`,
      `(a,"\\${hex('[email]')}")`,
    ],
    [
      'bytea where no type is told, as COPY has it',
      0,
      'text',
      `(1,"\\${hex(card)}")`,
      `(1,"\\${hex('[card_number]')}")`,
    ],
    ['a bytea by itself where no type is told', 0, 'text', hex(card), hex('[card_number]')],
    ['a record with a number', 2249, 'binary', record([25, null], [20, int8(BigInt(card))]), null],
    ['a record in a record', 2249, 'binary', record([2249, record([1700, numeric(card)])]), null],
    ['a row of a table', 20002, 'text', `(1,"Jane ${card}",x)`, '(1,"Jane [card_number]",x)'],
    ['a row of a table', 20002, 'binary', record([20, int8(BigInt(card))]), null],
    ['rows of a table', 20003, 'text', `{"(1,${card})"}`, '{"(1,[card_number])"}'],
    ['rows of a table', 20003, 'binary', array(20002, record([25, Buffer.from(card)])), null],
    ['hstore', 20001, 'text', `"card"=>"${card}"`, '"card"=>"[card_number]"'],
    [
      'hstore',
      20001,
      'binary',
      Buffer.concat([int4(1), int4(4), Buffer.from('card'), int4(16), Buffer.from(card)]),
      null,
    ],
    ['tsvector', 3614, 'text', `'${card}':1 'pay':2`, `'[card_number]':1 'pay':2`],
    ['jsonb', 3802, 'binary', Buffer.from(`\u0001{"card": "${card}"}`), '\u0001{"card": "[card_number]"}'],
    ['jsonb', 3802, 'text', `{"card": ${card}}`, '{"card": "[card_number]"}'],
    ['json, escaped', 114, 'text', `{"card": "${card.replaceAll('4', '\\u0034')}"}`, '"[redacted]"'],
    ['xml', 142, 'text', `<card>${card}</card>`, '<card>[card_number]</card>'],
    ['text, full-width digits', 25, 'text', '４２４２４２４２４２４２４２４２', '[card_number]'],
    ['text, thin spaces', 25, 'binary', '4242\u20094242\u20094242\u20094242', '[card_number]'],
    ['text, no-break spaces', 25, 'text', '4242\u00a04242\u00a04242\u00a04242', '[card_number]'],
    ['text, figure dashes', 25, 'text', '4242\u20124242\u20124242\u20124242', '[card_number]'],
    ['text, small dashes', 25, 'text', '4242\ufe584242\ufe584242\ufe584242', '[card_number]'],
    ['text, underscores', 25, 'text', 'id_4242_4242_4242_4242', 'id_[card_number]'],
    ['text, middle dots', 25, 'text', '4242·4242·4242·4242', '[card_number]'],
    ['text, wrapped over two lines', 25, 'text', 'pay 4242 4242\n4242 4242 now', 'pay [card_number] now'],
    ['text, wrapped, with a hyphen', 25, 'text', '4242-4242-\r\n4242-4242', '[card_number]'],
    ['text, one group a line at its end', 25, 'text', '4242 4242 4242\n  4242', '[card_number]'],
  ];
  test.each(cases)('%s (%d, %s)', (_name, type, format, value, expected) => {
    const result = shown(type, format, Buffer.from(value));
    expect(result && Buffer.from(result).toString()).toBe(expected);
  });
});

describe('what is none stays byte for byte', () => {
  const bytes = (value: string | Buffer): Buffer => Buffer.from(value);
  const cases: readonly (readonly [string, number, 'text' | 'binary', string | Buffer])[] = [
    ['an amount', 1700, 'text', '4242424242424.24'],
    ['an amount', 1700, 'binary', numeric('4242424242424.24')],
    ['an amount with as many digits', 1700, 'text', '42424242424242.42'],
    ['a negative number', 1700, 'text', `-${card}`],
    ['a fraction', 1700, 'text', `0.${card}`],
    ['a fraction', 1700, 'binary', numeric(`0.${card}`)],
    ['NaN', 1700, 'binary', Buffer.concat([int2(0), int2(0), int2(0xc000), int2(0)])],
    ['an infinity', 1700, 'text', 'Infinity'],
    ['a sum that fails Luhn', 20, 'binary', int8(4242424242424241n)],
    ['milliseconds', 20, 'text', '1700000000000'],
    ['microseconds', 20, 'binary', int8(1700000000000000n)],
    ['nanoseconds', 20, 'text', '1700000000000000000'],
    ['a day and a time', 20, 'text', '20241124103000'],
    ['a barcode of 13 digits', 20, 'text', '4006381333931'],
    ['a snowflake of 19 digits', 20, 'text', '4611686018427387905'],
    ['the least bigint', 20, 'binary', int8(-9223372036854775808n)],
    ['the greatest bigint', 20, 'binary', int8(9223372036854775807n)],
    ['a bigint in too few bytes', 20, 'binary', Buffer.alloc(3)],
    ['a small float', 701, 'binary', float8(0.1)],
    ['a float that is no number', 701, 'binary', float8(NaN)],
    ['a float', 701, 'text', '1.5e-300'],
    ['a uuid', 2950, 'text', 'a1b2c3d4-4242-4242-4242-424242424242'],
    ['a uuid of digits', 25, 'text', '42424242-4242-4242-4242-424242424242'],
    ['a timestamp', 1184, 'text', '2024-11-24 10:30:00.123456+00'],
    ['an order number', 25, 'text', 'ORD-2024-4242-0001'],
    ['order numbers, one a line', 25, 'text', '40012345\n40012346\n40012347\n40012348'],
    ['years, one a line', 25, 'text', '4242\n4242\n4242\n4242'],
    ['columns of years', 25, 'text', '4242\t4242\t4242\t4242'],
    [
      'a digest in bytea',
      17,
      'text',
      hex(Buffer.from('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', 'hex')),
    ],
    ['an address inside of a picture', 17, 'binary', Buffer.concat([noise, bytes('jane@example.com'), noise])],
    ['bytea that is no hex', 17, 'text', '\\xzz'],
    ['bytea cut short', 17, 'text', '\\x3'],
    ['bytea in a printed record', 2249, 'text', `(1,"\\${hex('clean')}")`],
    ['what only looks like bytea where no type is told', 0, 'text', '\\x3g \\xzz \\x'],
    ['bigint[]', 1016, 'text', '{1700000000000000,NULL,3}'],
    ['bigint[]', 1016, 'binary', array(20, int8(1700000000000000n), null)],
    ['numeric[]', 1231, 'text', '{0.4242424242424242,19.99}'],
    ['an array cut short', 1016, 'binary', array(20, int8(BigInt(card))).subarray(0, 30)],
    [
      'an array with a length beyond its end',
      1016,
      'binary',
      Buffer.concat([int4(1), int4(0), int4(20), int4(9), int4(1), int4(0x7fffffff)]),
    ],
    ['text[]', 1009, 'binary', array(25, bytes('a'), null)],
    ['a record', 2249, 'binary', record([20, int8(7n)], [25, bytes('x')])],
    ['a record cut short', 2249, 'binary', record([25, bytes('x')]).subarray(0, 9)],
    ['a row of a table', 20002, 'text', '(1,"Jane Doe",19.99)'],
    ['hstore', 20001, 'text', '"a"=>"1"'],
    ['an enum', 20007, 'text', card],
    ['a range', 20008, 'text', '[1,5)'],
    ['jsonb', 3802, 'binary', '\u0001{"at": 1700000000000000, "amount": 4242.42}'],
    ['int4[]', 1007, 'text', '{4242,4242,4242,4242}'],
    ['a point', 600, 'text', '(4242,4242)'],
    ['an interval', 1186, 'text', '1 day'],
  ];
  test.each(cases)('%s (%d, %s)', (_name, type, format, value) => {
    const whole = bytes(value);
    expect(shown(type, format, whole)).toBe(whole);
  });

  test('amounts with two decimals, whatever their size', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 15n }), fc.integer({ min: 1, max: 99 }), (units, cents) => {
        const text = `${units}.${String(cents).padStart(2, '0')}`;
        expect(textOf(1700, text)).toBe(text);
        const binary = numeric(text);
        expect(shown(1700, 'binary', binary)).toBe(binary);
      }),
    );
  });
});

describe('over random values', () => {
  const luhn = fc.bigInt({ min: 0n, max: 10n ** 14n - 1n }).map((seed) => {
    const body = `4${String(seed).padStart(14, '0')}`;
    return body + ([...'0123456789'].find((digit) => passesLuhn(body + digit)) ?? '');
  });
  test('a card number is found in every type that can hold it, in both formats', () => {
    fc.assert(
      fc.property(luhn, (number) => {
        const found: readonly (readonly [number, Buffer, string])[] = [
          [20, int8(BigInt(number)), number],
          [1700, numeric(number), number],
          [701, float8(Number(number)), number],
          [17, Buffer.from(number), hex(number)],
          [1016, array(20, int8(BigInt(number))), `{${number}}`],
          [1009, array(25, Buffer.from(number)), `{${number}}`],
          [2249, record([1700, numeric(number)]), `(${number})`],
        ];
        for (const [type, binary, text] of found) {
          const inBinary = shown(type, 'binary', binary);
          expect([type, inBinary && Buffer.from(inBinary).includes(binary)]).toEqual([
            type,
            type === 17 ? false : null,
          ]);
          expect([type, textOf(type, text)?.includes(number) ?? false]).toEqual([type, false]);
        }
      }),
    );
  });
  test('nothing throws and nothing grows without end, whatever the bytes are', () => {
    const type = fc.constantFrom(20, 1700, 701, 17, 1016, 1231, 1022, 1001, 1009, 2249, 2287, 3614, ...types.keys());
    fc.assert(
      fc.property(
        type,
        fc.constantFrom('text' as const, 'binary' as const),
        fc.uint8Array({ maxLength: 200 }),
        (oid, format, value) => {
          const result = shown(oid, format, value);
          expect(result === null || result.length <= value.length * 8 + 200).toBe(true);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
