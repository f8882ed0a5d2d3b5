import { readInt32, readUint16 } from './bytes.js';

/**
 * Reads one message that is whole. Running past its end never throws and never reads a neighbour's bytes: the reader turns
 * `broken` and gives zeros, so that a decoder is written straight down and asks once, at its end.
 */
export class ByteReader {
  private position: number;
  private failed = false;

  constructor(
    private readonly bytes: Uint8Array,
    from = 0,
    private readonly end = bytes.length,
  ) {
    this.position = from;
  }

  get broken(): boolean {
    return this.failed;
  }
  get at(): number {
    return this.position;
  }
  get left(): number {
    return this.end - this.position;
  }
  /** Everything was read, and nothing past it. */
  get finished(): boolean {
    return !this.failed && this.position === this.end;
  }

  uint8(): number {
    return this.has(1) ? (this.bytes[this.position++] ?? 0) : 0;
  }
  uint16(): number {
    if (!this.has(2)) return 0;
    this.position += 2;
    return readUint16(this.bytes, this.position - 2);
  }
  int32(): number {
    if (!this.has(4)) return 0;
    this.position += 4;
    return readInt32(this.bytes, this.position - 4);
  }
  /** A view, not a copy. A negative or too great length breaks the reader. */
  take(length: number): Uint8Array {
    if (length < 0 || !this.has(length)) {
      this.failed = true;
      return this.bytes.subarray(0, 0);
    }
    this.position += length;
    return this.bytes.subarray(this.position - length, this.position);
  }
  /** Up to the next zero byte, which is passed over. */
  untilZero(): Uint8Array {
    const zero = this.bytes.indexOf(0, this.position);
    if (this.failed || zero < 0 || zero >= this.end) {
      this.failed = true;
      return this.bytes.subarray(0, 0);
    }
    const text = this.bytes.subarray(this.position, zero);
    this.position = zero + 1;
    return text;
  }

  private has(length: number): boolean {
    if (this.failed || length > this.end - this.position) this.failed = true;
    return !this.failed;
  }
}
