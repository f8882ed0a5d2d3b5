import { concat, readInt32 } from '@sallyport/protocol-core';
import { backend } from '../message/type.js';

/** An answer that is kept back, whole messages in order, up to a bound. */
export class Kept {
  private pieces: Uint8Array[] = [];
  private size = 0;
  private over = false;

  constructor(private readonly most: number) {}

  /** It was longer than may be kept, and is lost. */
  get overflowed(): boolean {
    return this.over;
  }

  add(bytes: Uint8Array): void {
    this.size += bytes.length;
    if (this.size > this.most) {
      this.over = true;
      this.pieces = [];
    }
    // A view would keep the whole chunk, and what is behind it is used again.
    if (!this.over) this.pieces.push(bytes.slice());
  }

  take(): Uint8Array {
    const whole = concat(this.pieces);
    this.pieces = [];
    return whole;
  }
}

/** Without its last CommandComplete: a server that cannot commit says so instead of it. */
export const withoutLastComplete = (messages: Uint8Array): Uint8Array => {
  let from = -1;
  for (let at = 0; at < messages.length; at += readInt32(messages, at + 1) + 1)
    if (messages[at] === backend.commandComplete) from = at;
  if (from < 0) return messages;
  const to = from + readInt32(messages, from + 1) + 1;
  return concat([messages.subarray(0, from), messages.subarray(to)]);
};
