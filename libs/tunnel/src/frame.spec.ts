import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createFrameDecoder, encodeFrame, frameHeaderLength, maxPayload } from './index.js';
import type { Frame, FrameKind } from './index.js';

const frame = (kind: FrameKind, ...payload: number[]): Frame => ({ kind, payload: Uint8Array.from(payload) });
const header = (length: number, kind = 1): Uint8Array => {
  const bytes = Uint8Array.from([0x53, 0x50, 1, kind, 0, 0, 0, 0]);
  new DataView(bytes.buffer).setUint32(4, length);
  return bytes;
};

describe('frames', () => {
  test('bytes are fixed', () => {
    expect([...encodeFrame(frame('ticket', 7, 8))]).toEqual([0x53, 0x50, 1, 1, 0, 0, 0, 2, 7, 8]);
    expect([...encodeFrame(frame('pong'))]).toEqual([0x53, 0x50, 1, 4, 0, 0, 0, 0]);
  });

  test('cut anywhere, a frame is the same frame and what follows is not lost', () => {
    const whole = Uint8Array.from([...encodeFrame(frame('answer', 1, 2, 3, 4, 5)), 9, 8, 7]);
    for (let cut = 0; cut <= whole.length; cut += 1) {
      const decoder = createFrameDecoder();
      decoder.push(whole.subarray(0, cut));
      let read = decoder.read();
      if (cut < frameHeaderLength + 5) expect(read).toEqual({ kind: 'incomplete' });
      decoder.push(whole.subarray(cut));
      if (read.kind === 'incomplete') read = decoder.read();
      expect(read).toEqual({ kind: 'frame', frame: frame('answer', 1, 2, 3, 4, 5) });
      expect([...decoder.rest()]).toEqual([9, 8, 7]);
      expect(decoder.rest().length).toBe(0);
    }
  });

  test('any frames in any chunks', () => {
    const frames = fc.array(
      fc.oneof(
        fc.record({ kind: fc.constantFrom<FrameKind>('ticket', 'answer'), payload: fc.uint8Array({ maxLength: 40 }) }),
        fc.constant(frame('ping')),
      ),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 20 }), (sent, cuts) => {
        const bytes = Buffer.concat(sent.map(encodeFrame));
        const decoder = createFrameDecoder();
        const got: Frame[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
          const size = cuts[turn % cuts.length] ?? 1;
          decoder.push(bytes.subarray(at, at + size));
          at += size;
          for (let read = decoder.read(); read.kind !== 'incomplete'; read = decoder.read()) {
            if (read.kind === 'refused') throw new Error(read.refusal.message);
            got.push({ kind: read.frame.kind, payload: Uint8Array.from(read.frame.payload) });
          }
        }
        expect(got).toEqual(sent.map(({ kind, payload }) => ({ kind, payload: Uint8Array.from(payload) })));
      }),
    );
  });

  test.each([maxPayload + 1, 0x7fffffff, 0x80000000, 0xffffffff])(
    'a length of %d is refused by its header',
    (length) => {
      const decoder = createFrameDecoder();
      decoder.push(header(length));
      expect(decoder.read()).toMatchObject({ kind: 'refused', refusal: { code: 'protocol_violation' } });
      decoder.push(encodeFrame(frame('ticket')));
      expect(decoder.read().kind).toBe('refused');
    },
  );

  test('the longest payload passes, a longer one is never encoded', () => {
    const decoder = createFrameDecoder();
    decoder.push(encodeFrame({ kind: 'ticket', payload: new Uint8Array(maxPayload) }));
    expect(decoder.read().kind).toBe('frame');
    expect(() => encodeFrame({ kind: 'ticket', payload: new Uint8Array(maxPayload + 1) })).toThrow(RangeError);
  });

  test('keep-alives carry nothing', () => {
    for (const kind of [3, 4]) {
      const decoder = createFrameDecoder();
      decoder.push(header(1, kind));
      expect(decoder.read().kind).toBe('refused');
    }
  });

  test('strangers and unknown kinds are refused as soon as it shows', () => {
    for (const bytes of [[0x16], [0x53, 0x51], [0x53, 0x50, 2], [0x47, 0x45, 0x54]]) {
      const decoder = createFrameDecoder();
      decoder.push(Uint8Array.from(bytes));
      expect(decoder.read().kind).toBe('refused');
    }
    for (let kind = 0; kind < 256; kind += 1) {
      const decoder = createFrameDecoder();
      decoder.push(header(0, kind).subarray(0, 4));
      expect(decoder.read().kind).toBe(kind >= 1 && kind <= 4 ? 'incomplete' : 'refused');
    }
  });

  test('nothing is thrown at any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), fc.boolean(), (bytes, prefixed) => {
        const decoder = createFrameDecoder();
        decoder.push(prefixed ? Uint8Array.from([0x53, 0x50, 1, ...bytes]) : bytes);
        expect(['frame', 'incomplete', 'refused']).toContain(decoder.read().kind);
      }),
    );
  });
});
