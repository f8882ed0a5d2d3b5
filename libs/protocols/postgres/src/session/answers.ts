import type { AnswerColumn, AnswerMask, MaskChoice, Refusal } from '@sallyport/kernel';
import { refuse } from '@sallyport/kernel';
import { Inbox, readInt32, sameBytes } from '@sallyport/protocol-core';
import { CopyMask } from '../mask/copy.js';
import { maskRow } from '../mask/row.js';
import { readColumns, readCopy, readFields, readTexts } from '../message/backend.js';
import { codeOf } from '../message/codes.js';
import { errorResponse, sqlstate } from '../message/refusal.js';
import { backend, header } from '../message/type.js';
import { copyFail, message, sync, transactionOf } from '../message/write.js';
import type { Exchange } from './exchange.js';
import { count, isOver, isTrailer, overLimit } from './tally.js';
import { isLastWord, leavesRow, takeOwn } from './own.js';
import type { OwnBatch } from './own.js';
import { followTag } from './tag.js';
import { Remarks } from './remarks.js';
import type { Entry, Run } from './ledger.js';

/** The last choice for described rows, and all that it rested on. */
interface Chosen {
  readonly mask: AnswerMask;
  readonly result: number;
  readonly description: Uint8Array;
  readonly columns: number;
  readonly choice: MaskChoice;
}

/**
 * What the target sends. Only headers are walked where nothing is masked; every message must answer something that was
 * sent, in order. A target that says what nobody asked for has lost its session.
 */
export class Answers {
  private readonly inbox = new Inbox();
  /** Bytes of a message that goes through as it comes. */
  private passing = 0;
  private passingShown = true;
  private chosen: Chosen | undefined;
  private readonly remarks: Remarks;

  constructor(private readonly exchange: Exchange) {
    this.remarks = new Remarks(exchange, this.inbox);
  }

  feed(bytes: Uint8Array): void {
    const { exchange, inbox } = this;
    if (exchange.closed) return;
    inbox.push(bytes);
    while (!exchange.closed && inbox.at < inbox.end) {
      if (this.passing > 0) this.pass();
      else if (!this.next()) break;
    }
  }

  private pass(): void {
    const { inbox } = this;
    const length = Math.min(this.passing, inbox.length);
    if (this.passingShown) this.exchange.output.forward(inbox.bytes, inbox.at, inbox.at + length);
    inbox.at += length;
    this.passing -= length;
    this.exchange.midMessage = this.passing > 0 && this.passingShown;
  }

  /** One message, or the beginning of one that goes through. `false`: more bytes are needed. */
  private next(): boolean {
    const { inbox, exchange } = this;
    if (inbox.length < header) return false;
    const { bytes, at } = inbox;
    const type = bytes[at] ?? 0;
    const length = readInt32(bytes, at + 1);
    if (length < 4) return this.hostile('a message with an impossible length');
    const total = length + 1;
    const { head } = exchange.ledger;
    if (head?.kind === 'run') {
      if (type === backend.dataRow) return this.row(head, total);
      if (type === backend.copyData) return this.copyData(head, total);
    }
    if (head?.kind === 'own' && type === backend.dataRow && leavesRow(head, total)) return this.discard(total);
    if (total > exchange.context.limits.targetMessage)
      return this.hostile('a message that is longer than its kind may be');
    if (inbox.length < total) return false;
    const frame = inbox.take(total);
    if (!this.remarks.asynchronous(type, frame)) this.synchronous(type, frame, head);
    if (!exchange.closed) exchange.settle();
    return true;
  }

  /** Streamed where nothing looks inside. */
  private stream(run: Run, total: number, shown: boolean): true {
    this.passing = total;
    this.passingShown = shown;
    this.exchange.midMessage = shown;
    if (shown) run.bytes += total;
    return true;
  }

  private discard(total: number): true {
    this.passing = total;
    this.passingShown = false;
    return true;
  }

  private own(type: number, frame: Uint8Array, batch: OwnBatch): void {
    const { exchange } = this;
    if (isLastWord(type, frame)) return this.error(frame, batch);
    if (type === backend.readyForQuery) exchange.ledger.shift();
    if (!takeOwn(batch, type, frame)) this.hostile('an answer to the gateway that is none');
  }

