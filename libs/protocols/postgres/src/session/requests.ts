import { decodeUtf8, refuse } from '@sallyport/kernel';
import type { Attempt, Notice, QuestionId, Verdict } from '@sallyport/kernel';
import type { Tried } from '@sallyport/kernel';
import { Framer } from '@sallyport/protocol-core';
import { zeroTerminated } from '../message/frontend.js';
import type { Complaint } from '../message/refusal.js';
import { decided, frontend, header } from '../message/type.js';
import { terminate } from '../message/write.js';
import { changesOf } from './changes.js';
import { malformed, misread, notText } from './complaints.js';
import { stopsTaking, takes } from './copy-in.js';
import type { Exchange } from './exchange.js';
import { ExtendedQuery } from './extended-query.js';
import { HeldBack } from './held-back.js';
import { mostUnanswered, newRun } from './ledger.js';
import { longMessage } from './long-message.js';
import type { Passage } from './passage.js';
import type { Requesting } from './requesting.js';
import { Trials, misused } from './trials.js';
import type { Candidate } from './trials.js';

interface OpenQuestion extends Candidate {
  readonly phase: 'prepare' | 'run' | 'tried';
  /** A server that reads its text gives the unnamed statement away first, whatever comes of it. */
  readonly unnamed: boolean;
}

/** What the client sends, once it is logged in: message by message, each asked for or known to be harmless. */
export class Requests {
  private readonly framer: Framer;
  private readonly held: HeldBack;
  private readonly trials: Trials;
  private readonly requesting: Requesting;
  private readonly extended: ExtendedQuery;
  private open: OpenQuestion | undefined;
  private waiting = false;
  /** The client will say no more: behind its last message comes a Terminate of ours. */
  private ended = false;
  private passage: Passage | undefined;
  /** Allowed while the target was being told to stop something else. */
  private deferred: { readonly id: QuestionId; readonly verdict: Verdict } | undefined;

  constructor(
    private readonly exchange: Exchange,
    private readonly nextId: () => QuestionId,
  ) {
    this.framer = new Framer({ lead: 1, uncounted: 1, least: 4, most: exchange.context.limits.clientMessage });
    this.held = new HeldBack(exchange);
    this.requesting = {
      exchange,
      held: this.held,
      ask: (question, allow, unnamed) => this.ask(question, allow, unnamed),
      refuse: (complaint, simple, unnamed) => this.refuse(complaint, simple, unnamed),
      wait: (frame) => this.wait(frame),
    };
    this.extended = new ExtendedQuery(this.requesting);
    const { inbox } = this.framer;
    this.trials = new Trials({
      exchange,
      next: () => (inbox.length > 0 ? inbox.bytes[inbox.at] : undefined),
      prepare: () => this.held.release(),
      ask: (of, attempt) => this.askTried(of, attempt),
      refuse: (complaint, simple) => this.refuse(complaint, simple),
      over: () => this.pump(),
    });
  }

  /** Waits for the target, and for nobody else. */
  get stalled(): boolean {
    return this.waiting && !this.busy;
  }

  /** A question is open, or a command is tried: either may take as long as people think. */
  private get busy(): boolean {
    return this.open !== undefined || this.trials.on;
  }

  feed(bytes: Uint8Array): void {
    const { exchange } = this;
    if (exchange.closed || exchange.draining) return;
    this.framer.push(bytes);
    const { heldBytes, clientMessage } = exchange.context.limits;
    const most = this.busy ? heldBytes : this.waiting ? clientMessage + heldBytes : Infinity;
    if (this.framer.inbox.length > most)
      exchange.fatal({ refusal: refuse('limit_exceeded', 'too much was sent ahead of a held command') }, 'refused');
    else if (this.open === undefined) this.pump();
  }

  /** The client will say no more. `false`: it waits for no answer that could still come. */
  finish(): boolean {
    const { exchange } = this;
    if (exchange.draining) return true;
    // A person is asked, or its data is waited for: both need somebody who is there.
    if (this.busy || this.passage !== undefined || exchange.copyIn) return false;
    if (exchange.ledger.length === 0 && !this.waiting) return false;
    this.ended = true;
    if (!this.waiting) this.terminate(terminate());
    return true;
  }

  answer(id: QuestionId, verdict: Verdict): void {
    const { exchange, open } = this;
    if (exchange.closed || open === undefined || open.id !== id) return;
    if (exchange.stopping) return void (this.deferred = { id, verdict });
    this.open = undefined;
    if (exchange.draining) return;
    if (verdict.kind !== 'try') return this.answered(open, verdict);
    if (open.phase !== 'run') return this.answered(open, { kind: 'deny', refusal: misused });
    if (verdict.mask) exchange.lastMask = verdict.mask;
    this.trials.begin(open, verdict);
  }

