import type { Budget, BudgetMeasure } from '../obligation/obligation.js';
import { pathId } from '../schema/uid.js';
import { Meter } from './meter.js';
import type { Slots } from './meter.js';

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

/** What is counted together, on every node alike. */
export interface BudgetWindow {
  readonly connection: string;
  readonly principal: string;
  readonly policy: string;
  readonly measure: BudgetMeasure;
  /** Milliseconds. */
  readonly window: number;
}

export interface BudgetUse extends BudgetWindow {
  readonly slots: Slots;
}

/**
 * Sliding windows, cut into 60 slots. A slot counts until its last moment has left the window, so a limit is never
 * passed; what is used comes free up to a sixtieth of the window late. Others' use counts as soon as it is known.
 */
export interface BudgetLedger {
  /** The first limit that `usage` would pass. A measure that `usage` does not name is not looked at. */
  wouldExceed(budgets: readonly Budget[], usage: Usage, now: number): Exceeded | undefined;
  charge(budgets: readonly Budget[], usage: Usage, now: number): void;
  /** How much of a measure is left under all of these budgets; `Infinity` where none limits it. */
  remaining(budgets: readonly Budget[], measure: BudgetMeasure, now: number): number;
  /** What was used here, the whole amount of each slot; `untold`: of those that changed since that was asked the last time. */
  own(which: 'all' | 'untold', now: number): readonly BudgetUse[];
  others(now: number): readonly BudgetUse[];
  /** What this node used in an earlier run. */
  restore(uses: readonly BudgetUse[], now: number): void;
  /** What all the others used together. Told twice, or out of order, it counts once. */
  learn(uses: readonly BudgetUse[], now: number): void;
}

const sweepAfter = 10_000;

interface Counted {
  readonly of: BudgetWindow;
  readonly meter: Meter;
}

export const createBudgetLedger = (): BudgetLedger => {
  const counted = new Map<string, Counted>();
  /** The meters of a budget, one for each of its limits: a decision gives the same budgets to each of its commands. */
  let found = new WeakMap<Budget, readonly Meter[]>();
  let latest = 0;
  let turns = 0;
  /** A clock that is set back must not free anything. */
  const forward = (now: number): number => (latest = Math.max(latest, now));

  const meterOf = ({ connection, principal, policy, measure, window }: BudgetWindow): Meter => {
    const key = pathId(connection, principal, policy, measure, String(window));
    const known = counted.get(key);
    if (known) return known.meter;
    const meter = new Meter(window);
    counted.set(key, { of: { connection, principal, policy, measure, window }, meter });
    return meter;
  };

  const metersOf = (budget: Budget): readonly Meter[] => {
    const known = found.get(budget);
    if (known) return known;
    const meters = budget.limits.map(({ measure, window }) => meterOf({ ...budget, measure, window }));
    found.set(budget, meters);
    return meters;
  };

  const every = function* (
    budgets: readonly Budget[],
  ): Generator<{ readonly budget: Budget; readonly limit: Budget['limits'][number]; readonly meter: Meter }> {
    for (const budget of budgets) {
      const meters = metersOf(budget);
      for (const [index, limit] of budget.limits.entries()) {
        const meter = meters[index];
        if (meter) yield { budget, limit, meter };
      }
    }
  };

  const sweep = (at: number): void => {
    turns += 1;
    if (turns % sweepAfter !== 0) return;
    for (const [key, { meter }] of counted) if (meter.usedAt(at) === 0) counted.delete(key);
    found = new WeakMap();
  };

  const usesAt = (slotsOf: (meter: Meter) => Slots): readonly BudgetUse[] => {
    const uses: BudgetUse[] = [];
    for (const { of, meter } of counted.values()) {
      const slots = slotsOf(meter);
      if (slots.size > 0) uses.push({ ...of, slots });
    }
    return uses;
  };

  return {
    wouldExceed: (budgets, usage, now) => {
      const at = forward(now);
      for (const { budget, limit, meter } of every(budgets)) {
        const amount = amountOf(usage[limit.measure]);
        const used = meter.usedAt(at);
        if (amount === 0 || used + amount <= limit.limit) continue;
        const { policy, principal } = budget;
        return { policy, principal, ...limit, used, retryAfter: meter.freeAfter(at) };
      }
      return undefined;
    },
    charge: (budgets, usage, now) => {
      const at = forward(now);
      for (const { limit, meter } of every(budgets)) {
        const amount = amountOf(usage[limit.measure]);
        if (amount > 0) meter.charge(amount, at);
      }
      sweep(at);
    },
    remaining: (budgets, measure, now) => {
      const at = forward(now);
      let least = Infinity;
      for (const { limit, meter } of every(budgets)) {
        if (limit.measure === measure) least = Math.min(least, Math.max(0, limit.limit - meter.usedAt(at)));
      }
      return least;
    },
    own: (which, now) => {
      const at = forward(now);
      return usesAt((meter) => meter.own(which, at));
    },
    others: (now) => {
      const at = forward(now);
      return usesAt((meter) => meter.others(at));
    },
    restore: (uses, now) => {
      const at = forward(now);
      for (const use of uses) meterOf(use).restore(use.slots, at);
    },
    learn: (uses, now) => {
      const at = forward(now);
      for (const use of uses) meterOf(use).learn(use.slots, at);
      sweep(at);
    },
  };
};

/** Whatever is no amount counts as using everything up. */
const amountOf = (amount: number | undefined): number =>
  amount === undefined ? 0 : Number.isFinite(amount) && amount >= 0 ? amount : Infinity;
