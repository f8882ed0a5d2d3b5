import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { satisfies } from '../cedar/engine.js';
import { parseDatetime, parseDuration } from './time.js';

const question = {
  principal: { type: 'User', id: 'a' },
  action: { type: 'Action', id: 'read' },
  resource: { type: 'Table', id: 'a' },
  context: {},
  entities: [],
};

/** Whether cedar-wasm reads the same milliseconds out of a literal; `undefined`: that it must refuse it. */
const agrees = (name: 'datetime' | 'duration', text: string, ms: bigint | undefined): boolean => {
  const literal = { [name]: [{ Value: text }] };
  const zero = { datetime: [{ Value: '1970-01-01' }] };
  const span = { duration: [{ Value: `${ms ?? 0n}ms` }] };
  const expected = name === 'datetime' ? { offset: [zero, span] } : span;
  const body = { '==': { left: literal, right: expected } };
  const policy = {
    effect: 'permit',
    principal: { op: 'All' },
    action: { op: 'All' },
    resource: { op: 'All' },
    conditions: [{ kind: 'when', body }],
  };
  return (
    satisfies(policy as unknown as Parameters<typeof satisfies>[0], question) ===
    (ms === undefined ? 'error' : 'satisfied')
  );
};

const digits = (length: number) => fc.nat({ max: 10 ** length - 1 }).map((n) => String(n).padStart(length, '0'));
const likely = (low: number, high: number) =>
  fc.integer({ min: low, max: high }).map((n) => String(n).padStart(2, '0'));

describe('literals of time mean what they mean in Cedar', () => {
  test('datetimes', () => {
    const date = fc
      .tuple(fc.oneof(digits(4), fc.constantFrom('2024', '2000', '1900', '2023')), likely(0, 13), likely(0, 32))
      .map((p) => p.join('-'));
    const zone = fc.oneof(
      fc.constantFrom('Z', '', '+0000', 'z'),
      fc.tuple(fc.constantFrom('+', '-'), likely(0, 25), likely(0, 61)).map((p) => p.join('')),
    );
    const clock = fc
      .tuple(likely(0, 25), likely(0, 61), likely(0, 61), fc.constantFrom('', '.000', '.999', '.5', '.1234'), zone)
      .map(([h, m, s, ms, z]) => `T${h}:${m}:${s}${ms}${z}`);
    const text = fc.oneof(
      date,
      fc.tuple(date, clock).map((p) => p.join('')),
      fc.constantFrom('', '2024-1-1', '+2024-01-01', ' 2024-01-01', '2024-01-01T', '２024-01-01'),
    );
    let read = 0;
    fc.assert(
      fc.property(text, (each) => {
        const ms = parseDatetime(each)?.ms;
        if (ms !== undefined) read += 1;
        expect([each, agrees('datetime', each, ms)]).toEqual([each, true]);
      }),
      { numRuns: 2500 },
    );
    expect(read).toBeGreaterThan(60);
  });

  test('durations', () => {
    const part = (unit: string) =>
      fc.oneof(
        fc.constant(''),
        fc.nat({ max: 100 }).map((n) => `${n}${unit}`),
        fc.constant(`9223372036854775807${unit}`),
      );
    const text = fc.oneof(
      {
        arbitrary: fc
          .tuple(fc.constantFrom('', '-', '+'), ...['d', 'h', 'm', 's', 'ms'].map(part))
          .map((p) => p.join('')),
        weight: 9,
      },
      {
        arbitrary: fc.constantFrom(
          '',
          '-',
          '1',
          '1.5h',
          '1h1d',
          '1ms1s',
          '-9223372036854775808ms',
          '-9223372036854775809ms',
          '00001s',
          ' 1s',
        ),
        weight: 1,
      },
    );
    let read = 0;
    fc.assert(
      fc.property(text, (each) => {
        const ms = parseDuration(each)?.ms;
        if (ms !== undefined) read += 1;
        expect([each, agrees('duration', each, ms)]).toEqual([each, true]);
      }),
      { numRuns: 1500 },
    );
    expect(read).toBeGreaterThan(60);
  });
});
