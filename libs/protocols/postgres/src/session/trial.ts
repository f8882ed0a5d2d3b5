import { refuse } from '@sallyport/kernel';
import type { Allowed, Attempt, Attempted, Permit, QuestionId, Refusal, TriedSample, Tried } from '@sallyport/kernel';
import { lenientText } from '../message/backend.js';
import { codeOf } from '../message/codes.js';
import { sqlstate } from '../message/refusal.js';
import type { Complaint } from '../message/refusal.js';
import { backend } from '../message/type.js';
import { readyForQuery, report } from '../message/write.js';
import type { TransactionState } from '../message/write.js';
import { openEnded } from './complaints.js';
import type { Exchange } from './exchange.js';
import { withoutLastComplete } from './kept.js';
import type { Kept } from './kept.js';
import type { Run } from './ledger.js';
import { encodeOwn, newBatch } from './own.js';
import type { OwnBatch } from './own.js';
import {
  afterQuery,
  countsQuery,
  declareBefore,
  mostTables,
  readableQuery,
  setQuery,
  settingsQuery,
  transactionsQuery,
} from './trial-queries.js';
import type { BoundedSetting } from './trial-queries.js';
import { changedBetween, countsOf, settingsOf, transactionsOf } from './trial-answers.js';
import type { Counts } from './trial-answers.js';

/** How a trial ended: the command stays, it failed by itself, or nothing of it is. */
export type TrialEnd =
  | { readonly kind: 'kept' }
  | { readonly kind: 'failed'; readonly code: string }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

export interface TrialInput {
  readonly exchange: Exchange;
  readonly id: QuestionId;
  readonly tried: Tried;
  readonly simple: boolean;
  /** Sends the command itself, as if it were allowed. */
  readonly send: (verdict: Allowed) => void;
  readonly ask: (attempt: Attempt) => void;
  readonly over: (end: TrialEnd) => void;
}

/** Milliseconds that reading a few rows may take. */
const sampleTimeout = 2_000;

/**
 * A command runs between a BEGIN and a COMMIT of ours, or a SAVEPOINT and its RELEASE where a block is open. Its answer is
 * kept back meanwhile. Whatever goes wrong in between undoes it; a connection that is gone undoes it at the target.
 */
export class Trial {
  private readonly name: string;
  /** Inside of a block of the client's. */
  private readonly inBlock: boolean;
  private before: Counts = new Map();
  private transactions: readonly string[] = [];
  private settings: ReadonlyMap<string, number> = new Map();
  private counted = true;
  private readable: readonly boolean[] = [];
  private samples: TriedSample[] = [];
  private readonly remarks: string[] = [];
  private kept: Kept | undefined;
  private ended:
    { readonly run: Run; readonly status: 'completed' | 'failed'; readonly error: string | undefined } | undefined;
  /** The COMMIT went, and nobody knows yet what became of it. */
  private committing = false;
  /** What waits until the target was told to stop. */
  private later: (() => void) | undefined;
  /** Why it cannot be tried after all. */
  private hindrance: Refusal | undefined;

  constructor(private readonly input: TrialInput) {
    const { exchange } = input;
    this.name = exchange.ownName();
    this.inBlock = exchange.transaction === 'open';
  }

  get id(): QuestionId {
    return this.input.id;
  }

  /** Nothing is under way, and what prepares the command was sent. */
  start(): void {
    const { tables } = this.input.tried.order;
    const asked = [
      this.inBlock ? `savepoint ${this.name}` : 'begin',
      settingsQuery,
      transactionsQuery,
      countsQuery,
      ...(tables.length > 0 ? [readableQuery(tables)] : []),
    ];
    this.own(asked, this.input.tried.permit, (batch) => {
      if (batch.skipped !== undefined) {
        // What prepares it failed, and the client heard of that.
        this.tell('failed', batch.skipped);
        return this.input.over({ kind: 'failed', code: batch.skipped });
      }
      if (batch.error !== undefined) return this.undo(this.cannot(batch.error));
      const [, settings, transactions, counts, readable] = batch.answers;
      this.settings = settingsOf(settings);
      this.counted = this.settings.get('track_counts') === 1;
      this.transactions = transactionsOf(transactions);
      this.before = countsOf(counts);
      this.readable = (readable?.rows[0] ?? []).map((cell) => cell !== null && lenientText(cell) === 't');
      if (!this.counted) return this.undo(uncounted);
      this.bound();
    });
  }