  private answered(open: OpenQuestion, verdict: Exclude<Verdict, Tried>): void {
    const { exchange } = this;
    if (open.phase === 'tried') return this.trials.answer(verdict);
    if (verdict.kind === 'deny') {
      if (exchange.skipping === undefined) this.refuse({ refusal: verdict.refusal }, open.simple, open.unnamed);
    } else if (exchange.skipping === undefined) {
      if (verdict.mask) exchange.lastMask = verdict.mask;
      open.allow(verdict);
    } else if (open.phase === 'run') exchange.overtaken(open.id, verdict.permit, exchange.skipping);
    this.pump();
  }

  /** The target was told to stop: what comes now cannot be hit. */
  stopped(): void {
    const { deferred, exchange } = this;
    exchange.stopping = false;
    this.deferred = undefined;
    this.trials.stopped();
    if (deferred !== undefined) this.answer(deferred.id, deferred.verdict);
    else this.resume();
  }

  inform(id: QuestionId, notice: Notice): void {
    if (!this.exchange.closed && this.open?.id === id) this.exchange.inform(notice);
  }

  /** The target moved on: what waited for it may go on. */
  resume(): void {
    this.exchange.informLate();
    if (this.exchange.skipping !== undefined) this.held.drop();
    if ((this.waiting || this.trials.on) && this.open === undefined) this.pump();
  }

  private pump(): void {
    const { exchange, framer } = this;
    this.waiting = false;
    this.trials.moved();
    while (!this.busy && !this.waiting && !exchange.closed && !exchange.draining) {
      if (this.passage !== undefined) {
        if (!this.passage.take(framer)) return;
        if (this.passage.over) this.passage = undefined;
        continue;
      }
      // A second start-up packet of any kind begins with a zero byte.
      if (framer.inbox.length > 0 && framer.inbox.bytes[framer.inbox.at] === 0)
        return exchange.violation('a start-up packet after the start');
      const frame = framer.next();
      if (frame === 'more') return this.ended ? this.terminate(terminate()) : undefined;
      if (frame === 'too_short') return exchange.violation('a message with an impossible length');
      if (frame === 'too_long') {
        this.passage = longMessage(this.requesting, framer.inbox);
        if (this.passage === undefined) return;
      } else this.take(frame);
    }
  }

  private take(frame: Uint8Array): void {
    const { exchange } = this;
    const type = frame[0] ?? 0;
    if (type === frontend.terminate) return this.terminate(frame);
    if (exchange.copyIn) return this.copying(frame, type);
    if (exchange.stopping) return this.wait(frame);
    if (exchange.ledger.length >= mostUnanswered) {
      exchange.urge();
      return this.wait(frame);
    }
    if (type === frontend.sync) return this.sync(frame);
    if (exchange.skipping !== undefined) return;
    if (exchange.barrier) return this.wait(frame);
    // Not decided on a state that is about to change.
    if (decided.has(type) && exchange.ledger.drifts > 0) return this.wait(frame);
    if (decided.has(type) && exchange.ledger.moving > 0) {
      exchange.urge();
      return this.wait(frame);
    }
    switch (type) {
      case frontend.query:
        return this.query(frame);
      case frontend.parse:
        return this.extended.parse(frame);
      case frontend.bind:
        return this.extended.bind(frame);
      case frontend.describe:
        return this.extended.describe(frame);
      case frontend.close:
        return this.extended.close(frame);
      case frontend.execute:
        return this.extended.execute(frame);
      case frontend.flush:
        this.held.add(frame, exchange.permit);
        this.held.release();
        exchange.unflushed = false;
        return;
      case frontend.copyData:
      case frontend.copyDone:
      case frontend.copyFail:
        // Perhaps a COPY is about to begin; if not, a server drops these too.
        if (exchange.ledger.runs === 0) return;
        this.exchange.urge();
        return this.wait(frame);
      case frontend.functionCall:
        return this.refuse({ refusal: refuse('unsupported', 'FunctionCall does not go through this gateway') }, true);
      default:
        return this.refuse(
          { refusal: refuse('protocol_violation', `message type 0x${type.toString(16)} is not known`) },
          !exchange.grouped && !this.held.any,
        );
    }
  }