  /** One row more, if the command's limit has room for it. A server sends COPY row by row too. */
  private admit(run: Run, total: number): boolean {
    if (run.limit === undefined) return true;
    const { limit } = run;
    const admitted = this.exchange.guarded(() => limit.admit(isTrailer(run, total) ? 0 : 1, total));
    if (admitted === false) {
      this.withhold(run, limit.refusal ?? overLimit);
      this.exchange.stop();
    }
    return admitted === true;
  }

  private row(run: Run, total: number): boolean {
    const { exchange, inbox } = this;
    if (run.form === 'simple' ? run.stage !== 'rows' : run.stage !== 'waiting' && run.stage !== 'rows')
      return this.hostile('a row that belongs to no answer');
    if (total < header + 2) return this.hostile('a malformed row');
    if (run.form === 'extended' && run.choice === undefined && run.mask && run.refused === undefined)
      this.choosePortal(run);
    run.stage = 'rows';
    if (exchange.closed) return true;
    const shown = run.refused === undefined && !exchange.hidden;
    const { choice } = run;
    if (!shown || choice?.kind !== 'mask') {
      const admitted = shown && this.admit(run, total);
      if (admitted) run.rows += 1;
      return this.stream(run, total, admitted);
    }
    if (total > exchange.context.limits.targetMessage) {
      this.withhold(run, refuse('unmaskable', 'a row is longer than can be masked'));
      return this.stream(run, total, false);
    }
    if (inbox.length < total) return false;
    if (!this.admit(run, total)) return this.stream(run, total, false);
    const masked = exchange.guarded(() => maskRow(inbox.bytes, inbox.at, total, choice.plan, exchange.output));
    inbox.at += total;
    if (masked === undefined) return true;
    if (masked === 'malformed') return this.hostile('a malformed row');
    if (masked === 'mismatch') {
      this.withhold(run, refuse('unmaskable', 'a row does not match its description'));
      return true;
    }
    run.rows += 1;
    run.bytes += total;
    run.maskedCells += masked;
    return true;
  }

  private admitCopy(run: Run, total: number): boolean {
    const admitted = this.admit(run, total);
    if (admitted && run.copied !== undefined && !isTrailer(run, total)) run.copied += 1;
    return admitted;
  }

  private copyData(run: Run, total: number): boolean {
    const { exchange, inbox } = this;
    if (run.stage !== 'copyOut') return this.hostile('COPY data that nobody asked for');
    const shown = run.refused === undefined && !exchange.hidden;
    const { copy } = run;
    if (!shown || copy === undefined) return this.stream(run, total, shown && this.admitCopy(run, total));
    if (total > exchange.context.limits.targetMessage) {
      this.withhold(run, refuse('unmaskable', 'COPY data is longer than can be masked'));
      return this.stream(run, total, false);
    }
    if (inbox.length < total) return false;
    if (!this.admitCopy(run, total)) return this.stream(run, total, false);
    const frame = inbox.take(total);
    const result = exchange.guarded(() => copy.push(frame.subarray(header)));
    if (result !== undefined) this.copied(run, result, frame);
    return true;
  }

  private copied(run: Run, result: Uint8Array | 'same' | 'mismatch', frame: Uint8Array | undefined): void {
    const { exchange } = this;
    if (result === 'mismatch') {
      this.withhold(run, refuse('unmaskable', 'COPY data does not match its description'));
      return;
    }
    run.maskedCells = run.copy?.masked ?? 0;
    if (result === 'same' && frame) {
      run.bytes += frame.length;
      this.remarks.whole(frame);
    } else if (result !== 'same' && result.length > 0) {
      const shown = message(backend.copyData, (writer) => writer.raw(result));
      run.bytes += shown.length;
      exchange.output.inject(shown);
    }
  }

