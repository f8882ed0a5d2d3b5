import { refuse } from '@sallyport/kernel';
import type { Allowed, Attempt, QuestionId, Tried, Verdict } from '@sallyport/kernel';
import type { Complaint } from '../message/refusal.js';
import { frontend } from '../message/type.js';
import type { Exchange } from './exchange.js';
import { Trial } from './trial.js';
import type { TrialEnd } from './trial.js';

/** A command that is to be tried, as the client sent it. */
export interface Candidate {
  readonly id: QuestionId;
  readonly simple: boolean;
  /** All of its rows are asked for at once. */
  readonly whole: boolean;
  readonly allow: (verdict: Allowed) => void;
}

export interface TrialsInput {
  readonly exchange: Exchange;
  /** The type of the client's next message. `undefined`: it did not come yet. */
  readonly next: () => number | undefined;
  /** What prepares the command goes to the target. */
  readonly prepare: () => void;
  readonly ask: (of: QuestionId, attempt: Attempt) => void;
  readonly refuse: (complaint: Complaint, simple: boolean) => void;
  /** It is over, one way or another. */
  readonly over: () => void;
}

/** Whether and when a command can be tried; and what is said to the client of how that ended. */
export class Trials {
  private candidate: (Candidate & { readonly tried: Tried }) | undefined;

  constructor(private readonly input: TrialsInput) {}

  get on(): boolean {
    return this.candidate !== undefined;
  }

  begin(candidate: Candidate, tried: Tried): void {
    this.candidate = { ...candidate, tried };
    this.input.exchange.urge();
    this.moved();
  }

  /** A side said more: what must be known before may be known now. */
  moved(): void {
    if (this.input.exchange.closed) return;
    const { candidate } = this;
    const { exchange, next, prepare, ask } = this.input;
    if (candidate === undefined || exchange.trial !== undefined || exchange.ledger.length > 0 || exchange.stopping)
      return;
    const { id, simple, tried } = candidate;
    if (exchange.skipping !== undefined) {
      exchange.overtaken(id, tried.permit, exchange.skipping);
      return this.finish();
    }
    const why = this.hindrance(candidate, next);
    if (why === 'unknown') return;
    if (why !== undefined) return ask(id, { kind: 'impossible', why });
    const trial = new Trial({
      exchange,
      id,
      tried,
      simple,
      send: candidate.allow,
      ask: (attempt) => ask(id, attempt),
      over: (end) => this.ended(end, candidate),
    });
    exchange.trial = trial;
    prepare();
    trial.start();
  }

  /** People answered. */
  answer(verdict: Exclude<Verdict, Tried>): void {
    const { candidate } = this;
    const { exchange, refuse: complain } = this.input;
    const { trial } = exchange;
    if (candidate === undefined) return;
    if (trial !== undefined) return verdict.kind === 'allow' ? trial.keep(verdict.permit) : trial.undo(verdict.refusal);
    // It could not be tried, so it runs now or never.
    this.candidate = undefined;
    if (verdict.kind === 'allow') candidate.allow(verdict);
    else complain({ refusal: verdict.refusal }, candidate.simple);
    this.input.over();
  }

  stopped(): void {
    this.input.exchange.trial?.stopped();
    this.moved();
  }

  private hindrance({ simple, whole }: Candidate, next: () => number | undefined): string | 'unknown' | undefined {
    const { transaction, runs } = this.input.exchange;
    if (transaction === 'failed') return 'its transaction has failed already';
    if (!whole) return 'its rows are asked for in slices';
    if (transaction === 'open') return undefined;
    if (runs > 0) return 'it takes effect together with commands before it, outside of a transaction block';
    if (simple) return undefined;
    const type = next();
    if (type === undefined) return 'unknown';
    return type === frontend.sync ? undefined : 'more may follow in its pipeline, outside of a transaction block';
  }

  private ended(end: TrialEnd, { simple }: Candidate): void {
    const { exchange, refuse: complain } = this.input;
    // What it was part of is over with it, unless a block holds it.
    if (exchange.transaction === 'idle') exchange.runs = 0;
    if (end.kind === 'refused') complain({ refusal: end.refusal }, simple);
    else if (end.kind === 'failed' && !simple) exchange.skipping = end.code;
    this.finish();
  }

  private finish(): void {
    this.candidate = undefined;
    this.input.over();
  }
}

/** Nothing that only prepares is tried. */
export const misused = refuse('internal', 'a command that does not run cannot be tried');
