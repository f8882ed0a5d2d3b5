import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createBudgetLedger } from './ledger.js';
import { slotAt } from './slot.js';
import { readUses, tellUses } from './told.js';
import type { ToldUse } from './told.js';
import { parseBudget } from '../obligation/grammar.js';
import type { Budget } from '../obligation/obligation.js';

const hour = 3_600_000;
const now = 1_000 * hour;
const slot = slotAt(hour, now);
const told = (more: Partial<ToldUse> = {}): ToldUse => ({
  connection: 'billing',
  principal: 'Subagent::"etl"',
  policy: 'p',
  measure: 'rows',
  window: hour,
  slots: [{ number: slot, used: 7 }],
  ...more,
});
const budget = (text: string): Budget => {
  const parsed = parseBudget(text);
  if (!parsed.ok) throw new Error(parsed.message);
  return { policy: 'p', principal: 'Subagent::"etl"', connection: 'billing', limits: parsed.value };
};
const usesOf = (given: readonly ToldUse[], at = now) => {
  const read = readUses(given, at);
  if (read.kind === 'refused') throw new Error(read.reason);
  return read.uses;
};

describe('what a node says of use', () => {
  test('is read as it was told', () => {
    expect(tellUses(usesOf([told()]))).toEqual([told()]);
    expect(readUses([], now)).toEqual({ kind: 'read', uses: [] });
  });

  test('what has left its window is left out', () => {
    expect(usesOf([told({ slots: [{ number: slot - 61, used: 1 }] })])).toEqual([]);
    expect(usesOf([told({ slots: [{ number: slot - 59, used: 1 }] })])).toHaveLength(1);
  });

  test.each<[string, Partial<ToldUse>]>([
    ['an unknown measure', { measure: 'cows' }],
    ['a measure of the prototype', { measure: 'constructor' }],
    ['no connection', { connection: '' }],
    ['a NUL', { policy: 'p\0' }],
    ['half a surrogate', { principal: '\ud800' }],
    ['an endless name', { principal: 'x'.repeat(1_025) }],
    ['a window of 0', { window: 0 }],
    ['a window that is too long', { window: 32 * 24 * hour }],
    ['a window that is no whole number', { window: 1_500.5 }],
    ['a negative amount', { slots: [{ number: slot, used: -1 }] }],
    ['NaN', { slots: [{ number: slot, used: NaN }] }],
    ['infinity', { slots: [{ number: slot, used: Infinity }] }],
    ['a fraction', { slots: [{ number: slot, used: 0.5 }] }],
    ['more than can be added', { slots: [{ number: slot, used: 2 ** 53 }] }],
    ['a slot of the future', { slots: [{ number: slot + 3, used: 1 }] }],
    ['a slot before the epoch', { slots: [{ number: -1, used: 1 }] }],
    [
      'one slot twice',
      {
        slots: [
          { number: slot, used: 1 },
          { number: slot, used: 2 },
        ],
      },
    ],
    ['more slots than there are', { slots: Array.from({ length: 63 }, (_, at) => ({ number: slot - at, used: 1 })) }],
  ])('%s: nothing of it is believed', (_name, wrong) => {
    expect(readUses([told(), told({ connection: 'crm', ...wrong })], now)).toMatchObject({ kind: 'refused' });
  });

  test('more than is taken at once', () => {
    expect(
      readUses(
        Array.from({ length: 501 }, () => told()),
        now,
      ).kind,
    ).toBe('refused');
  });
});

describe('a ledger of several nodes', () => {
  test('what others used counts, told once, twice or in the wrong order', () => {
    const ledger = createBudgetLedger();
    const one = budget('rows=10/1h');
    ledger.charge([one], { rows: 2 }, now);
    for (const used of [5, 7, 7, 3]) ledger.learn(usesOf([told({ slots: [{ number: slot, used }] })]), now);
    expect(ledger.remaining([one], 'rows', now)).toBe(1);
    expect(ledger.wouldExceed([one], { rows: 2 }, now)).toMatchObject({ used: 9 });
    expect(ledger.remaining([one], 'rows', now + 2 * hour)).toBe(10);
  });

  test('tells the whole amount of what changed, and all of it when it is asked to', () => {
    const ledger = createBudgetLedger();
    const both = budget('rows=10/1h, writes=5/1m');
    ledger.learn(usesOf([told()]), now);
    ledger.charge([both], { rows: 2, writes: 1 }, now);
    expect(tellUses(ledger.own('untold', now))).toHaveLength(2);
    expect(ledger.own('untold', now)).toEqual([]);
    ledger.charge([both], { rows: 3 }, now);
    expect(tellUses(ledger.own('untold', now))).toEqual([told({ slots: [{ number: slot, used: 5 }] })]);
    expect(ledger.own('all', now)).toHaveLength(2);
    expect(tellUses(ledger.others(now))).toEqual([told()]);
  });

  test('what was used in an earlier run is used still, and is told as one’s own', () => {
    const ledger = createBudgetLedger();
    const one = budget('rows=10/1h');
    ledger.restore(usesOf([told()]), now);
    ledger.charge([one], { rows: 1 }, now);
    expect(tellUses(ledger.own('all', now))).toEqual([told({ slots: [{ number: slot, used: 8 }] })]);
    expect(ledger.remaining([one], 'rows', now)).toBe(2);
  });

  test('whatever is lost, repeated and late between nodes: once all have spoken, each counts all of it, once', () => {
    const step = fc.record({
      node: fc.nat({ max: 2 }),
      rows: fc.nat({ max: 5 }),
      wait: fc.nat({ max: 90_000 }),
      tell: fc.nat({ max: 2 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const one = budget('rows=1000000/1h');
        const nodes = [0, 1, 2].map(() => createBudgetLedger());
        const alone = createBudgetLedger();
        let at = now;
        /** As the control plane keeps it: of each node, whatever it said last. */
        const kept = new Map<number, readonly ToldUse[]>();
        const tell = (to: number): void => {
          const sums = new Map<number, number>();
          for (const [from, uses] of kept)
            if (from !== to)
              for (const { number, used } of uses.flatMap(({ slots }) => slots))
                sums.set(number, (sums.get(number) ?? 0) + used);
          const slots = [...sums].map(([number, used]) => ({ number, used }));
          nodes[to]?.learn(usesOf([told({ slots })], at), at);
        };
        const report = (node: number): void => {
          kept.set(node, tellUses(nodes[node]?.own('all', at) ?? []));
        };
        for (const { node, rows, wait, tell: to } of steps) {
          at += wait;
          nodes[node]?.charge([one], { rows }, at);
          alone.charge([one], { rows }, at);
          if (rows % 2 === 0) report(node);
          tell(to);
        }
        [0, 1, 2].forEach(report);
        [0, 1, 2].forEach(tell);
        const left = alone.remaining([one], 'rows', at);
        expect(nodes.map((node) => node.remaining([one], 'rows', at))).toEqual([left, left, left]);
      }),
      { numRuns: 200 },
    );
  });
});
