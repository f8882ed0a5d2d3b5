import { windowUnits } from '@sallyport/kernel';
import { budgetMeasures } from './obligation.js';
import type { BudgetLimit } from './obligation.js';

export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string };

const units: Readonly<Record<string, number>> = windowUnits;
export const shortestWindow = 1_000;
export const longestWindow = 31 * 86_400_000;

/** `rows=10000/1h, writes=50/1h` */
export const parseBudget = (text: string): Parsed<readonly BudgetLimit[]> => {
  if (text.length > 200) return { ok: false, message: 'a budget is longer than 200 characters' };
  const limits: BudgetLimit[] = [];
  for (const part of text.split(',')) {
    const found = /^ *([a-z]+) *= *([0-9]{1,15}) *\/ *([0-9]{1,6})([smhd]) *$/.exec(part);
    if (!found) return { ok: false, message: `"${part.trim()}" is not of the form rows=10000/1h (units s, m, h, d)` };
    const [, name = '', limit = '', count = '', unit = ''] = found;
    const measure = budgetMeasures.find((known) => known === name);
    if (!measure)
      return { ok: false, message: `a budget counts ${budgetMeasures.join(', ')}; "${name}" is none of them` };
    const window = Number(count) * (units[unit] ?? 0);
    if (window < shortestWindow || window > longestWindow)
      return { ok: false, message: 'a window is between 1s and 31d' };
    if (limits.some((other) => other.measure === measure && other.window === window)) {
      return { ok: false, message: `"${name}" is limited twice over the same window` };
    }
    limits.push({ measure, limit: Number(limit), window });
  }
  return { ok: true, value: limits };
};

/** `"1"` to `"9"` */
export const parseApprovals = (text: string): Parsed<number> =>
  /^[1-9]$/.test(text)
    ? { ok: true, value: Number(text) }
    : { ok: false, message: '@approval takes the number of people who must agree, "1" to "9"' };
