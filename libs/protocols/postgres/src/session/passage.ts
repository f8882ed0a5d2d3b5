import type { Parameter, Permit } from '@sallyport/kernel';
import type { Inbox } from '@sallyport/protocol-core';
import { header } from '../message/type.js';
import { stopsTaking, takes } from './copy-in.js';
import type { Exchange } from './exchange.js';
import type { Run } from './ledger.js';
import type { Weight } from './outbox.js';

/** A server takes no longer message. */
export const longestPassing = 0x3fff_ffff;

/** Two names and a format for each of 65,535 values. */
export const longestHead = 256 * 1024;

export interface PassageOptions {
  /** Bytes of the whole message. */
  readonly total: number;
  /** `undefined`: nobody is to have it. */
  readonly to: { readonly permit: Permit; readonly weight: Weight } | undefined;
  /** Of a Bind: bytes before its values, and who looks at these. */
  readonly head?: number;
  readonly values?: PassingValues;
  /** Looks at what comes behind the head. */
  readonly look?: (bytes: Uint8Array) => void;
  /** All of it went. */
  readonly done?: () => void;
}

/** A message of the client that is too long to be kept: it goes through as it comes, and nothing else goes meanwhile. */
export class Passage {
  private left: number;
  private head: number;

  constructor(
    private readonly exchange: Exchange,
    private readonly options: PassageOptions,
  ) {
    this.left = options.total;
    this.head = options.head ?? 0;
  }

  get over(): boolean {
    return this.left === 0;
  }

  /** Takes what there is. `false`: more is to come. */
  take({ inbox }: { readonly inbox: Inbox }): boolean {
    const bytes = inbox.take(Math.min(this.left, inbox.length));
    if (bytes.length === 0) return false;
    this.left -= bytes.length;
    const { to, values, look, done } = this.options;
    const skipped = Math.min(this.head, bytes.length);
    this.head -= skipped;
    if (values !== undefined && (!values.push(bytes.subarray(skipped)) || (this.over && !values.whole))) {
      // The target has the beginning of it and would wait for the rest.
      this.exchange.violation('the values of a Bind do not fill it');
      return false;
    }
    look?.(bytes.subarray(skipped));
    if (to !== undefined) this.exchange.outbox.pass(bytes, to, this.over);
    if (this.over) done?.();
    return true;
  }
}

/** One message of a COPY's data. What is too much in it only counts when it is through: its target waits for all of it. */
export const longCopyData = (exchange: Exchange, run: Run, total: number): Passage => {
  let fits = true;
  return new Passage(exchange, {
    total,
    to: { permit: run.permit, weight: 2 },
    head: header,
    look: (bytes) => void (fits &&= takes(exchange, run, bytes)),
    done: () => {
      if (!fits) stopsTaking(exchange, run);
    },
  });
};

type Stage = 'length' | 'value' | 'formats' | 'codes' | 'over' | 'malformed';

/** The values of a Bind that passes by, and what is behind them: of each value its length and its digest. */
export class PassingValues {
  readonly parameters: Parameter[] = [];
  private stage: Stage;
  private number = 0;
  private digits: number;
  private left = 0;
  private length = 0;
  private digest;

  constructor(
    private readonly of: readonly Pick<Parameter, 'type' | 'format'>[],
    private readonly exchange: Exchange,
  ) {
    this.digest = exchange.context.digest();
    this.stage = of.length > 0 ? 'length' : 'formats';
    this.digits = of.length > 0 ? 4 : 2;
  }

  get whole(): boolean {
    return this.stage === 'over';
  }

  /** `false`: these are no values. */
  push(bytes: Uint8Array): boolean {
    for (let at = 0; at < bytes.length;) {
      switch (this.stage) {
        case 'length':
        case 'formats':
          this.number = (this.number << 8) | (bytes[at] ?? 0);
          at += 1;
          this.digits -= 1;
          if (this.digits === 0) this.counted(this.number);
          break;
        case 'value':
        case 'codes': {
          const step = Math.min(this.left, bytes.length - at);
          if (this.stage === 'value') this.digest.update(bytes.subarray(at, at + step));
          this.left -= step;
          at += step;
          if (this.left === 0) this.passed();
          break;
        }
        case 'over':
        case 'malformed':
          return false;
      }
    }
    return this.stage !== 'malformed';
  }

  private counted(number: number): void {
    this.number = 0;
    if (this.stage === 'formats') {
      this.stage = 'codes';
      this.left = number * 2;
    } else if (number === -1) return this.given(null);
    else {
      this.stage = number < 0 ? 'malformed' : 'value';
      this.left = number;
      this.length = number;
    }
    if (this.left === 0 && this.stage !== 'malformed') this.passed();
  }

  private passed(): void {
    if (this.stage === 'codes') {
      this.stage = 'over';
      return;
    }
    const { digest } = this;
    this.digest = this.exchange.context.digest();
    this.given(digest.done());
  }

  private given(value: Uint8Array | null): void {
    const { of, parameters } = this;
    const { type = 0, format = 'text' } = of[parameters.length] ?? {};
    parameters.push(value === null ? { type, format, value } : { type, format, value, length: this.length });
    this.stage = parameters.length < of.length ? 'length' : 'formats';
    this.digits = this.stage === 'length' ? 4 : 2;
  }
}
