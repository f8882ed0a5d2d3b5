import { describe, expect, test } from '@jest/globals';
import type { TargetMessage } from '@sallyport/kernel';
import { createDetectors } from './detect/detectors.js';
import { scrubMessage } from './message.js';

const detectors = createDetectors();
const error = (code: string, fields: Record<string, string>, kind: TargetMessage['kind'] = 'error'): TargetMessage => ({
  kind,
  code,
  fields: new Map(Object.entries({ S: 'ERROR', V: 'ERROR', C: code, ...fields })),
});
const shown = (message: TargetMessage, strict: boolean, text?: string) =>
  Object.fromEntries(scrubMessage(message, { detectors, strict, text }));
const canary = 'canary-7f3a';

describe('messages while something is masked for the reader', () => {
  test.each([
    ['23505', { M: `duplicate key ${canary}`, D: `Key (card)=(${canary}) already exists.`, n: 'payments_card_key' }],
    ['22P02', { M: `invalid input syntax for type integer: "${canary}"`, P: '8' }],
    ['22003', { M: `value "${canary}" is out of range`, W: `COPY t, line 1: "${canary}"` }],
    ['P0001', { M: canary, H: canary, W: 'PL/pgSQL function f() line 1 at RAISE' }],
    ['42P01', { M: `relation "${canary}" does not exist` }],
    ['42704', { M: `role «${canary}» does not exist` }],
    [
      '42501',
      { M: canary, W: 'PL/pgSQL function f() line 1 at RAISE', t: canary, c: canary, d: canary, n: canary, s: canary },
    ],
    ['00000', { M: canary, W: 'PL/pgSQL function f() line 1 at RAISE' }],
    ['01000', { M: canary, R: 'exec_stmt_raise', F: 'pl_exec.c' }],
    ['XX000', { M: canary, q: `SELECT ${canary}`, p: '1' }],
    ['ZZ123', { M: canary }],
    ['', { M: canary, '?': canary }],
    ['00000', { V: 'LOG', M: `duration: 1 ms plan: ${canary}` }],
  ])('%s shows no value', (code, fields) => {
    const result = shown(error(code, fields), true, 'SELECT f(card) FROM payments');
    expect(JSON.stringify(result)).not.toContain(canary);
    expect(result.M).toMatch(/^[a-z-]+( [a-z-]+)*$/);
    expect(result.C).toBe(code);
  });

  test('a code that RAISE made up may be a part of a value', () => {
    const raised = { M: 'x', W: 'PL/pgSQL function f() line 1 at RAISE' };
    expect(shown(error('42424', raised), true)).toMatchObject({ C: 'P0001', M: 'exception raised' });
    expect(shown(error('JANED', raised), true).C).toBe('P0001');
    expect(shown(error('42424', raised, 'notice'), true).C).toBe('01000');
    expect(shown(error('22012', raised), true).C).toBe('22012');
    expect(shown(error('MY001', raised), false).C).toBe('MY001');
  });

  test.each([
    ['application_name', canary, 'SELECT f()', '[redacted]'],
    ['search_path', canary, 'SELECT f()', '[redacted]'],
    ['timezone', canary, 'CALL p()', '[redacted]'],
    ['some.extension', canary, undefined, '[redacted]'],
    ['application_name', canary, `SELECT f('${canary}')`, '[redacted]'],
    ['application_name', canary, `SET application_name = '${canary}'`, canary],
    ['search_path', 'billing, public', 'set search_path to billing, public', 'billing, public'],
    ['client_encoding', 'UTF8', undefined, 'UTF8'],
    ['DateStyle', 'ISO, MDY', undefined, 'ISO, MDY'],
    ['default_transaction_read_only', 'on', undefined, 'on'],
    ['server_version', '18.4 (Debian 18.4-1)', undefined, '18.4 (Debian 18.4-1)'],
    ['client_encoding', canary, undefined, '[redacted]'],
  ])('a setting that is reported: %s = %s after %s', (name, value, text, expected) => {
    const message: TargetMessage = {
      kind: 'setting',
      code: '',
      fields: new Map([
        ['name', name],
        ['value', value],
      ]),
    };
    expect(shown(message, true, text)).toEqual({ name, value: expected });
    expect(scrubMessage(message, { detectors, strict: false, text })).toBe(message.fields);
  });

  test('names stay where the server itself wrote them', () => {
    const result = shown(error('23505', { M: 'x', s: 'billing', t: 'payments', n: 'payments_card_key', P: '7' }), true);
    expect(result).toMatchObject({
      M: 'unique constraint violation',
      s: 'billing',
      t: 'payments',
      n: 'payments_card_key',
      P: '7',
    });
  });

  test.each([
    [
      '42703',
      { M: 'column "nmae" does not exist', P: '8', H: 'Perhaps you meant to reference the column "t.name".' },
      'x',
    ],
    ['42P01', { M: 'relation "nope" does not exist' }, 'DROP TABLE Nope'],
    ['42501', { M: 'permission denied for table payments' }, 'SELECT 1'],
    ['25P02', { M: 'current transaction is aborted, commands ignored until end of transaction block' }, undefined],
    ['57014', { M: 'canceling statement due to user request' }, undefined],
    ['40001', { M: 'could not serialize access due to concurrent update' }, undefined],
    ['00000', { M: 'there is no transaction in progress' }, undefined],
  ])('%s is the client’s own or fixed text and stays', (code, fields, text) => {
    const message = error(code, fields);
    expect(scrubMessage(message, { detectors, strict: true, text })).toBe(message.fields);
  });

  test('what is quoted and not the client’s own is hidden', () => {
    expect(shown(error('42P01', { M: `relation "${canary}" does not exist` }), true, 'SELECT card::regclass').M).toBe(
      'syntax error or access rule violation',
    );
  });

  test.each([
    `SELECT substr(card, 13)::regclass FROM payments /* ${canary} */`,
    `INSERT INTO t SELECT card::regclass FROM payments -- ${canary}`,
    `DROP TABLE x; SELECT card::regclass FROM payments /* ${canary} */`,
    `/* ${canary} */ SELECT card::regclass FROM payments`,
    `CREATE TABLE t AS SELECT card::regclass FROM payments /* ${canary} */`,
    `DELETE FROM payments WHERE card::regclass = 1 /* ${canary} */`,
  ])('a guess in the text does not make an oracle: %s', (text) => {
    const result = shown(error('42P01', { M: `relation "${canary}" does not exist` }), true, text);
    expect(JSON.stringify(result)).not.toContain(canary);
  });

  test('a notification shows no payload', () => {
    const message: TargetMessage = {
      kind: 'notification',
      code: '',
      fields: new Map([
        ['channel', 'jobs'],
        ['payload', canary],
      ]),
    };
    expect(shown(message, true)).toEqual({ channel: 'jobs', payload: '[redacted]' });
    expect(scrubMessage(message, { detectors, strict: false })).toBe(message.fields);
  });
});

