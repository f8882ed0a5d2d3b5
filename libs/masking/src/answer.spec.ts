import { createHmac } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { decodeUtf8, encodeUtf8 } from '@sallyport/kernel';
import type { AnswerColumn, CatalogType, MaskChoice } from '@sallyport/kernel';
import fc from 'fast-check';
import { createAnswerMask } from './answer.js';
import type { AnswerMaskOptions } from './answer.js';
import { createDetectors } from './detect/detectors.js';
import type { CellRule, ColumnRule, MaskFormat, ResultRule } from './index.js';

const hash = {
  key: encodeUtf8('key'),
  hmac: (key: Uint8Array, bytes: Uint8Array) => new Uint8Array(createHmac('sha256', key).update(bytes).digest()),
};
const detectors = createDetectors();
const card = 'billing.payments.card';
const column = (type: number, format: 'text' | 'binary' = 'text', origin?: [number, number]): AnswerColumn => ({
  name: 'x',
  type,
  format,
  origin: origin && { relation: origin[0], attribute: origin[1] },
});
const mask = (format: MaskFormat, verbatim = true): CellRule => ({ kind: 'mask', format, column: card, verbatim });
const clear: CellRule = { kind: 'clear' };
const columnsOf = (...rules: CellRule[]): ResultRule => ({
  kind: 'columns',
  columns: rules.map((rule) => ({ name: 'x', rule })),
});
const base: AnswerMaskOptions = { results: [], origin: () => ({ kind: 'clear' }), strict: true, hash };
const choose = (options: Partial<AnswerMaskOptions>, columns: readonly AnswerColumn[], copy = false, result = 0) =>
  createAnswerMask({ ...base, ...options }).choose({ result, columns, copy });
const cell = (choice: MaskChoice, text: string | Uint8Array, index = 0): string | null => {
  if (choice.kind === 'refuse') throw new Error('refused');
  const value = typeof text === 'string' ? encodeUtf8(text) : text;
  const change = choice.kind === 'mask' ? choice.plan.cells[index] : undefined;
  const shown = change === undefined ? value : change(value);
  return shown === null ? null : (decodeUtf8(shown) ?? '');
};

