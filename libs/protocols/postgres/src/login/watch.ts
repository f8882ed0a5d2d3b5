import { LoginError } from './error.js';

const mebi = 1024 * 1024;

/**
 * Walks what a target says until it is ready, beside the library that answers it: bounds what the library would buffer
 * without end, knows where its part ends, and stops a target that asks for the password itself.
 */
export class LoginWatch {
  private readonly header = new Uint8Array(9);
  private filled = 0;
  /** Bytes of the present message still to come. */
  private left = 0;
  private total = 0;
  ready = false;

  constructor(private readonly mayTakePassword: boolean) {}

  /** Bytes behind ReadyForQuery, once there is one. */
  push(chunk: Uint8Array): Uint8Array | undefined {
    this.total += chunk.length;
    if (this.total > mebi) throw new LoginError('target_error', 'the target says too much before it is ready');
    let at = 0;
    while (at < chunk.length) {
      if (this.left === 0) {
        // The type, the length and the first word of the body: all that is looked at.
        this.header[this.filled++] = chunk[at++] ?? 0;
        if (this.filled < 5) continue;
        const length = this.word(1);
        if (length < 4 || length > mebi) throw new LoginError('target_error', 'the target does not speak PostgreSQL');
        if (this.header[0] === 0x52 && this.filled < 9 && length >= 8) continue;
        this.judge();
        this.left = length + 1 - this.filled;
        if (this.left > 0) continue;
      } else {
        const step = Math.min(this.left, chunk.length - at);
        this.left -= step;
        at += step;
        if (this.left > 0) continue;
      }
      const type = this.header[0];
      this.filled = 0;
      if (type === 0x5a) {
        this.ready = true;
        return chunk.subarray(at);
      }
    }
    return undefined;
  }

  private judge(): void {
    if (this.header[0] !== 0x52 || this.filled < 9) return;
    const method = this.word(5);
    if ((method === 3 || method === 5) && !this.mayTakePassword)
      throw new LoginError(
        'authentication_failed',
        'the target asks for the password itself, which it only gets over verified TLS; SCRAM needs no such trust',
      );
  }

  private word(at: number): number {
    return new DataView(this.header.buffer).getInt32(at);
  }
}
