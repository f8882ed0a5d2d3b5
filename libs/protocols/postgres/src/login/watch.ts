import { ByteReader, Framer } from '@sallyport/protocol-core';
import { readFields, readTexts } from '../message/backend.js';
import { backend, header } from '../message/type.js';
import { LoginError } from './error.js';

const mebi = 1024 * 1024;
export const unreadable = 'the target does not speak PostgreSQL';

/** How a target may ask who we are. https://www.postgresql.org/docs/18/protocol-message-formats.html */
const method = { ok: 0, cleartext: 3, md5: 5, sasl: 10, saslContinue: 11, saslFinal: 12 } as const;

export interface Watched {
  /** Whole messages of the login, each of them readable to its end. */
  readonly messages: Uint8Array;
  /** Bytes behind ReadyForQuery, once there is one. */
  readonly rest: Uint8Array | undefined;
}

/**
 * Stands between a target that logs us in and the library that answers it. The library trusts what it reads: a text without
 * an end sends it round for ever, a message cut short is thrown out of a socket's event. So it gets whole messages, of the
 * kinds that a login has, and nothing of a target that asks for the password itself or without end.
 */
export class LoginWatch {
  private readonly framer = new Framer({ lead: 1, uncounted: 1, least: 4, most: mebi });
  private total = 0;
  private proof: 'none' | 'asked' | 'given' = 'none';
  private admitted = false;
  ready = false;

  constructor(private readonly mayTakePassword: boolean) {}

  push(chunk: Uint8Array): Watched {
    this.total += chunk.length;
    if (this.total > mebi) throw new LoginError('target_error', 'the target says too much before it is ready');
    const { framer } = this;
    framer.push(chunk);
    const whole: Uint8Array[] = [];
    while (!this.ready) {
      const frame = framer.next();
      if (frame === 'more') break;
      if (typeof frame === 'string' || !this.judge(frame)) throw new LoginError('target_error', unreadable);
      whole.push(frame);
    }
    const rest = this.ready ? framer.inbox.take(framer.inbox.length) : undefined;
    return { messages: Buffer.concat(whole), rest };
  }

  /** `false`: not readable, or not part of a login. */
  private judge(frame: Uint8Array): boolean {
    switch (frame[0]) {
      case backend.authentication:
        return this.authentication(frame);
      case backend.parameterStatus:
        return readTexts(frame, header, 2) !== undefined;
      case backend.backendKeyData:
        return frame.length === header + 8;
      case backend.negotiateVersion: {
        const reader = new ByteReader(frame, header);
        reader.int32();
        return readTexts(frame, header + 8, Math.min(reader.int32() >>> 0, frame.length)) !== undefined;
      }
      case backend.notice:
      case backend.error:
        return readFields(frame) !== undefined;
      case backend.readyForQuery:
        this.ready = this.admitted && frame.length === header + 1;
        return this.ready;
      default:
        return false;
    }
  }

  private authentication(frame: Uint8Array): boolean {
    const reader = new ByteReader(frame, header);
    const asked = reader.int32();
    switch (asked) {
      case method.ok:
        if (this.proof === 'asked')
          throw new LoginError('authentication_failed', 'the target does not prove that it knows the password');
        this.admitted = reader.finished;
        return this.admitted;
      case method.cleartext:
      case method.md5:
        if (!this.mayTakePassword)
          throw new LoginError(
            'authentication_failed',
            'the target asks for the password itself, which it only gets over verified TLS; SCRAM needs no such trust',
          );
        return frame.length === header + (asked === method.md5 ? 8 : 4);
      case method.sasl:
        this.proof = 'asked';
        // A list of names, each with an end, and an empty one at its end.
        return !reader.broken && frame.at(-1) === 0 && (frame.at(-2) === 0 || frame.length === header + 5);
      case method.saslContinue:
        return true;
      case method.saslFinal:
        this.proof = 'given';
        return true;
      default:
        if (reader.broken) return false;
        throw new LoginError('authentication_failed', 'the target asks for a login that is not carried');
    }
  }
}
