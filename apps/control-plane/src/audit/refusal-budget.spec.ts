import { describe, expect, test } from '@jest/globals';
import { RefusalBudget } from './refusal-budget.js';

const limits = { window: 1_000, burst: 3, refill: 100 };

describe('the budget of refusals', () => {
  test('counts the like with the first one, for a window', () => {
    const budget = new RefusalBudget(limits);
    const first = budget.count('a', 0);
    expect(first).toMatchObject({ isNew: true, isOverflow: false });
    for (let again = 0; again < 50; again++)
      expect(budget.count('a', 999)).toEqual({ id: first.id, isNew: false, isOverflow: false });
    const next = budget.count('a', 1_000);
    expect(next.isNew).toBe(true);
    expect(budget.take(1_000)).toEqual([{ id: first.id, times: 51 }]);
    expect(budget.take(1_000)).toEqual([]);
  });

  test('the unlike share a budget that refills; one record stands for the rest', () => {
    const budget = new RefusalBudget(limits);
    const fresh = Array.from({ length: 1_000 }, (_, index) => budget.count(`key ${index}`, 0)).filter(
      ({ isNew }) => isNew,
    );
    expect(fresh.map(({ isOverflow }) => isOverflow)).toEqual([false, false, false, true]);
    expect(budget.take(0)).toEqual([{ id: fresh[3]?.id, times: 997 }]);
    expect(budget.count('later', 99).isNew).toBe(false);
    expect(budget.count('later', 100)).toMatchObject({ isNew: true, isOverflow: false });
    expect(budget.count('later still', 100)).toMatchObject({ isNew: false, isOverflow: true });
  });

  test('a flood makes no more records than the budget, however long it goes on', () => {
    const budget = new RefusalBudget(limits);
    let records = 0;
    for (let now = 0; now < 10_000; now += 1) {
      if (budget.count(`key ${now}`, now).isNew) records += 1;
      if (now % 500 === 0) budget.take(now);
    }
    expect(records).toBeLessThanOrEqual(3 + 100 + 10);
  });
});
