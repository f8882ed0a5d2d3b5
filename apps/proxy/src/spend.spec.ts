import { describe, expect, test } from '@jest/globals';
import type { Clock, OutcomeNote } from '@sallyport/kernel';
import { createBudgetLedger, leastUsage, parseBudget } from '@sallyport/policy';
import type { Budget } from '@sallyport/policy';
import { columnsOf, on, statement } from '../testing/texts.js';
import { spend } from './spend.js';

const clock: Clock = { now: () => 0, monotonic: () => 0 };
const budgetOf = (text: string): Budget => {
  const limits = parseBudget(text);
  if (!limits.ok) throw new Error(limits.message);
  return { policy: 'p', principal: 'Subagent::"etl"', connection: 'billing', limits: limits.value };
};
const reading = { statements: [statement({ effects: [on('select', 't')], answer: columnsOf('t', 'id') })] };
const writing = { statements: [statement({ effects: [on('insert', 't')] })] };
const outcome = ({ returned = 0, written = 0, bytes = 0 }): OutcomeNote => ({
  kind: 'outcome',
  question: 1,
  status: 'completed',
  rows: Math.max(returned, written),
  returned,
  written,
  bytes,
  maskedColumns: [],
  maskedCells: 0,
});

describe('what a running command spends', () => {
  test('a pipeline of writes is counted while nothing of it is answered yet', () => {
    const ledger = createBudgetLedger();
    const budgets = [budgetOf('writes=3/1h')];
    let sent = 0;
    while (ledger.wouldExceed(budgets, leastUsage(writing), 0) === undefined) {
      spend({ ledger, budgets, facts: writing, clock });
      sent += 1;
    }
    expect(sent).toBe(3);
  });

  test('a write counts as one at least, and as what it wrote', () => {
    const ledger = createBudgetLedger();
    const budgets = [budgetOf('writes=10/1h')];
    spend({ ledger, budgets, facts: writing, clock }).settle(outcome({ written: 0 }));
    expect(ledger.remaining(budgets, 'writes', 0)).toBe(9);
    spend({ ledger, budgets, facts: writing, clock }).settle(outcome({ written: 7 }));
    expect(ledger.remaining(budgets, 'writes', 0)).toBe(2);
  });

  test('rows are counted as they come, over everything that runs at once, and once only', () => {
    const ledger = createBudgetLedger();
    const budgets = [budgetOf('rows=5/1h, bytes=1000/1h')];
    const [one, other] = [1, 2].map(() => spend({ ledger, budgets, facts: reading, clock }));
    const admitted = [one, other, one, other, one, other, one].map((each) => each?.limit?.admit(1, 10));
    expect(admitted).toEqual([true, true, true, true, true, false, false]);
    one?.settle(outcome({ returned: 3, bytes: 60 }));
    other?.settle(outcome({ returned: 2, bytes: 20 }));
    expect(ledger.remaining(budgets, 'rows', 0)).toBe(0);
    expect(ledger.remaining(budgets, 'bytes', 0)).toBe(1000 - 80);
  });

  test('bytes are a limit of their own', () => {
    const ledger = createBudgetLedger();
    const { limit } = spend({ ledger, budgets: [budgetOf('bytes=25/1h')], facts: reading, clock });
    expect([limit?.admit(1, 20), limit?.admit(1, 20), limit?.admit(1, 5)]).toEqual([true, false, true]);
    expect(limit?.refusal).toMatchObject({
      code: 'limit_exceeded',
      message: 'the budget of 25 bytes per 1h is used up (policy p)',
      facts: { retry_after: 3660 },
    });
  });

  test('what a write returns is limited and counted as what a query returns', () => {
    const ledger = createBudgetLedger();
    const budgets = [budgetOf('rows=3/1h, writes=9/1h, bytes=100/1h')];
    const { limit, settle } = spend({ ledger, budgets, facts: writing, clock });
    expect([1, 2, 3, 4].map(() => limit?.admit(1, 10))).toEqual([true, true, true, false]);
    settle(outcome({ returned: 3, written: 4, bytes: 45 }));
    const left = (['rows', 'writes', 'bytes'] as const).map((measure) => ledger.remaining(budgets, measure, 0));
    expect(left).toEqual([0, 5, 55]);
  });

  test('no limit where no budget measures what comes back', () => {
    const ledger = createBudgetLedger();
    expect(spend({ ledger, budgets: [budgetOf('statements=1/1h')], facts: reading, clock }).limit).toBeUndefined();
    expect(spend({ ledger, budgets: [budgetOf('writes=9/1h')], facts: writing, clock }).limit).toBeUndefined();
    expect(spend({ ledger, budgets: [], facts: reading, clock }).limit).toBeUndefined();
  });
});