  private query(frame: Uint8Array): void {
    const bytes = zeroTerminated(frame);
    if (bytes === undefined) return this.refuse(malformed('Query'), true);
    const text = decodeUtf8(bytes);
    if (text === undefined) return this.refuse(notText, true);
    const drift = misread(this.exchange.state);
    if (drift) return this.refuse(drift, true);
    const { exchange } = this;
    this.ask({ phase: 'run', form: 'simple', text, parameters: [] }, (id, { permit, mask, limit, intake }) => {
      this.held.release();
      exchange.outbox.add(frame, permit, 2);
      const changes = changesOf(text);
      const drifts = exchange.drifts || changes.drifts;
      const of = { form: 'simple', id, permit, mask, limit, intake, portal: undefined, ...changes, drifts } as const;
      exchange.ledger.push(newRun(of));
      this.exchange.nextStretch();
    });
  }

  private sync(frame: Uint8Array): void {
    const { exchange } = this;
    // Whether the target must roll back is only known when its earlier answers are.
    if (exchange.barrier) return this.wait(frame);
    exchange.skipping = undefined;
    this.held.add(frame, exchange.permit, { kind: 'sync', failed: false, drifts: exchange.drifts });
    this.held.release();
    this.exchange.nextStretch();
  }

  private copying(frame: Uint8Array, type: number): void {
    const { exchange } = this;
    const run = exchange.copyIn;
    if (!run) return;
    // Kept back when the COPY began: a server would have met it in the middle of the data.
    if (this.held.any) return exchange.misplaced();
    switch (type) {
      case frontend.copyDone:
      case frontend.copyFail:
        exchange.copyIn = undefined;
        exchange.outbox.add(frame, run.permit, 2);
        return;
      case frontend.copyData:
        if (takes(exchange, run, frame.subarray(header))) exchange.outbox.add(frame, run.permit, 2);
        else stopsTaking(exchange, run);
        return;
      case frontend.sync:
      case frontend.flush:
        // Ignored by a server in the middle of a COPY, so it need not hear of it.
        if (type === frontend.sync) exchange.strayedSyncs += 1;
        exchange.outbox.add(frame, exchange.permit);
        return;
      default:
        return exchange.misplaced();
    }
  }

  private terminate(frame: Uint8Array): void {
    const { exchange } = this;
    this.held.drop();
    exchange.outbox.add(frame, exchange.permit);
    if (exchange.ledger.length === 0) exchange.close('finished');
    else exchange.draining = true;
  }

  /**
   * Only the client is told; the target hears nothing of it, and what belongs to it alone is taken back. An error of the
   * target's own comes when it has read what came before: that goes there, and what it says of it comes first.
   */
  private refuse(complaint: Complaint, simple: boolean, unnamed = false): void {
    const { exchange } = this;
    const fails = complaint.refusal.failsAtTarget === true;
    if (simple || fails) this.held.release();
    else this.held.drop();
    const { grouped, runs, ledger, transaction, statements, epoch } = exchange;
    const change = fails && unnamed ? statements.change('', undefined, epoch) : undefined;
    // What went before must be answered first, and a target keeps answers back until it is told not to.
    this.exchange.urge();
    const mayBeOpen = transaction === 'open' || ledger.runs > 0;
    ledger.push({ kind: 'refuse', complaint, simple, grouped, runs, change });
    // Before anything else goes it must be known whether there is something to roll back, or a block to end.
    exchange.barrier = (simple ? grouped : runs > 0) || (fails && mayBeOpen);
    if (!simple) exchange.skipping = complaint.refusal.code;
    else this.exchange.nextStretch();
    exchange.settle();
  }

  private ask(
    { whole = true, ...question }: Parameters<Requesting['ask']>[0],
    allow: Parameters<Requesting['ask']>[1],
    unnamed = question.form === 'simple',
  ): void {
    const id = this.nextId();
    const simple = question.form === 'simple';
    this.open = { id, phase: question.phase, simple, unnamed, whole, allow: (verdict) => allow(id, verdict) };
    const { state, epoch: group } = this.exchange;
    this.exchange.ask({ kind: 'ask', id, question: { kind: 'command', ...question, state, group } });
  }

  /** The command that was tried waits for people, as any that is held. */
  private askTried(of: QuestionId, attempt: Attempt): void {
    const id = this.nextId();
    this.open = { id, phase: 'tried', simple: false, unnamed: false, whole: true, allow: () => undefined };
    this.exchange.ask({ kind: 'ask', id, question: { kind: 'tried', of, attempt } });
  }

  /** Put the message back: it is looked at again when the target has said more. */
  private wait(frame: Uint8Array): void {
    this.framer.inbox.at -= frame.length;
    this.waiting = true;
  }
}
