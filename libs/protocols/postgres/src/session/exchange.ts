import { refuse } from '@sallyport/kernel';
import type {
  AnswerMask,
  CloseCause,
  Note,
  Notice,
  Permit,
  QuestionId,
  Refusal,
  SessionContext,
  Step,
  TargetState,
} from '@sallyport/kernel';
import { errorResponse, noticeResponse, sqlstate } from '../message/refusal.js';
import type { Complaint } from '../message/refusal.js';
import { openEnded } from './complaints.js';
import { executePortal, flush, readyForQuery, sync } from '../message/write.js';
import type { TransactionState } from '../message/write.js';
import { Ledger } from './ledger.js';
import { newRun } from './ledger.js';
import type { Entry, Portal, Run, Statement } from './ledger.js';
import { Kept } from './kept.js';
import { Names } from './names.js';
import { Outbox } from './outbox.js';
import { ClientOutput } from './output.js';
import type { Trial } from './trial.js';

const mostParameters = 256;
const mostParameterBytes = 1 << 20;

/** Bytes that a prepared statement keeps: of its text, and its parameters' types. */
export const weightOf = ({ text, types }: Pick<Statement, 'text' | 'types'>): number => text.length + types.length * 4;

/** What both directions of one logged-in session know and do together. */
export class Exchange {
  readonly output = new ClientOutput();
  readonly outbox = new Outbox();
  readonly ledger = new Ledger();
  readonly statements = new Names<Statement>(weightOf);
  readonly portals = new Names<Portal>(({ parameters }) => {
    let bytes = 0;
    for (const { value, length } of parameters) bytes += length === undefined ? (value?.length ?? 0) : 0;
    return bytes;
  });
  /** Counts Syncs: what belongs to one stretch fails together. */
  epoch = 0;
  /** Of the current stretch: messages and commands that went to the target. */
  grouped = false;
  runs = 0;
  /** The target may keep answers back: nothing was sent that makes it flush. */
  unflushed = false;
  /** A command of this stretch may change how later ones are read. */
  drifts = false;
  /** The client's messages are dropped until its Sync; the error's code. */
  skipping: string | undefined;
  /** A refusal that the client must hear before its next message counts. */
  barrier = false;
  /** Names that SQL gave in this session, as far as they were noticed. */
  readonly madeBySql = { statement: new Set<string>(), portal: new Set<string>() };
  /** The client may send COPY data for this command. */
  copyIn: Run | undefined;
  /** Half of a target's message went to the client: nothing else may go now. */
  midMessage = false;
  /** Syncs sent into a COPY: a server drops them, unless the COPY had just failed. Each may be answered or not. */
  strayedSyncs = 0;
  /** Answers up to the next ReadyForQuery are not shown: the client was told already that there are none. */
  hidden = false;
  /** The target is being told to stop: nothing may go there that this could hit. */
  stopping = false;
  /** The target said its last word itself; its code. */
  dying: string | undefined;
  closed = false;
  draining = false;
  lastMask: AnswerMask | undefined;
  /** A command is being tried: how it ended is not told before it is known whether it stays. */
  trial: Trial | undefined;
  /** What would go to the client goes here. */
  private kept: Kept | undefined;
  transaction: TransactionState = 'idle';
  /** What the target reported at login. */
  begunWith: ReadonlyMap<string, string> = new Map();
  private readonly parameters = new Map<string, string>();
  private parameterBytes = 0;
  private snapshot: TargetState | undefined;
  private steps: Step[] = [];
  private notes: Note[] = [];
  private late: Notice[] = [];
  private closing: CloseCause | undefined;

  constructor(
    readonly context: SessionContext,
    readonly database: string,
    readonly permit: Permit,
    readonly loginMask: AnswerMask | undefined,
  ) {}

  get state(): TargetState {
    this.snapshot ??= { database: this.database, transaction: this.transaction, parameters: new Map(this.parameters) };
    return this.snapshot;
  }
  setTransaction(transaction: TransactionState): void {
    if (transaction === this.transaction) return;
    this.transaction = transaction;
    this.snapshot = undefined;
  }
  /** `false`: more than any server reports. */
  setParameter(name: string, value: string): boolean {
    const key = name.toLowerCase();
    const before = this.parameters.get(key);
    if (before === value) return true;
    // Portals that are open were bound under another one.
    if (key === 'search_path' && before !== undefined) this.portals.forgetAll();
    this.parameterBytes += value.length - (before?.length ?? -key.length);
    this.parameters.set(key, value);
    this.snapshot = undefined;
    return this.parameterBytes <= mostParameterBytes && this.parameters.size <= mostParameters;
  }

