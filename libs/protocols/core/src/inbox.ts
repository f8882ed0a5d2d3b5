/**
 * Bytes that came and were not consumed yet, always in one piece. A chunk that comes while nothing is left over is looked
 * at where it lies; only leftovers are copied, into memory that doubles, so a stream cut into single bytes costs no more
 * than its length. Memory that was shown to anybody is never written to again.
 */
export class Inbox {
  /** The memory; only [at, end) is unread. */
  bytes: Uint8Array = nothing;
  at = 0;
  end = 0;
  private own = false;

  get length(): number {
    return this.end - this.at;
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    if (this.at === this.end) {
      this.bytes = chunk;
      this.at = 0;
      this.end = chunk.length;
      this.own = false;
      return;
    }
    const left = this.end - this.at;
    if (!this.own || this.end + chunk.length > this.bytes.length) {
      const grown = new Uint8Array(Math.max(64, (left + chunk.length) * 2));
      grown.set(this.bytes.subarray(this.at, this.end));
      this.bytes = grown;
      this.at = 0;
      this.end = left;
      this.own = true;
    }
    this.bytes.set(chunk, this.end);
    this.end += chunk.length;
  }

  /** A view of the next bytes; the caller has looked that they are there. */
  take(length: number): Uint8Array {
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  clear(): void {
    this.bytes = nothing;
    this.at = 0;
    this.end = 0;
    this.own = false;
  }
}

const nothing = new Uint8Array(0);