  private synchronous(type: number, frame: Uint8Array, head: Entry | undefined): void {
    if (head?.kind === 'own') return this.own(type, frame, head);
    if (type === backend.error) return this.error(frame, head);
    if (type === backend.readyForQuery) return this.ready(frame, head);
    switch (head?.kind) {
      case 'run':
        return this.running(type, frame, head);
      case 'parse':
        if (type !== backend.parseComplete) break;
        this.exchange.statements.settle(head.change);
        return this.done(frame);
      case 'bind':
        if (type !== backend.bindComplete) break;
        this.exchange.portals.settle(head.change);
        return this.done(frame);
      case 'close':
        if (type !== backend.closeComplete) break;
        if (head.statement) this.exchange.statements.settle(head.statement);
        if (head.portal) this.exchange.portals.settle(head.portal);
        return this.done(frame);
      case 'describe':
        if (type === backend.parameterDescription && head.portal === undefined && !head.typesCame) {
          head.typesCame = true;
          return this.forward(frame);
        }
        if (type !== backend.rowDescription && type !== backend.noData) break;
        if (head.portal === undefined && !head.typesCame) break;
        // Kept past this chunk: a view would keep the whole chunk.
        if (head.portal) head.portal.description = frame.slice();
        if (!head.own) return this.done(frame);
        this.exchange.ledger.shift();
        return;
      case 'sync':
      case 'poison':
      case 'refuse':
      case undefined:
        break;
    }
    this.hostile(`a message of type "${String.fromCharCode(type)}" that answers nothing`);
  }

  private done(frame: Uint8Array): void {
    this.exchange.ledger.shift();
    this.forward(frame);
  }
  private forward(frame: Uint8Array): void {
    if (!this.exchange.hidden) this.remarks.whole(frame);
  }

  private running(type: number, frame: Uint8Array, run: Run): void {
    const { exchange } = this;
    const { stage, form } = run;
    switch (type) {
      case backend.rowDescription:
        if (form !== 'simple' || stage !== 'waiting') break;
        run.stage = 'rows';
        run.choice = undefined;
        if (run.mask && run.refused === undefined) this.chooseDescribed(run, frame);
        run.results += 1;
        return this.told(run, frame);
      case backend.commandComplete: {
        if (stage === 'failed' || stage === 'copyOut' || exchange.copyIn === run) break;
        const tag = readTexts(frame, header, 1)?.[0];
        if (tag === undefined) break;
        run.tag = tag;
        count(run, tag);
        followTag(tag, run, exchange);
        return this.completed(run, frame);
      }
      case backend.emptyQuery:
        if (stage !== 'waiting') break;
        return this.completed(run, frame);
      case backend.portalSuspended:
        if (form !== 'extended' || (stage !== 'waiting' && stage !== 'rows')) break;
        return this.completed(run, frame);
      case backend.copyIn:
        if (stage !== 'waiting') break;
        return this.copyIn(run, frame);
      case backend.copyOut:
        if (stage !== 'waiting') break;
        run.stage = 'copyOut';
        run.binaryCopy = frame[header] === 1;
        run.copied = 0;
        if (run.mask && run.refused === undefined) this.chooseCopy(run, frame);
        run.results += 1;
        return this.told(run, frame);
      case backend.copyDone: {
        if (stage !== 'copyOut') break;
        run.stage = 'waiting';
        const { copy } = run;
        const rest = copy && run.refused === undefined ? exchange.guarded(() => copy.end()) : undefined;
        if (rest !== undefined) this.copied(run, rest, undefined);
        run.copy = undefined;
        return this.told(run, frame);
      }
      default:
        break;
    }
    this.hostile(`a message of type "${String.fromCharCode(type)}" out of turn`);
  }

  private told(run: Run, frame: Uint8Array): void {
    if (this.exchange.closed || run.refused !== undefined || this.exchange.hidden) return;
    run.bytes += frame.length;
    this.remarks.whole(frame);
  }

  private completed(run: Run, frame: Uint8Array): void {
    const { exchange } = this;
    this.told(run, frame);
    run.answered = true;
    run.stage = 'waiting';
    run.choice = undefined;
    if (exchange.copyIn === run) exchange.copyIn = undefined;
    exchange.strayedSyncs = 0;
    if (run.form === 'simple') return;
    exchange.ledger.shift();
    exchange.outcome(run, run.refused === undefined ? 'completed' : 'failed', run.refused);
    if (run.refused !== undefined) this.endRefused();
  }