describe('formats', () => {
  test.each<readonly [MaskFormat, string, string | null]>([
    ['redact', 'anything', '[redacted]'],
    ['redact', '', '[redacted]'],
    ['null', 'anything', null],
    ['partial', '4242424242424242', '************4242'],
    ['partial', '4242 4242 4242 1234', '**** **** **** 1234'],
    ['partial', '3782-822463-10005', '****-******-*0005'],
    ['partial', '+49 (30) 901820', '+** (**) **1820'],
    ['partial', '4242\u00a04242\u00a04242\u00a01234', '****\u00a0****\u00a0****\u00a01234'],
    ['partial', '４２４２４２４２１２３４', '********１２３４'],
    ['partial', 'geheim😀x\u0301yzAB', '*********yzAB'],
    ['partial', '1234567', '[redacted]'],
    ['partial', '1-2-3-4-5-6-7', '[redacted]'],
    ['partial', '12345678', '****5678'],
    ['email', 'jane@example.com', 'j***@example.com'],
    ['email', 'j@example.com', '***@example.com'],
    ['email', 'j.doe+tag@mail.example.co.uk', 'j***@mail.example.co.uk'],
    ['email', 'jörg@müller.de', 'j***@müller.de'],
    ['email', 'jane@localhost', '[redacted]'],
    ['email', 'jane@10.0.0.1', '[redacted]'],
    ['email', 'no address', '[redacted]'],
    ['email', 'jane@example.com, joe@example.com', '[redacted]'],
    ['email', 'a@b@c.de', '[redacted]'],
    ['email', '4242424242424242', '[redacted]'],
  ])('%s: %s', (format, value, shown) => {
    for (const type of [25, 1043, 19])
      for (const wire of ['text', 'binary'] as const)
        expect(cell(choose({ results: [columnsOf(mask(format))] }, [column(type, wire)]), value)).toBe(shown);
  });

  test('hash is keyed, joinable over text types and formats, and padding is no part of it', () => {
    const value = (type: number, format: 'text' | 'binary', text: string, key = hash) =>
      cell(choose({ results: [columnsOf(mask('hash'))], hash: key }, [column(type, format)]), text);
    const one = value(25, 'text', 'abc');
    expect(one).toMatch(/^h_[0-9a-f]{32}$/);
    expect(value(1043, 'binary', 'abc')).toBe(one);
    expect(value(1042, 'text', 'abc   ')).toBe(one);
    expect(value(25, 'text', 'abc ')).not.toBe(one);
    expect(value(25, 'text', 'abc', { ...hash, key: encodeUtf8('other') })).not.toBe(one);
    expect(cell(choose({ results: [columnsOf(mask('hash'))], hash: undefined }, [column(25)]), 'abc')).toBe(
      '[redacted]',
    );
  });

  test('bytes that are not UTF-8 are redacted whole', () => {
    const choice = choose({ results: [columnsOf(mask('partial'))] }, [column(25)]);
    expect(cell(choice, Uint8Array.from([0xe4, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38]))).toBe('[redacted]');
  });

  test('what cannot carry a text becomes NULL, in both formats', () => {
    for (const type of [16, 20, 21, 23, 700, 701, 1700, 1082, 1114, 1184, 2950, 17, 1009, 1007, 2249, 869, 3904])
      for (const format of ['redact', 'partial', 'hash', 'null', 'email'] as const)
        for (const wire of ['text', 'binary'] as const)
          expect(cell(choose({ results: [columnsOf(mask(format))] }, [column(type, wire)]), '1')).toBe(null);
  });

  test('documents stay documents', () => {
    for (const format of ['redact', 'partial', 'email', 'hash'] as const) {
      const rules = { results: [columnsOf(mask(format))] };
      for (const type of [114, 3802]) {
        const text = cell(choose(rules, [column(type)]), '{"a":"4242424242424242"}') ?? '';
        expect(typeof JSON.parse(text)).toBe('string');
        const binary = cell(
          choose(rules, [column(type, 'binary')]),
          `${type === 3802 ? '\u0001' : ''}{"a":"4242424242424242"}`,
        );
        expect(binary).toBe(type === 3802 ? `\u0001${text}` : text);
      }
      expect(cell(choose(rules, [column(142)]), '<a/>')).toBe('<redacted/>');
    }
  });

  test('user-defined types: a text in text format, NULL in binary, and what the catalog says', () => {
    const types = new Map<number, CatalogType>([
      [20001, { oid: 20001, schema: 'public', name: 'citext', kind: 'base' }],
      [20002, { oid: 20002, schema: 'public', name: 'mood', kind: 'enum' }],
      [20003, { oid: 20003, schema: 'public', name: 'pan', kind: 'domain', of: 25 }],
      [20004, { oid: 20004, schema: 'public', name: 'loop', kind: 'domain', of: 20004 }],
    ]);
    const shown = (type: number, format: 'text' | 'binary') =>
      cell(
        choose({ results: [columnsOf(mask('redact'))], types: (oid) => types.get(oid) }, [column(type, format)]),
        'x',
      );
    expect([shown(20001, 'text'), shown(20001, 'binary')]).toEqual(['[redacted]', '[redacted]']);
    expect([shown(20002, 'text'), shown(20002, 'binary')]).toEqual([null, null]);
    expect([shown(20003, 'text'), shown(20003, 'binary')]).toEqual(['[redacted]', '[redacted]']);
    expect([shown(20004, 'text'), shown(20004, 'binary')]).toEqual(['[redacted]', null]);
    expect([shown(29999, 'text'), shown(29999, 'binary')]).toEqual(['[redacted]', null]);
  });
});

