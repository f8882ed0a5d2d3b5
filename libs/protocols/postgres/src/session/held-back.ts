import type { Permit } from '@sallyport/kernel';
import type { Exchange } from './exchange.js';
import type { Entry } from './ledger.js';

const most = 4096;

/**
 * Messages that are allowed and prepare something, kept until what they prepare for may go: a target takes locks when it
 * parses and binds, and none should be held while a person thinks. A server answers none of them before a Flush or Sync,
 * so the client cannot tell.
 */
export class HeldBack {
  private messages: { readonly frame: Uint8Array; readonly permit: Permit; readonly entry: Entry | undefined }[] = [];
  private bytes = 0;

  constructor(private readonly exchange: Exchange) {}

  get any(): boolean {
    return this.messages.length > 0;
  }

  add(frame: Uint8Array, permit: Permit, entry?: Entry): void {
    this.messages.push({ frame, permit, entry });
    this.bytes += frame.length;
    if (this.bytes > this.exchange.context.limits.heldBytes || this.messages.length >= most) this.release();
  }

  release(): void {
    const { exchange } = this;
    for (const { frame, permit, entry } of this.messages) {
      exchange.outbox.add(frame, permit, entry?.kind === 'run' ? 2 : entry?.kind === 'parse' ? 1 : 0);
      if (entry) exchange.ledger.push(entry);
    }
    if (this.messages.length > 0) {
      exchange.grouped = true;
      exchange.unflushed = true;
    }
    this.clear();
  }

  /** They never went: what they would have named is as it was. */
  drop(): void {
    for (const { entry } of this.messages) if (entry) this.exchange.cancel(entry);
    this.clear();
  }

  private clear(): void {
    this.messages = [];
    this.bytes = 0;
  }
}
