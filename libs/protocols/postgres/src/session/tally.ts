import { refuse } from '@sallyport/kernel';
import { rowsOf } from '../message/backend.js';
import { header } from '../message/type.js';
import type { Run } from './ledger.js';

/** How far an answer is, and what it counts. */

export const isOver = ({ stage, answered }: Run): boolean => stage === 'failed' || (stage === 'waiting' && answered);

/** What a command that is done says it did. */
export const count = (run: Run, tag: string): void => {
  const { copied } = run;
  run.copied = undefined;
  // Of a COPY that was cut off, what was shown; not what the target counts.
  const rows = copied !== undefined && run.refused !== undefined ? copied : rowsOf(tag);
  if (run.stage !== 'rows') run.counted += rows;
  if (copied !== undefined) run.exported += rows;
  // Rows that no client saw: a table was made of them.
  else if (/^(?:INSERT|UPDATE|DELETE|MERGE|COPY) /.test(tag) || (run.stage !== 'rows' && tag.startsWith('SELECT ')))
    run.written += rows;
};

export const isTrailer = (run: Run, total: number): boolean => run.binaryCopy && total === header + 2;

export const overLimit = refuse('limit_exceeded', 'the answer is longer than its budget has left', {
  hint: 'What was shown before is all there is.',
});