describe('messages while nothing is masked', () => {
  test('only detectors apply, and the same map comes back when they find nothing', () => {
    const clean = error('23505', { M: 'duplicate key', D: 'Key (id)=(42) already exists.' });
    expect(scrubMessage(clean, { detectors, strict: false })).toBe(clean.fields);
    expect(scrubMessage(clean, { strict: false })).toBe(clean.fields);
  });

  test.each([
    ['23505', 'D', 'Key (email)=(jane@example.com) already exists.', 'Key (email)=([email]) already exists.'],
    [
      '23503',
      'D',
      'Key (card)=(4242424242424242) is not present in table "cards".',
      'Key (card)=([card_number]) is not present in table "cards".',
    ],
    [
      '23514',
      'D',
      'Failing row contains (1, 4242 4242 4242 4242, null).',
      'Failing row contains (1, [card_number], null).',
    ],
    [
      '22P02',
      'M',
      'invalid input syntax for type integer: "jane@example.com"',
      'invalid input syntax for type integer: "[email]"',
    ],
    ['22P02', 'W', 'COPY t, line 1, column id: "4242424242424242"', 'COPY t, line 1, column id: "[card_number]"'],
    ['P0001', 'M', 'no such card: 4242424242424242', 'no such card: [card_number]'],
    ['P0001', 'H', 'ask jane@example.com', 'ask [email]'],
    ['42P01', 'q', `SELECT '4242424242424242' FROM nope`, `SELECT '[card_number]' FROM nope`],
  ])('%s, field %s: %s', (code, field, told, expected) => {
    expect(shown(error(code, { M: 'x', [field]: told }), false)[field]).toBe(expected);
  });

  test('payloads and settings too', () => {
    const payload = new Map([
      ['channel', 'jobs'],
      ['payload', '{"to": "jane@example.com"}'],
    ]);
    expect(shown({ kind: 'notification', code: '', fields: payload }, false)['payload']).toBe('{"to": "[email]"}');
    const setting = new Map([
      ['name', 'application_name'],
      ['value', 'card 4242424242424242'],
    ]);
    expect(shown({ kind: 'setting', code: '', fields: setting }, false)['value']).toBe('card [card_number]');
  });
});
