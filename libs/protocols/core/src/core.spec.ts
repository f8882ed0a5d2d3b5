import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ByteReader, ByteWriter, concat, Framer, Inbox, joined, readInt32, sameBytes } from './index.js';

const frame = (body: Uint8Array): Uint8Array =>
  new ByteWriter()
    .uint8(0x51)
    .int32(body.length + 4)
    .raw(body)
    .take();
const cutAt = (bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] => {
  const edges = [0, ...cuts.map((at) => Math.min(at, bytes.length)).sort((a, b) => a - b), bytes.length];
  return edges.slice(1).map((to, index) => bytes.slice(edges[index], to));
};
const format = { lead: 1, uncounted: 1, least: 4, most: 64 };

describe('framer', () => {
  test('the same frames however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }),
        fc.array(fc.nat(400)),
        (bodies, cuts) => {
          const framer = new Framer(format);
          const frames: Uint8Array[] = [];
          for (const chunk of cutAt(concat(bodies.map(frame)), cuts)) {
            framer.push(chunk);
            for (let next = framer.next(); typeof next !== 'string'; next = framer.next()) frames.push(next.slice());
          }
          expect(frames).toEqual(bodies.map(frame));
        },
      ),
    );
  });
  test('a frame that lies in one chunk is a view of it', () => {
    const chunk = frame(Uint8Array.of(1, 2, 3));
    const framer = new Framer(format);
    framer.push(chunk);
    const taken = framer.next();
    expect(taken instanceof Uint8Array && taken.buffer === chunk.buffer).toBe(true);
  });
  test.each([
    [0, 'too_short'],
    [3, 'too_short'],
    [-1, 'too_short'],
    [-2147483648, 'too_short'],
    [63, 'more'],
    [64, 'too_long'],
    [2147483647, 'too_long'],
  ])('length %d: %s, before a byte of the body came', (length, expected) => {
    const framer = new Framer(format);
    framer.push(new ByteWriter().uint8(1).int32(length).take());
    expect(framer.next()).toBe(expected);
  });
});

describe('inbox', () => {
  test('what was shown is never written over', () => {
    const inbox = new Inbox();
    inbox.push(Uint8Array.of(1, 2, 3));
    inbox.take(1);
    inbox.push(Uint8Array.of(4));
    const shown = inbox.take(3);
    inbox.push(Uint8Array.of(5, 6));
    inbox.push(Uint8Array.of(7));
    expect([...shown]).toEqual([2, 3, 4]);
    expect([...inbox.take(3)]).toEqual([5, 6, 7]);
    expect(inbox.length).toBe(0);
  });
  test('single bytes cost no more than their sum', () => {
    const inbox = new Inbox();
    const kept = new Set<ArrayBufferLike>();
    for (let index = 0; index < 100_000; index += 1) {
      inbox.push(Uint8Array.of(index));
      kept.add(inbox.bytes.buffer);
    }
    expect(inbox.length).toBe(100_000);
    expect(kept.size).toBeLessThan(20);
  });
});

describe('reader', () => {
  test('never reads past its end, and says so once', () => {
    const reader = new ByteReader(Uint8Array.of(0, 1, 2, 3, 4, 5), 0, 4);
    expect(reader.uint16()).toBe(1);
    expect(reader.int32()).toBe(0);
    expect(reader.broken).toBe(true);
    expect(reader.uint8()).toBe(0);
    expect(reader.finished).toBe(false);
  });
  test.each([-1, -2147483648, 5, 2147483647])('a length of %d breaks it', (length) => {
    const reader = new ByteReader(new Uint8Array(4));
    expect(reader.take(length)).toHaveLength(0);
    expect(reader.broken).toBe(true);
  });
  test('a text whose end lies in a neighbour’s bytes has none', () => {
    const reader = new ByteReader(Uint8Array.of(0x61, 0x62, 0), 0, 2);
    expect(reader.untilZero()).toHaveLength(0);
    expect(reader.broken).toBe(true);
  });
});

describe('writer and bytes', () => {
  test('signed numbers survive, texts cannot smuggle a second field', () => {
    fc.assert(
      fc.property(fc.integer({ min: -2147483648, max: 2147483647 }), (value) => {
        expect(readInt32(new ByteWriter().int32(value).take(), 0)).toBe(value);
      }),
    );
    expect([...new ByteWriter().zeroTerminated('a\0b').take()]).toEqual([0x61, 0]);
  });
  test('what was handed over is not written to again', () => {
    const writer = new ByteWriter(4).raw(Uint8Array.of(1, 2));
    const first = writer.take();
    writer.raw(Uint8Array.of(9, 9, 9, 9, 9, 9));
    expect([...first]).toEqual([1, 2]);
    expect(writer.length).toBe(6);
  });
  test('runs of every length', () => {
    const source = Uint8Array.from({ length: 200 }, (_, index) => index);
    for (const length of [0, 1, 47, 48, 49, 150])
      expect(new ByteWriter().run(source, 7, 7 + length).take()).toEqual(source.slice(7, 7 + length));
  });
  test('neighbours in memory are one, others are not', () => {
    const whole = Uint8Array.of(1, 2, 3, 4);
    expect([...(joined(whole.subarray(0, 2), whole.subarray(2)) ?? [])]).toEqual([1, 2, 3, 4]);
    expect(joined(whole.subarray(0, 2), whole.subarray(3))).toBeUndefined();
    expect(joined(whole.slice(0, 2), whole.subarray(2))).toBeUndefined();
    expect(sameBytes(whole, whole.slice())).toBe(true);
    expect(sameBytes(whole, whole.subarray(1))).toBe(false);
  });
});