  /** Every wait gets an end before the command goes. */
  private bound(): void {
    const { order, permit } = this.input.tried;
    const { tables, lockTimeout, runTimeout, idleTimeout } = order;
    const least = (name: BoundedSetting, most: number): number => {
      const now = this.settings.get(name) ?? 0;
      return now > 0 ? Math.min(now, most) : most;
    };
    const settings = {
      lock_timeout: least('lock_timeout', lockTimeout),
      statement_timeout: least('statement_timeout', runTimeout),
      // Not the least: it waits here for people, whatever the client does between its own commands.
      idle_in_transaction_session_timeout: idleTimeout,
    };
    const cursors = tables.flatMap((table, at) =>
      table.before && this.readable[at] === true ? [declareBefore(this.cursor(at), table, this.transactions)] : [],
    );
    this.own([setQuery(settings), ...cursors], permit, (batch) => {
      if (batch.error !== undefined) return this.undo(this.cannot(batch.error));
      this.run();
    });
  }

  private run(): void {
    const { exchange, tried, simple, send } = this.input;
    this.kept = exchange.keepBack();
    const { permit, mask, limit } = tried;
    send({ kind: 'allow', permit, ...(mask ? { mask } : {}), ...(limit ? { limit } : {}) });
    if (!simple) this.own([], permit, (_batch, transaction) => this.ran(transaction));
  }

  /** The outcome of the command, which is not told yet. */
  outcome(run: Run, status: 'completed' | 'failed' | 'unknown', error: string | undefined): void {
    this.ended ??= { run, status: status === 'completed' ? 'completed' : 'failed', error };
  }

  /** It wants data of the client, which would have to come while people think. */
  hinder(): void {
    this.hindrance ??= unsendable;
  }

  /** The command was answered. */
  ran(transaction: TransactionState): void {
    const { exchange } = this.input;
    exchange.keepNoMore();
    // A cancel that is on its way must not hit what comes next.
    if (exchange.stopping) return void (this.later = () => this.ran(transaction));
    const { ended, kept } = this;
    if (ended === undefined || transaction === 'idle') return exchange.fatal({ refusal: escaped }, 'refused', true);
    if (this.hindrance !== undefined) return this.undo(this.hindrance);
    if (ended.status === 'failed') {
      if (ended.run.refused === undefined && ended.error === '55P03') return this.undo(locked);
      return this.fail(ended.error ?? sqlstate.internal, transaction);
    }
    if (kept?.overflowed) return this.undo(tooMuch);
    if (this.inBlock) return this.count();
    // What only shows at a COMMIT shows now, before anybody is asked.
    this.own(['set constraints all immediate'], this.input.tried.permit, (batch) => {
      if (batch.error !== undefined) return this.failInstead(batch.error, 'failed');
      this.count();
    });
  }

  stopped(): void {
    const { later } = this;
    this.later = undefined;
    later?.();
  }

  private count(): void {
    const { permit } = this.input.tried;
    const look = [countsQuery, `savepoint ${this.name}_look`, setQuery({ statement_timeout: sampleTimeout })];
    this.own(look, permit, (batch) => {
      if (batch.error !== undefined) return this.undo(this.cannot(batch.error));
      const tables = changedBetween(this.before, countsOf(batch.answers[0]));
      if (tables.length > mostTables) this.remarks.push(`more than ${mostTables} tables are changed`);
      this.sample({ kind: 'ran', tables: tables.slice(0, mostTables), samples: [], remarks: [] });
    });
  }

