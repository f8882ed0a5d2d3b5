import { readInt32 } from './bytes.js';
import { Inbox } from './inbox.js';

/** How a protocol says how long a message is. */
export interface FrameFormat {
  /** Bytes before the length field. */
  readonly lead: number;
  /** What the length field does not count of the frame. */
  readonly uncounted: number;
  /** The least value of the length field. */
  readonly least: number;
  /** The most bytes of a whole frame. */
  readonly most: number;
}

/** A value, not yet, refuse. */
export type Framed = Uint8Array | 'more' | 'too_short' | 'too_long';

/** Frames with a 32-bit length, out of chunks that are cut anywhere. The length is judged before anything is kept for it. */
export class Framer {
  readonly inbox = new Inbox();

  constructor(private readonly format: FrameFormat) {}

  push(chunk: Uint8Array): void {
    this.inbox.push(chunk);
  }

  next(): Framed {
    const { inbox, format } = this;
    if (inbox.length < format.lead + 4) return 'more';
    const length = readInt32(inbox.bytes, inbox.at + format.lead);
    if (length < format.least) return 'too_short';
    if (length > format.most - format.uncounted) return 'too_long';
    return inbox.length < length + format.uncounted ? 'more' : inbox.take(length + format.uncounted);
  }
}