describe('what is masked', () => {
  const tagged: ColumnRule = { kind: 'mask', format: 'partial', column: card };
  const origin = (relation: number, attribute: number): ColumnRule | 'unknown' =>
    relation === 20000 ? (attribute === 1 ? tagged : { kind: 'clear' }) : 'unknown';

  test('provenance beats a lineage that missed it', () => {
    const choice = choose({ results: [columnsOf(clear)], origin }, [column(25, 'text', [20000, 1])]);
    expect(cell(choice, '4242424242424242')).toBe('************4242');
    expect(choice.kind === 'mask' && choice.plan.masked).toEqual([card]);
  });

  test('lineage beats an origin that knows nothing', () => {
    const choice = choose({ results: [columnsOf(mask('partial'))], origin }, [column(25, 'text', [20000, 2])]);
    expect(cell(choice, '4242424242424242')).toBe('************4242');
  });

  test('an expression over a masked column is redacted whole', () => {
    const choice = choose({ results: [columnsOf(mask('partial', false))], origin }, [column(25)]);
    expect(cell(choice, '4242424242424242')).toBe('[redacted]');
    const both = choose({ results: [columnsOf(mask('partial', false))], origin }, [column(25, 'text', [20000, 1])]);
    expect(cell(both, '4242424242424242')).toBe('[redacted]');
  });

  test('a view’s column that is made from a masked one is redacted whole', () => {
    const view = (): ColumnRule => ({ kind: 'mask', format: 'partial', column: card, verbatim: false });
    for (const rule of [clear, mask('partial')]) {
      const choice = choose({ results: [columnsOf(rule)], origin: view }, [column(25, 'text', [20000, 1])]);
      expect(cell(choice, '4242424242424242')).toBe('[redacted]');
    }
  });

  test('formats that cannot be compared show neither', () => {
    const choice = choose({ results: [columnsOf(mask('email'))], origin }, [column(25, 'text', [20000, 1])]);
    expect(cell(choice, 'jane@example.com')).toBe('[redacted]');
    const none = choose({ results: [columnsOf(mask('null'))], origin }, [column(25, 'text', [20000, 1])]);
    expect(cell(none, 'jane@example.com')).toBe(null);
  });

  test('a relation that the catalog does not hold is redacted while something is masked for the reader', () => {
    const rules = { results: [columnsOf(clear)], origin };
    expect(cell(choose(rules, [column(25, 'text', [30000, 1])]), 'x')).toBe('[redacted]');
    expect(choose({ ...rules, strict: false }, [column(25, 'text', [30000, 1])]).kind).toBe('clear');
    expect(choose(rules, [column(19, 'text', [1259, 2])]).kind).toBe('clear');
    expect(cell(choose(rules, [column(25, 'text', [2619, 20])]), 'x')).toBe('[redacted]');
  });

  test('another number of columns than was proved is refused, and said', () => {
    for (const columns of [[], [column(25)], [column(25), column(25), column(25)]]) {
      const choice = choose({ results: [columnsOf(clear, mask('redact'))] }, columns);
      expect(choice.kind === 'refuse' && choice.refusal.code).toBe('answer_mismatch');
      expect(choice.kind === 'refuse' && choice.alarm).toBe(true);
      expect(choice.kind === 'refuse' && choice.refusal.message).toContain(
        `${columns.length} columns came where 2 were`,
      );
    }
    expect(choose({ results: [columnsOf(clear, mask('redact'))], strict: false }, [column(25)]).kind).toBe('refuse');
    expect(choose({ results: [columnsOf(clear, clear)], strict: false }, [column(25)]).kind).toBe('clear');
  });

  test('another column than was proved is refused, and said; COPY tells nothing of its columns', () => {
    const output = { name: 'x', rule: clear, agrees: ({ type }: AnswerColumn) => type === 25 };
    const results: readonly ResultRule[] = [
      { kind: 'columns', columns: [output, { name: 'y', rule: mask('redact') }] },
    ];
    const told = [column(23), column(25)];
    expect(choose({ results }, told)).toMatchObject({
      kind: 'refuse',
      alarm: true,
      refusal: { code: 'answer_mismatch', message: expect.stringContaining('column 1') },
    });
    expect(choose({ results }, [column(25), column(25)]).kind).toBe('mask');
    expect(choose({ results }, told, true).kind).toBe('mask');
    const open: readonly ResultRule[] = [{ kind: 'columns', columns: [output, output] }];
    expect(choose({ results: open, strict: false }, told).kind).toBe('clear');
  });

  test('an answer that nobody expected is refused while something is masked', () => {
    expect(choose({ results: [columnsOf(clear)] }, [column(25)], false, 1).kind).toBe('refuse');
    expect(choose({ results: [], strict: false }, [column(25)]).kind).toBe('clear');
  });

  test('unproved: one rule for every column, and never for COPY', () => {
    const unproved: ResultRule = { kind: 'unproved', rule: mask('redact', false) };
    const choice = choose({ results: [unproved] }, [column(25), column(23)]);
    expect([cell(choice, 'x', 0), cell(choice, '1', 1)]).toEqual(['[redacted]', null]);
    expect(choose({ results: [unproved] }, [column(0)], true).kind).toBe('refuse');
    expect(choose({ results: [{ kind: 'unproved', rule: clear }] }, [column(0)], true).kind).toBe('refuse');
    expect(choose({ results: [{ kind: 'unproved', rule: clear }], strict: false }, [column(0)], true).kind).toBe(
      'clear',
    );
  });

  test('an unproved COPY is masked whole where that is wanted', () => {
    const results: readonly ResultRule[] = [{ kind: 'unproved', rule: clear }];
    const wanted = { results, maskUnprovedCopy: true };
    for (const format of ['text', 'binary'] as const) {
      const choice = choose(wanted, [column(0, format), column(0, format)], true);
      const shown = format === 'text' ? '[redacted]' : null;
      expect([cell(choice, 'x', 0), cell(choice, '1', 1)]).toEqual([shown, shown]);
    }
    expect(choose({ ...wanted, strict: false }, [column(0)], true).kind).toBe('clear');
  });

  test('COPY goes by the proved rules and their types', () => {
    const results: readonly ResultRule[] = [
      {
        kind: 'columns',
        columns: [
          { name: 'a', rule: mask('partial'), type: 25 },
          { name: 'b', rule: mask('partial'), type: 23 },
          { name: 'c', rule: mask('redact') },
          { name: 'd', rule: clear },
        ],
      },
    ];
    for (const format of ['text', 'binary'] as const) {
      const choice = choose({ results }, Array(4).fill(column(0, format)), true);
      expect([0, 1, 2, 3].map((index) => cell(choice, '4242424242424242', index))).toEqual([
        '************4242',
        null,
        format === 'text' ? '[redacted]' : null,
        '4242424242424242',
      ]);
      expect(choice.kind === 'mask' && choice.plan.cells[3]).toBe(undefined);
    }
  });

  test('nothing to mask and nothing to look through is clear, with or without detectors', () => {
    expect(choose({ results: [columnsOf(clear)] }, [column(25)]).kind).toBe('clear');
    expect(choose({ results: [columnsOf(clear, clear)], detectors }, [column(23), column(1184)]).kind).toBe('clear');
    expect(choose({ results: [columnsOf()], detectors }, []).kind).toBe('clear');
  });
});

