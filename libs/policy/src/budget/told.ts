import { budgetMeasures } from '../obligation/obligation.js';
import { longestWindow, shortestWindow } from '../obligation/grammar.js';
import type { BudgetUse } from './ledger.js';
import { mostSlots, slotBegins, slotLeaves } from './slot.js';

/** What one node tells another of a budget's use. */
export interface ToldUse {
  readonly connection: string;
  readonly principal: string;
  readonly policy: string;
  readonly measure: string;
  readonly window: number;
  readonly slots: readonly { readonly number: number; readonly used: number }[];
}

export type ReadUses =
  | { readonly kind: 'read'; readonly uses: readonly BudgetUse[] }
  | { readonly kind: 'refused'; readonly reason: string };

export const mostToldUses = 500;
/** How far another node's clock may be ahead. */
const skew = 60_000;
const longestName = 1_024;

/** Whole, or not at all: who gets one number wrong is not believed about the others. What is over by now is left out. */
export const readUses = (told: readonly ToldUse[], now: number): ReadUses => {
  if (told.length > mostToldUses) return refused(`more than ${mostToldUses} budgets at once`);
  const uses: BudgetUse[] = [];
  for (const { connection, principal, policy, measure: name, window, slots: given } of told) {
    const measure = budgetMeasures.find((known) => known === name);
    if (measure === undefined) return refused('a measure that no budget has');
    if (![connection, principal, policy].every(isName)) return refused('a name that is none');
    if (!Number.isSafeInteger(window) || window < shortestWindow || window > longestWindow)
      return refused('a window that no budget has');
    if (given.length > mostSlots) return refused('more slots than a window has');
    const slots = new Map<number, number>();
    for (const { number: slot, used } of given) {
      if (!isCount(slot) || !isCount(used)) return refused('an amount that is no number');
      if (slotBegins(window, slot) > now + skew) return refused('use in the future: is the clock set right?');
      if (slots.has(slot)) return refused('one slot told twice');
      if (slotLeaves(window, slot) > now) slots.set(slot, used);
    }
    if (slots.size > 0) uses.push({ connection, principal, policy, measure, window, slots });
  }
  return { kind: 'read', uses };
};

export const tellUses = (uses: readonly BudgetUse[]): ToldUse[] =>
  uses.map(({ slots, ...of }) => ({
    ...of,
    slots: [...slots].map(([number, used]) => ({ number, used: Math.min(used, Number.MAX_SAFE_INTEGER) })),
  }));

const refused = (reason: string): ReadUses => ({ kind: 'refused', reason });
const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
const isName = (text: string): boolean =>
  text !== '' && text.length <= longestName && text.isWellFormed() && !text.includes('\0');