  /** Rows are read in a part of their own: where that fails, only they are missing. */
  private sample(attempt: Attempted): void {
    const { tried } = this.input;
    const wanted = tried.order.tables.flatMap((table, at) => {
      if (this.readable[at] !== true) {
        this.remarks.push(`rows of ${table.schema}.${table.name} are not shown: the target's role may not read them`);
        return [];
      }
      return [
        ...(table.before ? [{ table, after: false, text: `fetch all from ${this.cursor(at)}` }] : []),
        ...(table.after ? [{ table, after: true, text: afterQuery(table, this.transactions) }] : []),
      ];
    });
    this.own(
      wanted.map(({ text }) => text),
      tried.permit,
      (batch) => {
        if (batch.error !== undefined)
          this.remarks.push(`rows are not shown: the target answered ${codeOf(batch.error)} when they were read`);
        else
          this.samples = wanted.flatMap(({ table, after }, index): TriedSample[] => {
            const { columns, rows, left } = batch.answers[index] ?? noAnswer;
            if (left > 0) this.remarks.push(`${left} rows of ${table.schema}.${table.name} are too long to be shown`);
            return rows.length > 0 ? [{ table, after, columns, rows }] : [];
          });
        this.show(attempt);
      },
    );
  }

  private show(attempt: Attempted): void {
    const { tried, ask } = this.input;
    this.own([`rollback to savepoint ${this.name}_look`], tried.permit, (batch) => {
      if (batch.error !== undefined) return this.undo(this.cannot(batch.error));
      ask({ ...attempt, samples: this.samples, remarks: this.remarks });
    });
  }

  /** People agreed: it stays. */
  keep(permit: Permit): void {
    const { exchange, over } = this.input;
    const was = {
      lock_timeout: this.settings.get('lock_timeout') ?? 0,
      statement_timeout: this.settings.get('statement_timeout') ?? 0,
      idle_in_transaction_session_timeout: this.settings.get('idle_in_transaction_session_timeout') ?? 0,
    };
    const cursors = this.input.tried.order.tables.flatMap(({ before }, at) =>
      before && this.readable[at] === true ? [`close ${this.cursor(at)}`] : [],
    );
    // A block ends with the client's own COMMIT: without that, nothing of it stays.
    this.committing = !this.inBlock;
    const end = this.inBlock ? `release savepoint ${this.name}` : 'commit';
    this.own([...cursors, setQuery(was), end], permit, (batch, transaction) => {
      this.committing = false;
      if (batch.error !== undefined) return this.failInstead(batch.error, transaction);
      if (batch.answers.at(-1)?.tag !== (this.inBlock ? 'RELEASE' : 'COMMIT') || transaction !== this.outside)
        return exchange.hostile('another end of a transaction than was asked for');
      this.deliver(this.kept?.take() ?? nothing);
      this.tell('completed', undefined);
      over({ kind: 'kept' });
    });
  }

  /** Nothing of it stays, and the client hears why. */
  undo(refusal: Refusal): void {
    const { exchange, over } = this.input;
    this.rollBack((transaction) => {
      if (transaction !== this.outside) return exchange.hostile('a transaction that is not rolled back');
      this.tell('failed', sqlstate[refusal.code]);
      over({ kind: 'refused', refusal });
    });
  }

  private rollBack(then: (transaction: TransactionState) => void, again = true): void {
    const { name } = this;
    const texts = this.inBlock ? [`rollback to savepoint ${name}`, `release savepoint ${name}`] : ['rollback'];
    this.own(texts, this.input.exchange.permit, (batch, transaction) => {
      // A cancel that came late may have hit it.
      if (batch.error !== undefined && again) return this.rollBack(then, false);
      if (batch.error !== undefined) return this.input.exchange.hostile('a transaction that is not rolled back');
      then(transaction);
    });
  }

  /** By itself: the client sees its error, and a block of its own is failed by it as it always is. */
  private fail(code: string, transaction: TransactionState, answer = this.kept?.take() ?? nothing): void {
    const done = (): void => {
      this.deliver(answer);
      this.tell('failed', code);
      this.input.over({ kind: 'failed', code });
    };
    const byTarget = this.ended?.run.refused === undefined;
    if (transaction === 'idle' || (this.inBlock && transaction === 'failed' && byTarget)) return done();
    this.rollBack(done);
  }