describe('the net', () => {
  const rules = { results: [columnsOf(clear)], detectors, strict: false };

  test('finds are replaced, clean cells are the very same object', () => {
    const choice = choose(rules, [column(25)]);
    expect(cell(choice, 'card 4242424242424242!')).toBe('card [card_number]!');
    const clean = encodeUtf8('order 2024-0001 of 19.99 EUR');
    expect(choice.kind === 'mask' && choice.plan.cells[0]?.(clean)).toBe(clean);
    expect(choice.kind === 'mask' && choice.plan.masked).toEqual([]);
  });

  test.each([
    ['{"a":"4242424242424242"}', '{"a":"[card_number]"}'],
    ['{"a":4242424242424242,"b":1}', '{"a":"[card_number]","b":1}'],
    ['["jane@example.com",1]', '["[email]",1]'],
    ['{"jane@example.com":"x \\" y"}', '{"[email]":"x \\" y"}'],
    ['{"k":"-----BEGIN PRIVATE KEY-----\\nMII"}', '"[redacted]"'],
    [`{"a":"${'\\u0034\\u0032'.repeat(8)}"}`, '"[redacted]"'],
    ['{"a":"caf\\u00e9"}', '{"a":"caf\\u00e9"}'],
    ['{"a":"2024-01-02T10:11:12"}', '{"a":"2024-01-02T10:11:12"}'],
  ])('documents stay valid: %s', (value, shown) => {
    for (const type of [114, 3802]) expect(cell(choose(rules, [column(type)]), value)).toBe(shown);
    expect(cell(choose(rules, [column(3802, 'binary')]), `\u0001${value}`)).toBe(`\u0001${shown}`);
  });

  test('an array in binary that holds a find becomes NULL, without one it is untouched', () => {
    const array = (text: string) =>
      Uint8Array.from([0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 25, 0, 0, 0, 16, ...encodeUtf8(text)]);
    const choice = choose(rules, [column(1009, 'binary')]);
    expect(cell(choice, array('4242424242424242'))).toBe(null);
    const clean = array('1234567812345678');
    expect(choice.kind === 'mask' && choice.plan.cells[0]?.(clean)).toBe(clean);
    expect(cell(choose(rules, [column(1009)]), '{4242424242424242}')).toBe('{[card_number]}');
  });

  test('another encoding stays byte for byte around the find', () => {
    const choice = choose(rules, [column(25)]);
    const value = Uint8Array.from([0xe4, 0x20, ...encodeUtf8('4242424242424242'), 0x20, 0xfc]);
    const change = choice.kind === 'mask' ? choice.plan.cells[0] : undefined;
    expect(change?.(value)).toEqual(Uint8Array.from([0xe4, 0x20, ...encodeUtf8('[card_number]'), 0x20, 0xfc]));
  });
});

