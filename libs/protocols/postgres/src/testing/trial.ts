import type { ScriptEvent, Trial } from '@sallyport/protocol-core/testing';
import { message } from '../message/write.js';
import type { TransactionState } from '../message/write.js';
import { backend } from '../message/type.js';
import * as target from './target.js';

/** What a scripted PostgreSQL says to a command that the gateway tries in a transaction of its own. */

interface Script {
  /** To what prepares it. */
  readonly prepared?: readonly Uint8Array[];
  readonly answer: readonly Uint8Array[];
  /** Behind it, in the extended protocol: to the client's own Sync. */
  readonly synced?: readonly Uint8Array[];
}

export function trialOf({ prepared = [], answer, synced = [] }: Script): Trial {
  const start = own(
    'open',
    ran('BEGIN'),
    rows(['name', 'setting'], ['track_counts', 'on']),
    rows(['transactionid']),
    counted(),
  );
  const look = own('open', counted(['public', 'people', '0', '0', '2']), ran('SAVEPOINT'), set);
  const bytes = (...pieces: readonly Uint8Array[]): ScriptEvent => ({
    kind: 'bytes',
    side: 'target',
    bytes: target.together(...pieces),
  });
  return {
    asked: [
      bytes(...prepared, ...start),
      bytes(...own('open', set)),
      bytes(...answer, target.ready('open')),
      bytes(...own('open', ran('SET CONSTRAINTS'))),
      bytes(...look),
      bytes(...own('open')),
      bytes(...own('open', ran('ROLLBACK'))),
    ],
    kept: [bytes(...own('idle', set, ran('COMMIT'))), ...synced.map((each) => bytes(each))],
    undone: [bytes(...own('idle', ran('ROLLBACK'))), ...synced.map((each) => bytes(each))],
    answer: target.together(...prepared, ...answer, target.ready()),
  };
}

/** Answers to a batch of the gateway's own, each closed, parsed, bound, described, run and closed again. */
const own = (transaction: TransactionState, ...answers: readonly (readonly Uint8Array[])[]): readonly Uint8Array[] => [
  ...answers.flatMap((answer) => [
    closed,
    closed,
    target.parseComplete(),
    target.bindComplete(),
    ...answer,
    closed,
    closed,
  ]),
  target.ready(transaction),
];

const closed = message(backend.closeComplete);
const ran = (tag: string): readonly Uint8Array[] => [target.noData(), target.complete(tag)];
const rows = (names: readonly string[], ...values: readonly (readonly string[])[]): readonly Uint8Array[] => [
  target.describe('text', ...names),
  ...values.map((value) => target.row(...value)),
  target.complete(`SELECT ${values.length}`),
];
const counted = (...tables: readonly (readonly string[])[]): readonly Uint8Array[] =>
  rows(['schemaname', 'relname', 'n_tup_ins', 'n_tup_upd', 'n_tup_del'], ...tables);
const set = rows(['set_config'], ['1000']);
