import type { AnswerMask, TargetMessage } from '@sallyport/kernel';
import { readInt32 } from '@sallyport/protocol-core';
import type { Inbox } from '@sallyport/protocol-core';
import { readFields, readTexts } from '../message/backend.js';
import { backend, header } from '../message/type.js';
import { message, parameterStatus, report } from '../message/write.js';
import type { Exchange } from './exchange.js';
import type { Entry } from './ledger.js';

/** What a target says of its own accord, and how its texts are shown. */
export class Remarks {
  constructor(
    private readonly exchange: Exchange,
    private readonly inbox: Inbox,
  ) {}

  /** May come at any time. */
  asynchronous(type: number, frame: Uint8Array): boolean {
    const { exchange } = this;
    const { ledger } = exchange;
    switch (type) {
      case backend.parameterStatus: {
        const [name, value] = readTexts(frame, header, 2) ?? [];
        if (name === undefined || value === undefined) return this.hostile('a malformed ParameterStatus');
        if (!exchange.setParameter(name, value)) return this.hostile('more parameters than any server reports');
        // What the session began with was shown then.
        if (exchange.begunWith.get(name) === value) this.whole(frame);
        else {
          const fields = new Map([
            ['name', name],
            ['value', value],
          ]);
          this.show(frame, { kind: 'setting', code: '', fields }, this.maskOf(ledger.head));
        }
        return true;
      }
      case backend.notice: {
        const fields = readFields(frame);
        if (fields === undefined) return this.hostile('a malformed notice');
        const { head } = ledger;
        if (head?.kind === 'run' && head.refused !== undefined) return true;
        this.show(frame, { kind: 'notice', code: fields.get('C') ?? '', fields }, this.maskOf(head));
        return true;
      }
      case backend.notification: {
        const [channel, payload] = readTexts(frame, header + 4, 2) ?? [];
        if (channel === undefined || payload === undefined) return this.hostile('a malformed notification');
        const fields = new Map([
          ['channel', channel],
          ['payload', payload],
        ]);
        const { head } = ledger;
        const mask = (head?.kind === 'run' ? head.mask : undefined) ?? exchange.lastMask ?? exchange.loginMask;
        this.show(frame, { kind: 'notification', code: '', fields }, mask);
        return true;
      }
      default:
        return false;
    }
  }

  /** Whose words these are: the mask of the command that runs, else the last one's, else the session's. */
  maskOf(entry: Entry | undefined): AnswerMask | undefined {
    const { lastMask, loginMask } = this.exchange;
    if (entry?.kind === 'run') return entry.mask;
    const own =
      entry?.kind === 'parse' || entry?.kind === 'bind' || entry?.kind === 'describe' ? entry.mask : undefined;
    return own ?? lastMask ?? loginMask;
  }

  show(frame: Uint8Array, said: TargetMessage, mask: AnswerMask | undefined): void {
    this.say(frame, said, this.scrub(said, mask));
  }
  /** The fields that may be shown, and kept. */
  scrub(said: TargetMessage, mask: AnswerMask | undefined): ReadonlyMap<string, string> {
    return mask === undefined ? said.fields : (this.exchange.guarded(() => mask.scrub(said)) ?? nothing);
  }
  say(frame: Uint8Array, said: TargetMessage, fields: ReadonlyMap<string, string>): void {
    if (fields === said.fields) this.whole(frame);
    else if (fields !== nothing) this.exchange.output.inject(written(said.kind, fields, frame));
  }

  /** The message that was just taken, where it lies. */
  whole(frame: Uint8Array): void {
    const { bytes, at } = this.inbox;
    this.exchange.output.forward(bytes, at - frame.length, at);
  }

  private hostile(what: string): true {
    this.exchange.hostile(what);
    return true;
  }
}

const nothing: ReadonlyMap<string, string> = new Map();

const written = (kind: TargetMessage['kind'], fields: ReadonlyMap<string, string>, frame: Uint8Array): Uint8Array => {
  const text = (name: string): string => fields.get(name) ?? '';
  switch (kind) {
    case 'notification':
      return message(backend.notification, (writer) =>
        writer.int32(readInt32(frame, header)).zeroTerminated(text('channel')).zeroTerminated(text('payload')),
      );
    case 'setting':
      return parameterStatus(text('name'), text('value'));
    case 'error':
      return report(backend.error, fields);
    case 'notice':
      return report(backend.notice, fields);
  }
};
