import { createHmac } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { encodeUtf8, quickRoom } from '@sallyport/kernel';
import type { CellMask } from '@sallyport/kernel';
import fc from 'fast-check';
import type { Carrier } from './carrier.js';
import { createCellMask } from './cell.js';
import { createDetectors } from './detect/detectors.js';
import type { MaskFormat } from './format.js';
import { netMask } from './net/net.js';

const hash = {
  key: encodeUtf8('key'),
  hmac: (key: Uint8Array, bytes: Uint8Array) => new Uint8Array(createHmac('sha256', key).update(bytes).digest()),
};

/** What `writes` puts among other bytes, or `undefined` where it leaves the word to the mask itself. */
const written = (mask: CellMask, value: Uint8Array): Uint8Array | undefined => {
  const [before, after] = [3, 2];
  const bytes = new Uint8Array(before + value.length + after).fill(0x39);
  bytes.set(value, before);
  const into = new Uint8Array(5 + value.length + quickRoom).fill(0xee);
  const length = mask.writes?.(bytes, before, before + value.length, into, 5) ?? -1;
  expect(into.subarray(0, 5)).toEqual(new Uint8Array(5).fill(0xee));
  return length < 0 ? undefined : into.slice(5, 5 + length);
};

const addresses = fc
  .tuple(
    fc.string({ unit: fc.constantFrom(...'ab.Z9 @"é-\u0001+'), maxLength: 70 }),
    fc.string({ unit: fc.constantFrom(...'ab.Z9-é@ '), maxLength: 12 }),
    fc.constantFrom('.com', '.c', '.1', '.a1', 'com', '..de', '.de-', '.de ', ''),
  )
  .map((parts) => `${parts[0]}@${parts[1]}${parts[2]}`);
const texts = fc.oneof(
  fc.string({ unit: fc.constantFrom(...'0123456789 -./_:@()+,abZ*\u0000\t'), maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.string({ maxLength: 40 }),
  addresses,
);

describe('what is written at once is what the mask says', () => {
  const cases = (['redact', 'partial', 'email', 'hash', 'null'] as const).flatMap((format) =>
    (['text', 'json', 'xml', 'unknown'] as const).flatMap((carrier) =>
      [25, 1042].map((type) => ({ format, carrier, type })),
    ),
  );
  test.each<{ format: MaskFormat; carrier: Carrier; type: number }>(cases)('%o', ({ format, carrier, type }) => {
    const mask = createCellMask(format, carrier, { type, format: 'text' }, hash);
    fc.assert(
      fc.property(texts, (text) => {
        const value = encodeUtf8(text);
        const quick = written(mask, value);
        if (quick !== undefined) expect(quick).toEqual(new Uint8Array(mask(value) ?? []));
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ['partial', '4000 0012 3456 7890', '**** **** **** 7890'],
    ['partial', '4000001234567890', '************7890'],
    ['partial', 'secret7', undefined],
    ['partial', '４０００001234567890', undefined],
    ['email', 'jane.doe@example.com', 'j***@example.com'],
    ['email', 'j@example.com', '***@example.com'],
    ['email', 'jane@localhost', undefined],
    ['email', ' jane@example.com', undefined],
    ['email', `${'x'.repeat(65)}@example.com`, undefined],
  ] as const)('%s of %s', (format, text, shown) => {
    const mask = createCellMask(format, 'text', { type: 25, format: 'text' }, undefined);
    expect(written(mask, encodeUtf8(text))).toEqual(
      shown === undefined ? undefined : new Uint8Array(encodeUtf8(shown)),
    );
  });
});

describe('what is spared does not change', () => {
  const values = fc.oneof(
    texts.map(encodeUtf8),
    fc.uint8Array({ maxLength: 40 }),
    fc.bigInt({ min: 0n, max: 10n ** 17n }).map((number) => encodeUtf8(String(number))),
  );
  const columns = [25, 20, 1700, 701, 17, 1009, 114].flatMap((type) =>
    (['text', 'binary'] as const).map((format) => ({ type, format })),
  );
  test.each(columns)('%o', ({ type, format }) => {
    const carrier: Carrier = type === 25 ? 'text' : type === 114 ? 'json' : 'none';
    for (const detectors of [createDetectors(), createDetectors(['ip_address'])]) {
      const mask = netMask(detectors, { carrier, format, type, types: undefined });
      fc.assert(
        fc.property(values, (value) => {
          if (mask?.spares?.(value, 0, value.length) === true) expect(mask(value)).toBe(value);
        }),
        { numRuns: 300 },
      );
    }
  });
});
