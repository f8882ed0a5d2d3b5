import { refuse, spellWindow } from '@sallyport/kernel';
import type { AnswerLimit, Clock, CopyOptions, Intake, OutcomeNote, Refusal } from '@sallyport/kernel';
import { leastUsage } from '@sallyport/policy';
import type { Budget, BudgetLedger, Exceeded } from '@sallyport/policy';
import type { Facts } from '@sallyport/sql';

export interface SpendInput {
  readonly ledger: BudgetLedger;
  readonly budgets: readonly Budget[];
  readonly facts: Facts;
  readonly clock: Clock;
  /** How the `nth` COPY of the client's data is written, where its rows can be counted as they come. */
  readonly copied?: (nth: number) => CopyOptions | undefined;
}

/** What one command uses of its budgets, from the moment it goes. */
export interface Spending {
  /** For what goes to the client, where a budget measures that: writes return rows too. */
  readonly limit: AnswerLimit | undefined;
  /** For what comes from the client as COPY data, where a budget measures rows that are written. */
  readonly intake: Intake | undefined;
  /** What it used beyond what was counted already. */
  settle(note: OutcomeNote): void;
}

/**
 * The least that is certain is charged when the command goes, or a pipeline would run past its limit before its first answer
 * came. Rows that come back are charged one by one as they are shown; what was written, when the target has counted it: a COPY from the client
 * that is too long is cut while it comes, and has written nothing.
 */
export const spend = ({ ledger, budgets, facts, clock, copied }: SpendInput): Spending => {
  if (budgets.length === 0) return nothing;
  const least = leastUsage(facts).writes ?? 0;
  ledger.charge(budgets, { statements: facts.statements.length, writes: least }, clock.now());
  const shown = { rows: 0, bytes: 0 };
  const measured = budgets.some(({ limits }) =>
    limits.some(({ measure }) => measure === 'rows' || measure === 'bytes'),
  );
  let refusal: Refusal | undefined;
  const limit: AnswerLimit = {
    get refusal() {
      return refusal;
    },
    admit(rows, bytes) {
      const now = clock.now();
      const exceeded = ledger.wouldExceed(budgets, { rows, bytes }, now);
      if (exceeded !== undefined) {
        refusal = overBudget(exceeded, 'What was shown before is all there is; the rest was not shown.');
        return false;
      }
      ledger.charge(budgets, { rows, bytes }, now);
      shown.rows += rows;
      shown.bytes += bytes;
      return true;
    },
  };
  let tooMuch: Refusal | undefined;
  const intake: Intake = {
    options: (nth) => copied?.(nth),
    get refusal() {
      return tooMuch;
    },
    admit(written) {
      const exceeded = ledger.wouldExceed(budgets, { writes: beyond(written, least) }, clock.now());
      if (exceeded !== undefined) tooMuch = overBudget(exceeded, 'Nothing of this COPY was written.');
      return exceeded === undefined;
    },
  };
  const counts =
    copied !== undefined && budgets.some(({ limits }) => limits.some(({ measure }) => measure === 'writes'));
  return {
    limit: measured ? limit : undefined,
    intake: counts ? intake : undefined,
    settle({ returned, written, bytes }) {
      const more = {
        rows: beyond(returned, shown.rows),
        writes: beyond(written, least),
        bytes: beyond(bytes, shown.bytes),
      };
      ledger.charge(budgets, more, clock.now());
    },
  };
};

const beyond = (all: number, counted: number): number => Math.max(0, all - counted);

const nothing: Spending = { limit: undefined, intake: undefined, settle: () => undefined };

/** A budget of a login has its id in both places. */
const setBy = ({ policy, principal }: Pick<Budget, 'policy' | 'principal'>): string =>
  policy === principal ? `login ${policy}` : `policy ${policy}`;

export const overBudget = (exceeded: Exceeded, hint: string): Refusal => {
  const { measure, limit, window, retryAfter } = exceeded;
  return refuse(
    'limit_exceeded',
    `the budget of ${limit} ${measure} per ${spellWindow(window)} is used up (${setBy(exceeded)})`,
    { hint, facts: { retry_after: Math.ceil(retryAfter / 1000) } },
  );
};

export const notCounted = (budget: Budget): Refusal =>
  refuse('denied', `it writes rows that the target does not count, and a budget limits those (${setBy(budget)})`, {
    hint: 'Nothing was executed. Write with INSERT, UPDATE, DELETE, MERGE or COPY of its own: not in a WITH, nor with TRUNCATE.',
  });
