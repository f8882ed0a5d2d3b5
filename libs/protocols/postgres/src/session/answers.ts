import { Inbox, readInt32 } from '@sallyport/protocol-core';
import { readFields, readTexts } from '../message/backend.js';
import { codeOf } from '../message/codes.js';
import { backend, header } from '../message/type.js';
import { copyFail, sync, transactionOf } from '../message/write.js';
import { lost } from './complaints.js';
import { beginsToTake } from './copy-in.js';
import type { Exchange } from './exchange.js';
import type { Entry, Run } from './ledger.js';
import { Masking } from './masking.js';
import { isLastWord, leavesRow, takeOwn } from './own.js';
import type { OwnBatch } from './own.js';
import { Remarks } from './remarks.js';
import { Rows } from './rows.js';
import { followTag } from './tag.js';
import { count, isOver } from './tally.js';

/**
 * What the target sends. Only headers are walked where nothing is masked; every message must answer something that was
 * sent, in order. A target that says what nobody asked for has lost its session.
 */
export class Answers {
  private readonly inbox = new Inbox();
  private readonly remarks: Remarks;
  private readonly masking: Masking;
  private readonly rows: Rows;

  constructor(private readonly exchange: Exchange) {
    const { inbox } = this;
    const remarks = new Remarks(exchange, inbox);
    const masking = new Masking(exchange);
    this.remarks = remarks;
    this.masking = masking;
    this.rows = new Rows({ exchange, inbox, masking, remarks });
  }

  feed(bytes: Uint8Array): void {
    const { exchange, inbox } = this;
    if (exchange.closed) return;
    inbox.push(bytes);
    while (!exchange.closed && inbox.at < inbox.end) {
      if (this.rows.midMessage) this.rows.pass();
      else if (!this.next()) break;
    }
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
      if (type === backend.dataRow) return this.rows.row(head, total);
      if (type === backend.copyData) return this.rows.copyData(head, total);
    }
    if (head?.kind === 'own' && type === backend.dataRow && leavesRow(head, total)) return this.rows.discard(total);
    if (total > exchange.context.limits.targetMessage)
      return this.hostile('a message that is longer than its kind may be');
    if (inbox.length < total) return false;
    const frame = inbox.take(total);
    if (!this.remarks.asynchronous(type, frame)) this.synchronous(type, frame, head);
    if (!exchange.closed) exchange.settle();
    return true;
  }

  private own(type: number, frame: Uint8Array, batch: OwnBatch): void {
    const { exchange } = this;
    if (isLastWord(type, frame)) return this.error(frame, batch);
    if (type === backend.readyForQuery) exchange.ledger.shift();
    if (!takeOwn(batch, type, frame)) this.hostile('an answer to the gateway that is none');
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
        if (run.mask && run.refused === undefined) this.masking.chooseDescribed(run, frame);
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
        if (run.mask && run.refused === undefined) this.masking.chooseCopy(run, frame);
        run.results += 1;
        return this.told(run, frame);
      case backend.copyDone: {
        if (stage !== 'copyOut') break;
        run.stage = 'waiting';
        const { copy } = run;
        const rest = copy && run.refused === undefined ? exchange.guarded(() => copy.end()) : undefined;
        if (rest !== undefined) this.rows.copied(run, rest, undefined);
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
    beginsToTake(run, frame);
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
    // In its own words a client would read that its command failed.
    if (fatal && exchange.trial?.uncertain) return exchange.fatal(lost(code), 'target_left');
    if (!quiet || fatal) this.remarks.say(frame, said, shown);
    if (fatal) exchange.dying = code;
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

  private hostile(what: string): true {
    this.exchange.hostile(what);
    return true;
  }
}
