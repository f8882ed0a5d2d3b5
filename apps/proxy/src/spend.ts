import type { AnswerLimit, Clock, OutcomeNote } from '@sallyport/kernel';
import { leastUsage } from '@sallyport/policy';
import type { Budget, BudgetLedger } from '@sallyport/policy';
import type { Facts } from '@sallyport/sql';
import { outlineOf } from './outline.js';

export interface SpendInput {
  readonly ledger: BudgetLedger;
  readonly budgets: readonly Budget[];
  readonly facts: Facts;
  readonly clock: Clock;
}

/** What one command uses of its budgets, from the moment it goes. */
export interface Spending {
  /** For what it reads, where a budget measures that. */
  readonly limit: AnswerLimit | undefined;
  /** What it used beyond what was counted already. */
  settle(note: OutcomeNote): void;
}

/**
 * The least that is certain is charged when the command goes, or a pipeline would run past its limit before its first answer
 * came. Rows that are read are charged one by one as they are shown; what was written, when the target has counted it.
 */
export const spend = ({ ledger, budgets, facts, clock }: SpendInput): Spending => {
  if (budgets.length === 0) return nothing;
  const { writes } = outlineOf(facts);
  const least = leastUsage(facts).writes ?? 0;
  ledger.charge(budgets, { statements: facts.statements.length, writes: least }, clock.now());
  const shown = { rows: 0, bytes: 0 };
  const measured = budgets.some(({ limits }) =>
    limits.some(({ measure }) => measure === 'rows' || measure === 'bytes'),
  );
  const limit: AnswerLimit = {
    admit(rows, bytes) {
      const now = clock.now();
      if (ledger.wouldExceed(budgets, { rows, bytes }, now) !== undefined) return false;
      ledger.charge(budgets, { rows, bytes }, now);
      shown.rows += rows;
      shown.bytes += bytes;
      return true;
    },
  };
  return {
    limit: measured && !writes ? limit : undefined,
    settle(note) {
      const more = writes ? { writes: beyond(note.rows, least) } : { rows: beyond(note.rows, shown.rows) };
      ledger.charge(budgets, { ...more, bytes: beyond(note.bytes, shown.bytes) }, clock.now());
    },
  };
};

const beyond = (all: number, counted: number): number => Math.max(0, all - counted);

const nothing: Spending = { limit: undefined, settle: () => undefined };