  /** What a name stands for; where that is not certain, the target is to speak first. */
  private look<T>(names: Names<T>, name: string): T | 'unsure' | undefined {
    if (name !== '' && this.ledger.renames > 0) {
      this.urge();
      return 'unsure';
    }
    const found = names.look(name, this.epoch);
    return found.kind === 'found' ? found.value : found.kind === 'absent' ? undefined : 'unsure';
  }
  statement(name: string): Statement | 'unsure' | undefined {
    return this.look(this.statements, name);
  }
  portal(name: string): Portal | 'unsure' | undefined {
    return this.look(this.portals, name);
  }
  nextStretch(): void {
    this.epoch += 1;
    this.grouped = false;
    this.runs = 0;
    this.unflushed = false;
    this.drifts = false;
  }

  /** From here on nothing goes to the client. */
  keepBack(): Kept {
    this.say();
    this.kept = new Kept(this.context.limits.heldBytes);
    return this.kept;
  }
  keepNoMore(): void {
    if (this.kept === undefined) return;
    this.say();
    this.kept = undefined;
    // The client saw nothing of it.
    this.midMessage = false;
  }
  private say(): void {
    const { kept } = this;
    if (kept === undefined) return this.output.flush(this.steps);
    const said: Step[] = [];
    this.output.flush(said);
    for (const step of said) if (step.kind === 'toClient') kept.add(step.bytes);
  }
  /** Never in the middle of another message. */
  inform(notice: Notice): void {
    this.late.push(notice);
    this.informLate();
  }
  informLate(): void {
    if (this.midMessage) return;
    for (const notice of this.late) this.output.inject(noticeResponse(notice));
    this.late = [];
  }
  /** A name that no client guesses, for what is ours at the target. */
  ownName(): string {
    return `sallyport_${hex(this.context.random(16))}`;
  }

  ask(step: Extract<Step, { kind: 'ask' }>): void {
    this.say();
    this.outbox.flush(this.steps);
    // What came of earlier commands is part of what this one is decided on.
    this.flushNotes();
    this.steps.push(step);
  }
  /** Have the target stopped, where that can hit nothing but what it is for. */
  stop(): void {
    if (this.stopping || !this.ledger.headIsLast) return;
    this.stopping = true;
    this.steps.push({ kind: 'stop' });
  }
  private flushNotes(): void {
    for (const note of this.notes) this.steps.push({ kind: 'note', note });
    this.notes = [];
  }
  /** A name that SQL shares was given or taken: whoever follows those hears of it before the next question. */
  named(of: 'statement' | 'portal', name: string): void {
    if (name !== '') this.notes.push({ kind: 'named', of, name });
  }
  note(note: Note): void {
    this.notes.push(note);
  }
  /** Allowed, and it never ran: the target gave up on everything up to the next Sync before. */
  overtaken(id: QuestionId, permit: Permit, error: string): void {
    this.outcome(newRun({ ...neverSent, id, permit }), 'failed', error);
  }
  outcome(run: Run, status: 'completed' | 'failed' | 'unknown', error: string | undefined): void {
    if (this.trial?.id === run.id) return this.trial.outcome(run, status, error);
    // Of a COPY that did not come to its end, what was shown.
    const copied = run.copied ?? 0;
    this.notes.push({
      kind: 'outcome',
      question: run.id,
      status,
      rows: run.rows + run.counted + copied,
      returned: run.rows + run.exported + copied,
      written: run.written,
      bytes: run.bytes,
      ...(run.tag === undefined ? {} : { tag: run.tag }),
      ...(error === undefined ? {} : { error }),
      maskedColumns: [...run.maskedColumns],
      maskedCells: run.maskedCells,
    });
  }

  /** Say what was refused when its turn has come: everything before it was answered. */
  settle(): void {
    for (let entry = this.ledger.head; entry?.kind === 'refuse'; entry = this.ledger.head) {
      this.ledger.shift();
      this.lowerBarrier();
      if (entry.change) this.statements.settle(entry.change);
      if (!this.hidden) this.output.inject(errorResponse('ERROR', entry.complaint));
      const failed = this.failAtTarget(entry);
      if (!entry.simple) continue;
      if (entry.grouped || failed) {
        this.outbox.add(sync(), this.permit);
        this.ledger.push({ kind: 'sync', failed: false, drifts: true });
      } else this.output.inject(readyForQuery(this.transaction));
    }
  }

  /** Have the target say what it knows: it keeps answers back until a Sync or Flush. */
  urge(): void {
    if (!this.unflushed) return;
    this.outbox.add(flush(), this.permit);
    this.unflushed = false;
  }

