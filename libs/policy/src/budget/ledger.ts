import type { Budget, BudgetMeasure } from '../obligation/obligation.js';
import { pathId } from '../schema/uid.js';

/** What a command uses, or is about to use. What is missing is 0. */
export type Usage = Readonly<Partial<Record<BudgetMeasure, number>>>;

export interface Exceeded {
  readonly policy: string;
  readonly principal: string;
  readonly measure: BudgetMeasure;
  readonly limit: number;
  readonly used: number;
  /** Milliseconds. */
  readonly window: number;
  /** When something of the window will be free again at the earliest, milliseconds from now. */
  readonly retryAfter: number;
}

/**
 * Sliding windows, cut into 60 slots. A slot counts until its last moment has left the window, so a limit is never
 * passed; what is used comes free up to a sixtieth of the window late.
 */
export interface BudgetLedger {
  /** The first limit that `usage` would pass. A measure that `usage` does not name is not looked at. */
  wouldExceed(budgets: readonly Budget[], usage: Usage, now: number): Exceeded | undefined;
  charge(budgets: readonly Budget[], usage: Usage, now: number): void;
  /** How much of a measure is left under all of these budgets; `Infinity` where none limits it. */
  remaining(budgets: readonly Budget[], measure: BudgetMeasure, now: number): number;
}

const slots = 60;
const sweepAfter = 10_000;

interface Meter {
  readonly width: number;
  readonly window: number;
  /** Amount by slot number. */
  readonly used: Map<number, number>;
}

export const createBudgetLedger = (): BudgetLedger => {
  const meters = new Map<string, Meter>();
  let latest = 0;
  let charges = 0;
  /** A clock that is set back must not free anything. */
  const forward = (now: number): number => (latest = Math.max(latest, now));

  const meterOf = (budget: Budget, measure: BudgetMeasure, window: number): Meter => {
    const key = pathId(budget.connection, budget.principal, budget.policy, measure, String(window));
    const known = meters.get(key);
    if (known) return known;
    const made: Meter = { width: Math.max(1, Math.ceil(window / slots)), window, used: new Map() };
    meters.set(key, made);
    return made;
  };

  const every = function* (
    budgets: readonly Budget[],
  ): Generator<{ readonly budget: Budget; readonly limit: Budget['limits'][number]; readonly meter: Meter }> {
    for (const budget of budgets) {
      for (const limit of budget.limits) yield { budget, limit, meter: meterOf(budget, limit.measure, limit.window) };
    }
  };

  return {
    wouldExceed: (budgets, usage, now) => {
      const at = forward(now);
      for (const { budget, limit, meter } of every(budgets)) {
        const amount = amountOf(usage[limit.measure]);
        const used = usedAt(meter, at);
        if (amount === 0 || used + amount <= limit.limit) continue;
        const { policy, principal } = budget;
        return { policy, principal, ...limit, used, retryAfter: freeAfter(meter, at) };
      }
      return undefined;
    },
    charge: (budgets, usage, now) => {
      const at = forward(now);
      for (const { limit, meter } of every(budgets)) {
        const amount = amountOf(usage[limit.measure]);
        if (amount === 0) continue;
        usedAt(meter, at);
        const slot = Math.floor(at / meter.width);
        meter.used.set(slot, (meter.used.get(slot) ?? 0) + amount);
      }
      charges += 1;
      if (charges % sweepAfter === 0) {
        for (const [key, meter] of meters) if (usedAt(meter, at) === 0) meters.delete(key);
      }
    },
    remaining: (budgets, measure, now) => {
      const at = forward(now);
      let least = Infinity;
      for (const { limit, meter } of every(budgets)) {
        if (limit.measure === measure) least = Math.min(least, Math.max(0, limit.limit - usedAt(meter, at)));
      }
      return least;
    },
  };
};

/** Whatever is no amount counts as using everything up. */
const amountOf = (amount: number | undefined): number =>
  amount === undefined ? 0 : Number.isFinite(amount) && amount >= 0 ? amount : Infinity;

const leavesAt = (meter: Meter, slot: number): number => (slot + 1) * meter.width + meter.window;

/** Forgets what has left the window, and adds up the rest. */
const usedAt = (meter: Meter, now: number): number => {
  let sum = 0;
  for (const [slot, amount] of meter.used) {
    if (leavesAt(meter, slot) <= now) meter.used.delete(slot);
    else sum += amount;
  }
  return sum;
};

const freeAfter = (meter: Meter, now: number): number => {
  const [oldest] = [...meter.used.keys()].sort((a, b) => a - b);
  return oldest === undefined ? meter.window : Math.max(1, leavesAt(meter, oldest) - now);
};
