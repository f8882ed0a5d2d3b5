import type { Facts, SqlAction } from '@sallyport/sql';
import type { Budget } from '../obligation/obligation.js';
import type { Usage } from './ledger.js';

const writes: readonly SqlAction[] = ['insert', 'update', 'delete', 'merge'];

/**
 * The least that a command will use, known before it runs: asked of `wouldExceed`, so that a used-up limit on rows stops
 * what returns rows, one on writes what writes, and neither stops the other. What it really used is charged afterwards.
 */
export const leastUsage = (facts: Facts): Usage => {
  const wrote = facts.statements.some(
    ({ effects, writes: others }) => others !== undefined || effects.some(({ action }) => writes.includes(action)),
  );
  const answers = facts.statements.some(
    ({ answer, copy }) => answer.kind === 'columns' || answer.kind === 'unproved' || copy === 'to_client',
  );
  return {
    statements: facts.statements.length,
    writes: wrote ? 1 : 0,
    rows: answers ? 1 : 0,
    bytes: answers ? 1 : 0,
  };
};

/** A limit on written rows that cannot hold here: nobody says how many rows these statements write. */
export const uncountable = (budgets: readonly Budget[], facts: Facts): Budget | undefined =>
  facts.statements.some(({ writes: others }) => others === 'untold')
    ? budgets.find(({ limits }) => limits.some(({ measure }) => measure === 'writes'))
    : undefined;