  /** It ran, and could not stay: a server says that instead of what it did, or behind it. */
  private failInstead(error: ReadonlyMap<string, string>, transaction: TransactionState): void {
    const { exchange, simple, tried } = this.input;
    const said = { kind: 'error', code: codeOf(error), fields: error } as const;
    const fields = tried.mask === undefined ? error : exchange.guarded(() => tried.mask?.scrub(said));
    if (fields === undefined) return;
    const answer = this.kept?.take() ?? nothing;
    const shown = simple ? withoutLastComplete(answer) : answer;
    const whole = new Uint8Array([...shown, ...report(backend.error, fields)]);
    this.fail(codeOf(fields), transaction, whole);
  }

  private deliver(answer: Uint8Array): void {
    const { exchange, simple } = this.input;
    exchange.output.inject(answer);
    if (simple) exchange.output.inject(readyForQuery(exchange.transaction));
  }

  /** Nobody knows whether it stays. */
  get uncertain(): boolean {
    return this.committing;
  }

  /** The target is gone, or the session ends: the last that the client hears says what that means for its command. */
  lastWord(complaint: Complaint): Complaint {
    const { refusal } = complaint;
    if (!this.committing) return { ...complaint, refusal: { hint: notKept, ...refusal } };
    const { code, message } = refusal;
    const told = openEnded(complaint).refusal.facts ?? {};
    return {
      state: unresolved,
      refusal: refuse(code, `${message}; it is not known whether the command took effect`, {
        facts: told,
        hint: 'The target was told to commit it. Look before you send it again.',
      }),
    };
  }

  /** The session is over. */
  closed(error: string): void {
    if (this.committing) this.tell('unknown', undefined);
    else this.tell('failed', this.ended?.error ?? error);
  }

  private tell(status: 'completed' | 'failed' | 'unknown', error: string | undefined): void {
    const { exchange, id, tried } = this.input;
    const { ended } = this;
    exchange.trial = undefined;
    if (ended === undefined) return exchange.overtaken(id, tried.permit, error ?? sqlstate.internal);
    // What was undone was never written, and its rows went to nobody.
    const { run } = ended;
    if (status === 'failed' && ended.status === 'completed') Object.assign(run, undone);
    exchange.outcome(run, status, error);
  }

  private get outside(): TransactionState {
    return this.inBlock ? 'open' : 'idle';
  }

  private cursor(at: number): string {
    return `${this.name}_${at}`;
  }

  private cannot(error: ReadonlyMap<string, string>): Refusal {
    return refuse(
      'denied',
      `this command must be tried before it is approved, and the target answered ${codeOf(error)}`,
      {
        hint: 'Nothing was executed.',
      },
    );
  }

  private own(
    texts: readonly string[],
    permit: Permit,
    then: (batch: OwnBatch, transaction: TransactionState) => void,
  ): void {
    const { exchange } = this.input;
    const batch: OwnBatch = newBatch(texts.length, (transaction) => {
      exchange.setTransaction(transaction);
      exchange.hidden = false;
      if (transaction === 'idle') exchange.portals.forgetAll();
      then(batch, transaction);
    });
    exchange.outbox.add(encodeOwn(texts, this.name), permit, 2);
    exchange.ledger.push(batch);
    exchange.unflushed = false;
  }
}

const nothing = new Uint8Array(0);
const noAnswer = { columns: [], rows: [], left: 0 } as const;
const undone = { rows: 0, counted: 0, exported: 0, written: 0, bytes: 0, copied: undefined } as const;

/** transaction_resolution_unknown */
const unresolved = '08007';
const notKept = 'Nothing of the command that was tried stays.';
const again = 'Nothing was executed.';
const locked = refuse('limit_exceeded', 'this command is tried before it is approved, and others hold its locks', {
  hint: `${again} Send it again when they are done.`,
});
const tooMuch = refuse(
  'limit_exceeded',
  'the answer of this command is too long to be kept back while people are asked',
  {
    hint: `${again} Ask for less of it (RETURNING).`,
  },
);
const unsendable = refuse(
  'unsupported',
  'a command that reads data of the client cannot be tried before it is approved',
  {
    hint: again,
  },
);
const uncounted = refuse('denied', 'this command must be tried before it is approved, and the target counts no rows', {
  hint: `${again} track_counts is off there.`,
});
const escaped = refuse('state_drift', 'a command ended the transaction in which it was tried');