  /** The client was told of an error: as after any other, what it sent up to its Sync does not count. */
  private endRefused(): void {
    const { exchange } = this;
    if (exchange.ledger.boundaries > 0) return;
    exchange.barrier = false;
    exchange.rollBackPipeline();
  }

  private copyIn(run: Run, frame: Uint8Array): void {
    const { exchange } = this;
    run.stage = 'copyIn';
    run.results += 1;
    // A COPY swallows the Syncs that were sent ahead of it.
    const syncs = exchange.ledger.takeSyncsBehindHead();
    const { trial } = exchange;
    trial?.hinder();
    if (run.refused !== undefined || exchange.hidden || trial !== undefined) {
      exchange.outbox.add(copyFail('refused'), run.permit);
      if (trial !== undefined && run.form === 'extended') exchange.outbox.add(sync(), exchange.permit);
      for (const entry of syncs) {
        exchange.outbox.add(sync(), exchange.permit);
        exchange.ledger.push(entry);
      }
      return;
    }
    if (exchange.ledger.length > 1) return exchange.misplaced();
    exchange.strayedSyncs += syncs.length;
    if (run.form === 'extended') exchange.drifts = true;
    exchange.copyIn = run;
    this.told(run, frame);
  }

  private error(frame: Uint8Array, head: Entry | undefined): void {
    const { exchange } = this;
    const fields = readFields(frame);
    if (fields === undefined) return void this.hostile('a malformed error');
    const severity = fields.get('V') ?? fields.get('S') ?? '';
    const fatal = severity === 'FATAL' || severity === 'PANIC';
    // What is kept of it is what may be shown.
    const said = { kind: 'error', code: codeOf(fields), fields } as const;
    const shown = this.remarks.scrub(said, this.remarks.maskOf(head));
    const code = codeOf(shown);
    if (head?.kind === 'poison' && !fatal) return exchange.failStretch(code);
    if (!fatal && (head === undefined || head.kind === 'refuse' || (head.kind === 'sync' && head.failed)))
      return void this.hostile('an error that answers nothing');
    if (head?.kind === 'run' && head.stage === 'failed') return void this.hostile('a second error for one command');
    const quiet = exchange.hidden || (head?.kind === 'run' && head.refused !== undefined);
    if (fatal) exchange.keepNoMore();
    if (!quiet || fatal) this.remarks.say(frame, said, shown);
    if (fatal) exchange.dying = true;
    if (head?.kind === 'run') {
      head.error ??= head.refused ?? code;
      head.stage = 'failed';
      if (exchange.copyIn === head) exchange.copyIn = undefined;
    }
    if (fatal) return this.lastWord(head, code);
    if (head?.kind === 'sync') head.failed = true;
    else if (head?.kind !== 'run' || head.form === 'extended') this.failed(head, code);
  }

  private lastWord(head: Entry | undefined, code: string): void {
    const { exchange } = this;
    if (head?.kind !== 'run') return;
    exchange.ledger.shift();
    exchange.outcome(head, 'failed', head.error ?? code);
  }

  private failed(head: Entry | undefined, code: string): void {
    const { exchange } = this;
    exchange.ledger.shift();
    if (head?.kind === 'parse') exchange.statements.fail(head.change);
    else if (head?.kind === 'bind') exchange.portals.fail(head.change);
    else if (head?.kind === 'run') exchange.outcome(head, 'failed', head.error ?? code);
    else if (head) exchange.cancel(head);
    exchange.failStretch(code);
  }

  private ready(frame: Uint8Array, head: Entry | undefined): void {
    const { exchange } = this;
    const transaction = frame.length === header + 1 ? transactionOf(frame[header]) : undefined;
    if (transaction === undefined) return void this.hostile('a malformed ReadyForQuery');
    if (head?.kind === 'sync') exchange.ledger.shift();
    else if (head?.kind === 'run' && head.form === 'simple' && isOver(head)) {
      exchange.ledger.shift();
      const error = head.refused ?? head.error;
      exchange.outcome(head, error === undefined ? 'completed' : 'failed', error);
    } else if (exchange.strayedSyncs > 0 && exchange.copyIn === undefined) {
      exchange.strayedSyncs -= 1;
      exchange.skipping = undefined;
    } else return void this.hostile('a ReadyForQuery that answers nothing');
    exchange.hidden = false;
    exchange.setTransaction(transaction);
    // What it was answers a command that may not stay.
    if (exchange.trial !== undefined) return exchange.trial.ran(transaction);
    if (transaction === 'idle') exchange.portals.forgetAll();
    this.remarks.whole(frame);
  }

