import type { AnswerColumn } from '@sallyport/kernel';
import { ByteReader, concat } from '@sallyport/protocol-core';
import { encodeBind, encodeClose, encodeDescribe, encodeExecute, encodeParse } from '../client.js';
import { readColumns, readFields, readTexts } from '../message/backend.js';
import { backend, header } from '../message/type.js';
import { sync, transactionOf } from '../message/write.js';
import type { TransactionState } from '../message/write.js';

/** Rows of one answer that are kept, and bytes of a row. What is longer is counted, and left. */
const mostRows = 256;
const longestOwnRow = 16 * 1024;

export interface OwnAnswer {
  columns: readonly AnswerColumn[];
  readonly rows: (readonly (Uint8Array | null)[])[];
  /** Rows that were too many or too long. */
  left: number;
  tag: string;
}

/** Commands that the gateway itself sent, and what came of them: up to their ReadyForQuery, none of it is for the client. */
export interface OwnBatch {
  readonly kind: 'own';
  readonly drifts: false;
  readonly commands: number;
  readonly answers: OwnAnswer[];
  /** Of the one under way, the messages that came. */
  step: number;
  answer: OwnAnswer | undefined;
  error: ReadonlyMap<string, string> | undefined;
  /** A message of the client before it failed, so the target dropped all of this. */
  skipped: string | undefined;
  readonly done: (transaction: TransactionState) => void;
}

/**
 * In messages of the extended protocol, under a name of our own: a simple query would take the client's unnamed statement
 * and portal away. Nothing of these names stays.
 */
export const encodeOwn = (texts: readonly string[], name: string): Uint8Array =>
  concat([
    ...texts.flatMap((text) => [
      // One that failed before left them.
      encodeClose('portal', name),
      encodeClose('statement', name),
      encodeParse(text, name),
      encodeBind({ portal: name, statement: name }),
      encodeDescribe('portal', name),
      encodeExecute(name),
      encodeClose('portal', name),
      encodeClose('statement', name),
    ]),
    sync(),
  ]);

export const newBatch = (commands: number, done: OwnBatch['done']): OwnBatch => ({
  kind: 'own',
  drifts: false,
  commands,
  answers: [],
  step: 0,
  answer: undefined,
  error: undefined,
  skipped: undefined,
  done,
});

/** One that is too long to be kept is only counted. */
export const leavesRow = ({ answer }: OwnBatch, total: number): boolean => {
  if (answer === undefined || total <= longestOwnRow) return false;
  answer.left += 1;
  return true;
};

/** Behind it comes nothing. */
export const isLastWord = (type: number, frame: Uint8Array): boolean =>
  type === backend.error && /^(?:FATAL|PANIC)$/.test(readFields(frame)?.get('V') ?? '');

/** One message for it. `false`: nothing that could come now. */
export const takeOwn = (batch: OwnBatch, type: number, frame: Uint8Array): boolean => {
  if (type === backend.error) {
    const fields = readFields(frame);
    if (fields === undefined || batch.error !== undefined) return false;
    batch.error = fields;
    return true;
  }
  if (type === backend.readyForQuery) {
    const transaction = frame.length === header + 1 ? transactionOf(frame[header]) : undefined;
    const isWhole = batch.answers.length === batch.commands && batch.step === 0;
    if (transaction === undefined) return false;
    if (!isWhole && batch.error === undefined && batch.skipped === undefined) return false;
    batch.done(transaction);
    return true;
  }
  if (batch.error !== undefined || batch.skipped !== undefined || batch.answers.length >= batch.commands) return false;
  return advance(batch, type, frame);
};

/** Closed, parsed, bound, described, run, and both names closed. */
const messages = 8;

const advance = (batch: OwnBatch, type: number, frame: Uint8Array): boolean => {
  const { answer } = batch;
  switch (batch.step) {
    case 2:
      if (type !== backend.parseComplete) return false;
      batch.answer = { columns: [], rows: [], left: 0, tag: '' };
      break;
    case 3:
      if (type !== backend.bindComplete) return false;
      break;
    case 4: {
      if (type === backend.noData) break;
      const columns = type === backend.rowDescription ? readColumns(frame) : undefined;
      if (columns === undefined || answer === undefined) return false;
      answer.columns = columns;
      break;
    }
    case 5: {
      if (answer === undefined) return false;
      if (type === backend.dataRow) return addRow(answer, frame);
      const tag = type === backend.commandComplete ? readTexts(frame, header, 1)?.[0] : undefined;
      if (tag === undefined) return false;
      answer.tag = tag;
      break;
    }
    default:
      if (type !== backend.closeComplete) return false;
  }
  batch.step += 1;
  if (batch.step < messages) return true;
  batch.step = 0;
  if (answer !== undefined) batch.answers.push(answer);
  batch.answer = undefined;
  return true;
};

const addRow = (answer: OwnAnswer, frame: Uint8Array): boolean => {
  const reader = new ByteReader(frame, header);
  const count = reader.uint16();
  const cells: (Uint8Array | null)[] = [];
  for (let index = 0; index < count && !reader.broken; index += 1) {
    const length = reader.int32();
    // A view would keep the whole chunk.
    cells.push(length === -1 ? null : reader.take(length).slice());
  }
  if (!reader.finished || count !== answer.columns.length) return false;
  if (answer.rows.length < mostRows) answer.rows.push(cells);
  else answer.left += 1;
  return true;
};
