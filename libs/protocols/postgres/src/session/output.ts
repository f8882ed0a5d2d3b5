import type { Step } from '@sallyport/kernel';
import { ByteWriter } from '@sallyport/protocol-core';

/**
 * What goes to the client in one event. A run of the target's own bytes is remembered by its ends; only when something
 * else comes between is anything copied, so an answer that nobody touches leaves as one slice.
 */
export class ClientOutput {
  private readonly writer = new ByteWriter(1024);
  private source: Uint8Array = nothing;
  private from = 0;
  private to = 0;

  forward(source: Uint8Array, from: number, to: number): void {
    if (source === this.source && from === this.to) {
      this.to = to;
      return;
    }
    this.spill();
    this.source = source;
    this.from = from;
    this.to = to;
  }

  inject(bytes: Uint8Array): void {
    this.spill();
    this.writer.raw(bytes);
  }

  /** For a frame that is written anew, piece by piece; `expected` bytes are likely to follow in this event. */
  rewrite(expected = 0): ByteWriter {
    if (this.writer.length === 0) this.writer.room(expected + this.to - this.from);
    this.spill();
    return this.writer;
  }

  flush(steps: Step[]): void {
    if (this.writer.length === 0) {
      if (this.to > this.from) steps.push({ kind: 'toClient', bytes: this.source.subarray(this.from, this.to) });
      this.forget();
      return;
    }
    this.spill();
    steps.push({ kind: 'toClient', bytes: this.writer.take() });
  }

  private spill(): void {
    if (this.to > this.from) this.writer.run(this.source, this.from, this.to);
    this.forget();
  }
  private forget(): void {
    this.source = nothing;
    this.from = 0;
    this.to = 0;
  }
}

const nothing = new Uint8Array(0);