describe('no cell slips', () => {
  const formats = fc.constantFrom<MaskFormat>('redact', 'partial', 'hash', 'null', 'email');
  const types = fc.constantFrom(25, 1043, 1042, 19, 114, 3802, 142, 23, 1700, 2950, 17, 1009, 2249, 20, 705);

  test('whatever the type and format, text and binary show the same and at most four of the value', () => {
    fc.assert(
      fc.property(
        formats,
        types,
        fc.boolean(),
        fc.stringMatching(/^[0-9]{12,19}$/),
        (format, type, verbatim, value) => {
          const shown = (wire: 'text' | 'binary') => {
            const version = type === 3802 && wire === 'binary' ? '\u0001' : '';
            const result = cell(
              choose({ results: [columnsOf(mask(format, verbatim))] }, [column(type, wire)]),
              version + value,
            );
            return result?.slice(version.length) ?? null;
          };
          const text = shown('text');
          expect(shown('binary')).toBe(text);
          if (text !== null && format !== 'hash')
            for (let at = 0; at + 5 <= value.length; at += 1) expect(text).not.toContain(value.slice(at, at + 5));
          if (!verbatim) expect([null, '[redacted]', '"[redacted]"', '<redacted/>']).toContain(text);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('a tagged origin is masked in every column of every answer', () => {
    const rule: ColumnRule = { kind: 'mask', format: 'redact', column: card };
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }), fc.boolean(), (places, net) => {
        const columns = places.map((here) => column(25, 'text', [20000, here ? 1 : 2]));
        const options = {
          results: [columnsOf(...places.map(() => clear))],
          origin: (_: number, attribute: number): ColumnRule => (attribute === 1 ? rule : { kind: 'clear' }),
          detectors: net ? detectors : undefined,
        };
        const choice = choose(options, columns);
        expect(places.map((_, index) => cell(choice, 'secret', index))).toEqual(
          places.map((here) => (here ? '[redacted]' : 'secret')),
        );
      }),
    );
  });
});
