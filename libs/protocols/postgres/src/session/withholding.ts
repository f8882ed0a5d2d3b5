import type { Refusal } from '@sallyport/kernel';
import { errorResponse, sqlstate } from '../message/refusal.js';
import type { Exchange } from './exchange.js';
import type { Run } from './ledger.js';

/** From here on nothing of the answer is shown; the target's state stays what it says. */
export const withhold = (exchange: Exchange, run: Run, refusal: Refusal): void => {
  if (run.refused !== undefined) return;
  run.refused = sqlstate[refusal.code];
  run.copy = undefined;
  if (!exchange.hidden) exchange.output.inject(errorResponse('ERROR', { refusal }));
  exchange.hidden = true;
  if (run.form === 'simple' || exchange.ledger.boundaries > 0) return;
  exchange.skipping = run.refused;
  exchange.barrier = true;
  exchange.urge();
};
