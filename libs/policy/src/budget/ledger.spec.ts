import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { statement } from '../../testing/truth-table.js';
import { parseBudget } from '../obligation/grammar.js';
import type { Budget } from '../obligation/obligation.js';
import { createBudgetLedger } from './ledger.js';
import { leastUsage, uncountable } from './usage.js';

const budget = (text: string, more: Partial<Budget> = {}): Budget => {
  const parsed = parseBudget(text);
  if (!parsed.ok) throw new Error(parsed.message);
  return { policy: 'p', principal: 'Subagent::"etl"', connection: 'billing', limits: parsed.value, ...more };
};

describe('the grammar of @budget', () => {
  test('reads measures, limits and windows', () => {
    expect(parseBudget('rows=10000/1h, writes=50/30m,statements=1/1s , bytes=5/2d')).toEqual({
      ok: true,
      value: [
        { measure: 'rows', limit: 10_000, window: 3_600_000 },
        { measure: 'writes', limit: 50, window: 1_800_000 },
        { measure: 'statements', limit: 1, window: 1_000 },
        { measure: 'bytes', limit: 5, window: 172_800_000 },
      ],
    });
  });

  test.each([
    '',
    'rows',
    'rows=1',
    'rows=1/h',
    'rows=-1/1h',
    'rows=1.5/1h',
    'rows=1/1h,',
    'rows=1/0s',
    'rows=1/32d',
    'cows=1/1h',
    'rows=1/1h;writes=1/1h',
    'rows=1/1h, rows=2/1h',
    'rows=1e9/1h',
    'rows=9999999999999999/1h',
    'rows=1/1h'.repeat(50),
  ])('refuses %s', (text) => {
    expect(parseBudget(text).ok).toBe(false);
  });
});

describe('the ledger', () => {
  test('lets pass up to the limit, tells what is exceeded, and frees it after the window', () => {
    const ledger = createBudgetLedger();
    const one = budget('statements=3/1m');
    for (const at of [0, 1_000, 2_000]) {
      expect(ledger.wouldExceed([one], { statements: 1 }, at)).toBeUndefined();
      ledger.charge([one], { statements: 1 }, at);
    }
    expect(ledger.remaining([one], 'statements', 2_000)).toBe(0);
    expect(ledger.wouldExceed([one], { statements: 1 }, 30_000)).toEqual({
      policy: 'p',
      principal: 'Subagent::"etl"',
      measure: 'statements',
      limit: 3,
      used: 3,
      window: 60_000,
      retryAfter: 31_000,
    });
    expect(ledger.wouldExceed([one], { statements: 1 }, 61_000)).toBeUndefined();
    expect(ledger.wouldExceed([one], { statements: 2 }, 61_000)).toBeDefined();
  });

  test('never lets more through any window than its limit, whatever the rhythm', () => {
    const steps = fc.array(fc.tuple(fc.nat({ max: 20_000 }), fc.nat({ max: 4 })), { maxLength: 60 });
    fc.assert(
      fc.property(steps, (history) => {
        const ledger = createBudgetLedger();
        const one = budget('rows=10/1m');
        const passed: { at: number; amount: number }[] = [];
        let now = 0;
        for (const [wait, amount] of history) {
          now += wait;
          if (amount === 0 || ledger.wouldExceed([one], { rows: amount }, now)) continue;
          ledger.charge([one], { rows: amount }, now);
          passed.push({ at: now, amount });
          const inWindow = passed.filter(({ at }) => at > now - 60_000).reduce((sum, each) => sum + each.amount, 0);
          expect(inWindow).toBeLessThanOrEqual(10);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('keeps principals, connections and policies apart, and asks all of them', () => {
    const ledger = createBudgetLedger();
    const mine = budget('rows=10/1h');
    ledger.charge([mine], { rows: 10 }, 0);
    expect(ledger.wouldExceed([mine], { rows: 1 }, 0)).toBeDefined();
    const others = [{ principal: 'User::"etl"' }, { connection: 'crm' }, { policy: 'q' }].map((more) =>
      budget('rows=10/1h', more),
    );
    for (const other of others) expect(ledger.wouldExceed([other], { rows: 10 }, 0)).toBeUndefined();
    expect(ledger.wouldExceed([...others, mine], { rows: 1 }, 0)?.policy).toBe('p');
  });

  test('a used-up measure stops only what uses it', () => {
    const ledger = createBudgetLedger();
    const both = budget('rows=10/1h, writes=5/1h');
    ledger.charge([both], { writes: 7 }, 0);
    expect(ledger.wouldExceed([both], { rows: 1, writes: 0 }, 0)).toBeUndefined();
    expect(ledger.wouldExceed([both], { writes: 1 }, 0)?.measure).toBe('writes');
    expect(ledger.remaining([both], 'writes', 0)).toBe(0);
    expect(ledger.remaining([both], 'bytes', 0)).toBe(Infinity);
  });

  test('a clock that is set back frees nothing, and what is no number uses everything up', () => {
    const ledger = createBudgetLedger();
    const one = budget('rows=10/1m');
    ledger.charge([one], { rows: 10 }, 1_000_000);
    expect(ledger.wouldExceed([one], { rows: 1 }, 0)).toBeDefined();
    expect(ledger.wouldExceed([budget('rows=10/1m', { policy: 'z' })], { rows: NaN }, 1_000_000)).toBeDefined();
    expect(ledger.wouldExceed([budget('rows=10/1m', { policy: 'z' })], { rows: -5 }, 1_000_000)).toBeDefined();
  });

  test('rows that nobody counts are uncountable where a budget limits writes', () => {
    const facts = (writes?: 'told' | 'untold') => ({
      statements: [statement({}), statement(writes ? { writes } : {})],
    });
    const both = [budget('rows=10/1h', { policy: 'reads' }), budget('rows=10/1h, writes=5/1h', { policy: 'writes' })];
    expect(uncountable(both, facts('untold'))?.policy).toBe('writes');
    expect(uncountable(both.slice(0, 1), facts('untold'))).toBeUndefined();
    expect(uncountable(both, facts('told'))).toBeUndefined();
    expect(uncountable(both, facts())).toBeUndefined();
  });

  test('least usage is known from the facts', () => {
    const table = { kind: 'table', schema: 'public', table: 't' } as const;
    const facts = (given: Parameters<typeof statement>[0]) => ({ statements: [statement(given)] });
    expect(leastUsage(facts({ effects: [{ action: 'delete', object: table }] }))).toMatchObject({
      statements: 1,
      writes: 1,
      rows: 0,
    });
    expect(leastUsage(facts({ copy: 'to_client' }))).toMatchObject({ writes: 0, rows: 1, bytes: 1 });
    expect(leastUsage(facts({ writes: 'told' }))).toMatchObject({ writes: 1, rows: 0 });
  });
});
