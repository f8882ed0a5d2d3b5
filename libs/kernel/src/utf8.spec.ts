import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeUtf8, encodeUtf8, utf8Length } from './index.js';

describe('utf8', () => {
  test('writes what the platform writes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const bytes = encodeUtf8(text);
        expect(Buffer.from(bytes)).toEqual(Buffer.from(new TextEncoder().encode(text)));
        expect(utf8Length(text)).toBe(bytes.length);
        expect(decodeUtf8(bytes)).toBe(text);
      }),
    );
    expect(Buffer.from(encodeUtf8('a\ud800b')).toString()).toBe('a\ufffdb');
  });

  test('reads what the platform reads, and refuses what it refuses', () => {
    const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    const platform = (bytes: Uint8Array) => {
      try {
        return strict.decode(bytes);
      } catch {
        return undefined;
      }
    };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), fc.constantFrom(0, 63, 64, 4_095, 4_096, 9_000), (bytes, plain) => {
        for (const whole of [
          bytes,
          Buffer.concat([Buffer.alloc(plain, 'a'), bytes]),
          Buffer.concat([bytes, Buffer.alloc(plain, 'a')]),
        ])
          expect(decodeUtf8(whole)).toBe(platform(whole));
      }),
      { numRuns: 2000 },
    );
    const edges = [
      0, 1, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5,
    ];
    for (const a of edges)
      for (const b of edges)
        for (const tail of [[], [0x80], [0x80, 0x80], [0xbf, 0xbf]]) {
          const bytes = Uint8Array.from([a, b, ...tail]);
          expect(decodeUtf8(bytes)).toBe(platform(bytes));
        }
  });

  test('long text is whole', () => {
    const text = 'ä€😀x'.repeat(5000);
    expect(decodeUtf8(encodeUtf8(text))).toBe(text);
  });
});
