import { refuse } from '@sallyport/kernel';
import type { Inbox } from '@sallyport/protocol-core';
import { maskRow } from '../mask/row.js';
import { backend, header } from '../message/type.js';
import { message } from '../message/write.js';
import type { Exchange } from './exchange.js';
import type { Run } from './ledger.js';
import type { Masking } from './masking.js';
import type { Remarks } from './remarks.js';
import { isTrailer, overLimit } from './tally.js';
import { withhold } from './withholding.js';

export interface RowsInput {
  readonly exchange: Exchange;
  readonly inbox: Inbox;
  readonly masking: Masking;
  readonly remarks: Remarks;
}

/** The rows of an answer: counted, masked, or passed on as they come. */
export class Rows {
  /** Bytes of a message that goes through as it comes. */
  private passing = 0;
  private passingShown = true;
  private readonly exchange: Exchange;
  private readonly inbox: Inbox;
  private readonly masking: Masking;
  private readonly remarks: Remarks;

  constructor({ exchange, inbox, masking, remarks }: RowsInput) {
    this.exchange = exchange;
    this.inbox = inbox;
    this.masking = masking;
    this.remarks = remarks;
  }

  get midMessage(): boolean {
    return this.passing > 0;
  }

  pass(): void {
    const { inbox } = this;
    const length = Math.min(this.passing, inbox.length);
    if (this.passingShown) this.exchange.output.forward(inbox.bytes, inbox.at, inbox.at + length);
    inbox.at += length;
    this.passing -= length;
    this.exchange.midMessage = this.passing > 0 && this.passingShown;
  }

  /** Streamed where nothing looks inside. */
  private stream(run: Run, total: number, shown: boolean): true {
    this.passing = total;
    this.passingShown = shown;
    this.exchange.midMessage = shown;
    if (shown) run.bytes += total;
    return true;
  }

  discard(total: number): true {
    this.passing = total;
    this.passingShown = false;
    return true;
  }

  /** One row more, if the command's limit has room for it. A server sends COPY row by row too. */
  private admit(run: Run, total: number): boolean {
    if (run.limit === undefined) return true;
    const { limit } = run;
    const admitted = this.exchange.guarded(() => limit.admit(isTrailer(run, total) ? 0 : 1, total));
    if (admitted === false) {
      withhold(this.exchange, run, limit.refusal ?? overLimit);
      this.exchange.stop();
    }
    return admitted === true;
  }

  row(run: Run, total: number): boolean {
    const { exchange, inbox } = this;
    if (run.form === 'simple' ? run.stage !== 'rows' : run.stage !== 'waiting' && run.stage !== 'rows')
      return this.hostile('a row that belongs to no answer');
    if (total < header + 2) return this.hostile('a malformed row');
    if (run.form === 'extended' && run.choice === undefined && run.mask && run.refused === undefined)
      this.masking.choosePortal(run);
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
      withhold(this.exchange, run, refuse('unmaskable', 'a row is longer than can be masked'));
      return this.stream(run, total, false);
    }
    if (inbox.length < total) return false;
    if (!this.admit(run, total)) return this.stream(run, total, false);
    const masked = exchange.guarded(() => maskRow(inbox.bytes, inbox.at, total, choice.plan, exchange.output));
    inbox.at += total;
    if (masked === undefined) return true;
    if (masked === 'malformed') return this.hostile('a malformed row');
    if (masked === 'mismatch') {
      withhold(this.exchange, run, refuse('unmaskable', 'a row does not match its description'));
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

  copyData(run: Run, total: number): boolean {
    const { exchange, inbox } = this;
    if (run.stage !== 'copyOut') return this.hostile('COPY data that nobody asked for');
    const shown = run.refused === undefined && !exchange.hidden;
    const { copy } = run;
    if (!shown || copy === undefined) return this.stream(run, total, shown && this.admitCopy(run, total));
    if (total > exchange.context.limits.targetMessage) {
      withhold(this.exchange, run, refuse('unmaskable', 'COPY data is longer than can be masked'));
      return this.stream(run, total, false);
    }
    if (inbox.length < total) return false;
    if (!this.admitCopy(run, total)) return this.stream(run, total, false);
    const frame = inbox.take(total);
    const result = exchange.guarded(() => copy.push(frame.subarray(header)));
    if (result !== undefined) this.copied(run, result, frame);
    return true;
  }

  copied(run: Run, result: Uint8Array | 'same' | 'mismatch', frame: Uint8Array | undefined): void {
    const { exchange } = this;
    if (result === 'mismatch') {
      withhold(this.exchange, run, refuse('unmaskable', 'COPY data does not match its description'));
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

  private hostile(what: string): true {
    this.exchange.hostile(what);
    return true;
  }
}
