import { refuse } from '@sallyport/kernel';
import { copiedRows } from '../copied/rows.js';
import { header } from '../message/type.js';
import { copyFail } from '../message/write.js';
import type { Exchange } from './exchange.js';
import type { Run } from './ledger.js';
import { withhold } from './withholding.js';

/** The target asks for data. Its own word on the form is believed over that of the text. */
export const beginsToTake = (run: Run, frame: Uint8Array): void => {
  const options = run.intake?.options(run.intakes);
  run.intakes += 1;
  run.taken = 0;
  const isBinary = frame[header] === 1;
  run.taking = options !== undefined && (options.format === 'binary') === isBinary ? copiedRows(options) : undefined;
};

/** Some data more. `false`: it is more than the command may write. */
export const takes = (exchange: Exchange, run: Run, data: Uint8Array): boolean => {
  const { intake, taking } = run;
  if (intake === undefined || taking === undefined) return true;
  const rows = taking.push(data);
  if (rows === 0) return true;
  run.taken += rows;
  return exchange.guarded(() => intake.admit(run.written + run.taken)) === true;
};

/** The client hears why, and the target that there is no more: so it writes nothing of what it has. */
export const stopsTaking = (exchange: Exchange, run: Run): void => {
  if (exchange.closed || exchange.copyIn !== run) return;
  exchange.copyIn = undefined;
  exchange.outbox.add(copyFail('refused'), run.permit, 2);
  withhold(exchange, run, run.intake?.refusal ?? tooMuch);
};

const tooMuch = refuse('limit_exceeded', 'this command writes more than its budget has left', {
  hint: 'Nothing of it was written.',
});