  private chooseDescribed(run: Run, description: Uint8Array): void {
    if (this.chooseAgain(run, description)) return;
    const columns = readColumns(description);
    if (columns === undefined) return void this.hostile('a malformed row description');
    this.chooseAnew(run, columns, description);
  }

  private choosePortal(run: Run): void {
    const description = run.portal?.description;
    if (description?.[0] !== backend.rowDescription)
      return this.withhold(run, refuse('unmaskable', 'rows came without a description'));
    if (this.chooseAgain(run, description)) return;
    const columns = readColumns(description);
    if (columns === undefined) return this.withhold(run, refuse('unmaskable', 'rows came without a description'));
    this.chooseAnew(run, columns, description);
  }

  private chooseCopy(run: Run, frame: Uint8Array): void {
    const copy = readCopy(frame);
    if (copy === undefined) return void this.hostile('a malformed COPY response');
    const choice = this.choose(run, copy.columns, true);
    if (choice?.kind !== 'mask') return;
    const options = run.mask?.copyOptions?.(run.results);
    const mask = CopyMask.of(copy.overall, options, choice.plan, this.exchange.context.limits.targetMessage);
    if (mask) run.copy = mask;
    else this.withhold(run, refuse('unmaskable', 'how this COPY writes its rows is not known'));
  }

  /** A mask is pure: what it chose for this very description it would choose again. Most commands run many times. */
  private chooseAgain(run: Run, description: Uint8Array): boolean {
    const { chosen } = this;
    if (chosen?.mask !== run.mask || chosen?.result !== run.results) return false;
    if (!sameBytes(chosen.description, description)) return false;
    this.apply(run, chosen.choice, chosen.columns);
    return true;
  }

  private chooseAnew(run: Run, columns: readonly AnswerColumn[], description: Uint8Array): void {
    const { mask, results: result } = run;
    const choice = this.choose(run, columns, false);
    // A view of this chunk would keep all of it.
    if (mask && choice)
      this.chosen = { mask, result, description: description.slice(), columns: columns.length, choice };
  }

  private choose(run: Run, columns: readonly AnswerColumn[], copy: boolean): MaskChoice | undefined {
    const { mask } = run;
    if (mask === undefined) return undefined;
    const choice = this.exchange.guarded(() => mask.choose({ result: run.results, columns, copy }));
    if (choice !== undefined) this.apply(run, choice, columns.length);
    return choice;
  }

  private apply(run: Run, choice: MaskChoice, columns: number): void {
    run.choice = choice;
    if (choice.kind === 'refuse') {
      this.withhold(run, choice.refusal);
      if (choice.alarm) this.exchange.note({ kind: 'alarm', refusal: choice.refusal, question: run.id });
    } else if (choice.kind === 'mask') {
      if (choice.plan.cells.length !== columns)
        this.withhold(run, refuse('unmaskable', 'the mask does not match the answer'));
      for (const name of choice.plan.masked) run.maskedColumns.add(name);
    }
  }

  /** From here on nothing of the answer is shown; the target's state stays what it says. */
  private withhold(run: Run, refusal: Refusal): void {
    const { exchange } = this;
    if (run.refused !== undefined) return;
    run.refused = sqlstate[refusal.code];
    run.copy = undefined;
    if (!exchange.hidden) exchange.output.inject(errorResponse('ERROR', { refusal }));
    exchange.hidden = true;
    if (run.form === 'simple' || exchange.ledger.boundaries > 0) return;
    exchange.skipping = run.refused;
    exchange.barrier = true;
    exchange.urge();
  }

  private hostile(what: string): true {
    this.exchange.hostile(what);
    return true;
  }
}
