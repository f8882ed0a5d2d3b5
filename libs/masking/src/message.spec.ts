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
    expect(shown(error('23505', { M: 'x', D: 'Key (card)=(4242424242424242) already exists.' }), false).D).toBe(
      'Key (card)=([card_number]) already exists.',
    );
  });
});
