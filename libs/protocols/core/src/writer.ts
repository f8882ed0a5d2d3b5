import { encodeUtf8 } from '@sallyport/kernel';
import { writeInt32 } from './bytes.js';

/** A buffer that grows. `take` hands it over and starts a new one: nothing that was handed over is written to again. */
export class ByteWriter {
  private bytes: Uint8Array = nothing;
  private end = 0;

  constructor(private readonly initial = 256) {}

  get length(): number {
    return this.end;
  }
  uint8(value: number): this {
    this.reserve(1);
    this.bytes[this.end++] = value;
    return this;
  }
  uint16(value: number): this {
    this.reserve(2);
    this.bytes[this.end++] = value >>> 8;
    this.bytes[this.end++] = value;
    return this;
  }
  int32(value: number): this {
    this.reserve(4);
    writeInt32(this.bytes, this.end, value);
    this.end += 4;
    return this;
  }
  /** Over what was written before. */
  patchInt32(at: number, value: number): this {
    writeInt32(this.bytes, at, value);
    return this;
  }
  raw(bytes: Uint8Array): this {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.end);
    this.end += bytes.length;
    return this;
  }
  /** A run of another buffer; short runs are cheaper without a view. */
  run(bytes: Uint8Array, from: number, to: number): this {
    const length = to - from;
    this.reserve(length);
    if (length > 48) this.bytes.set(bytes.subarray(from, to), this.end);
    else for (let index = 0; index < length; index += 1) this.bytes[this.end + index] = bytes[from + index] ?? 0;
    this.end += length;
    return this;
  }
  text(text: string): this {
    return this.raw(encodeUtf8(text));
  }
  /** Text and a zero byte. A text that holds one itself is cut there: it cannot smuggle a second field. */
  zeroTerminated(text: string): this {
    const zero = text.indexOf('\0');
    return this.text(zero < 0 ? text : text.slice(0, zero)).uint8(0);
  }
  /** Memory with room for `most` bytes more at `length`: for who writes them itself, and says how many with `grow`. */
  room(most: number): Uint8Array {
    this.reserve(most);
    return this.bytes;
  }
  grow(by: number): this {
    this.end += by;
    return this;
  }
  take(): Uint8Array {
    const taken = this.bytes.subarray(0, this.end);
    this.bytes = nothing;
    this.end = 0;
    return taken;
  }

  private reserve(more: number): void {
    const needed = this.end + more;
    if (needed <= this.bytes.length) return;
    let size = Math.max(this.initial, this.bytes.length * 2, 16);
    while (size < needed) size *= 2;
    const grown = new Uint8Array(size);
    grown.set(this.bytes.subarray(0, this.end));
    this.bytes = grown;
  }
}

const nothing = new Uint8Array(0);
