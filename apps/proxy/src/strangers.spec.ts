import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createStrangers } from './strangers.js';

const admitAll = (limits: { overall: number; perAddress: number }, addresses: readonly string[]) => {
  const sentAway: string[] = [];
  const strangers = createStrangers<string>(limits);
  const leave = addresses.map((address, index) => {
    const name = `${address}#${index}`;
    return strangers.admit(address, name, (who) => sentAway.push(who));
  });
  return { strangers, sentAway, leave };
};

describe('strangers', () => {
  test('one address too many: its own oldest has to go', () => {
    const { sentAway, strangers } = admitAll({ overall: 10, perAddress: 2 }, ['a', 'b', 'a', 'a', 'a']);
    expect(sentAway).toEqual(['a#0', 'a#2']);
    expect(strangers.size).toBe(3);
  });

  test('too many overall: the oldest of the address that has most of them', () => {
    const { sentAway } = admitAll({ overall: 3, perAddress: 3 }, ['quiet', 'loud', 'loud', 'other', 'more']);
    expect(sentAway).toEqual(['loud#1', 'quiet#0']);
  });

  test('who is known, or gone, counts no more, and leaving twice is leaving once', () => {
    const { strangers, leave, sentAway } = admitAll({ overall: 2, perAddress: 2 }, ['a', 'a']);
    leave[0]?.();
    leave[0]?.();
    strangers.admit('a', 'late', (who) => sentAway.push(who));
    expect([strangers.size, sentAway]).toEqual([2, []]);
  });

  test.each([
    ['2001:db8:1:2:aaaa::1', '2001:db8:1:2:bbbb::9', true],
    ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
    ['::ffff:10.0.0.1', '10.0.0.1', true],
    ['::1', '::2', true],
    ['10.0.0.1', '10.0.0.2', false],
  ])('%s and %s are one: %s', (one, other, together) => {
    const { sentAway } = admitAll({ overall: 10, perAddress: 1 }, [one, other]);
    expect(sentAway.length === 1).toBe(together);
  });

  test('whatever comes and goes, both limits hold', () => {
    const step = fc.record({
      address: fc.constantFrom('a', 'b', 'c'),
      leaves: fc.option(fc.nat(50), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const strangers = createStrangers<string>({ overall: 6, perAddress: 4 });
        const inside = new Map<string, string>();
        const leave: (() => void)[] = [];
        for (const [index, { address, leaves }] of steps.entries()) {
          const name = `${address}${index}`;
          inside.set(name, address);
          const away = strangers.admit(address, name, (who) => inside.delete(who));
          leave.push(() => (away(), inside.delete(name)));
          if (leaves !== undefined) leave[leaves]?.();
          expect(strangers.size).toBe(inside.size);
          expect(inside.size).toBeLessThanOrEqual(6);
          for (const each of ['a', 'b', 'c'])
            expect([...inside.values()].filter((from) => from === each).length).toBeLessThanOrEqual(4);
        }
      }),
    );
  });
});