  /** As it would itself: a pipeline outside of a transaction block runs whole or not at all, and its own errors end a block. */
  private failAtTarget({ complaint, runs }: Extract<Entry, { kind: 'refuse' }>): boolean {
    const undone = { idle: runs > 0, open: complaint.refusal.failsAtTarget === true, failed: false }[this.transaction];
    if (undone) this.provoke();
    return undone;
  }

  /** A block is the client's own to end. */
  rollBackPipeline(): void {
    if (this.transaction === 'idle') this.provoke();
  }

  /** An error at the target: run a portal that cannot exist. */
  private provoke(): void {
    this.outbox.add(executePortal(this.ownName()), this.permit);
    this.ledger.push({ kind: 'poison' });
    this.unflushed = true;
  }

  /** A message had no effect at the target. */
  cancel(entry: Entry): void {
    if (entry.kind === 'parse') this.statements.cancel(entry.change);
    else if (entry.kind === 'refuse' && entry.change) this.statements.cancel(entry.change);
    else if (entry.kind === 'bind') this.portals.cancel(entry.change);
    else if (entry.kind === 'close') {
      if (entry.statement) this.statements.cancel(entry.statement);
      if (entry.portal) this.portals.cancel(entry.portal);
    }
  }

  /** An error in the extended protocol: the target drops everything up to the next Sync, and so must the books. */
  failStretch(error: string): void {
    for (let entry = this.ledger.head; entry && entry.kind !== 'sync'; entry = this.ledger.head) {
      // It ends with a Sync as well.
      if (entry.kind === 'own') {
        entry.skipped = error;
        break;
      }
      this.ledger.shift();
      this.cancel(entry);
      if (entry.kind === 'run') this.outcome(entry, 'failed', error);
    }
    this.lowerBarrier();
    if (this.ledger.head === undefined) this.skipping = error;
  }
  /** Nothing is sent behind one, so what it waits for is over when everything is. */
  private lowerBarrier(): void {
    if (this.ledger.head === undefined) this.barrier = false;
  }

  /** Ends the session with the protocol's own error, where one can still be said. */
  fatal(complaint: Complaint, cause: CloseCause, alarm = false): void {
    if (this.closed) return;
    this.keepNoMore();
    const open = this.ledger.isOpen ? openEnded(complaint) : complaint;
    const said = this.trial?.lastWord(open) ?? open;
    if (!this.midMessage && !this.dying) this.output.inject(errorResponse('FATAL', said));
    if (alarm) this.note({ kind: 'alarm', refusal: complaint.refusal });
    this.close(cause, this.dying ?? sqlstate[complaint.refusal.code]);
  }
  /** A mask that throws ends its own session; what it threw may quote a value and is not passed on. */
  guarded<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch {
      const refusal = refuse('internal', 'the answer could not be masked');
      this.fatal({ refusal }, 'refused', true);
      return undefined;
    }
  }

  /** The client's data and its commands can no longer be told apart. */
  misplaced(): void {
    this.violation('a message that has no place in a COPY');
  }
  violation(what: string): void {
    const refusal: Refusal = { code: 'protocol_violation', message: `the client broke the protocol: ${what}` };
    this.fatal({ refusal }, 'refused', true);
  }

  /** The target broke the protocol: it is not read on, and only this session ends. */
  hostile(what: string): void {
    const refusal: Refusal = { code: 'protocol_violation', message: `the target broke the protocol: ${what}` };
    this.fatal({ refusal }, 'refused', true);
  }
  close(cause: CloseCause, error = sqlstate.approval_withdrawn): void {
    if (this.closed) return;
    this.closed = true;
    for (let entry = this.ledger.shift(); entry; entry = this.ledger.shift())
      if (entry.kind === 'run') this.outcome(entry, entry.stage === 'failed' ? 'failed' : 'unknown', entry.error);
    this.trial?.closed(error);
    this.closing = cause;
  }

  /** The event is over: what it came to. */
  finish(): readonly Step[] {
    this.say();
    this.outbox.flush(this.steps);
    this.flushNotes();
    const { steps } = this;
    this.steps = [];
    if (this.closing !== undefined) steps.push({ kind: 'close', cause: this.closing });
    this.closing = undefined;
    return steps;
  }
}

const neverSent = {
  form: 'extended',
  mask: undefined,
  limit: undefined,
  portal: undefined,
  renames: false,
  gives: [],
  drifts: false,
  rebinds: undefined,
} as const;

const hex = (bytes: Uint8Array): string => {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
};
