import { expect, test } from '@jest/globals';
import { causeOfRefusal, checkRecord } from './evidence.js';

const window = { from: 100_000, to: 101_000 };
const recordAt = (milliseconds: number) => ({
  type: 'session.opened',
  at: new Date(milliseconds).toISOString(),
  proxy: 'gate-1',
});

test.each([
  ['within the login', 100_500, 'ok', 'agrees with'],
  ['a little off', 104_000, 'ok', 'is 3 s ahead of'],
  ['ahead', 701_000, 'broken', 'is 10 min ahead of'],
  ['behind', 100_000 - 7_200_000, 'broken', 'is 2 h behind'],
])('the proxy’s clock, %s', (_name, at, state, words) => {
  const [evidence, clock] = checkRecord(recordAt(at), window);
  expect([evidence?.state, clock?.state, clock?.says]).toEqual([
    'ok',
    state,
    expect.stringContaining(`gate-1 ${words}`),
  ]);
});

test('no record: evidence does not arrive', () => {
  expect(checkRecord(undefined, window).map(({ state }) => state)).toEqual(['broken', 'not checked']);
});

test.each([
  ['wrong_audience', 'wrong_audience: its `aud`', 'audience'],
  ['deny: no policy permits it', 'deny: no policy permits it', 'must permit `connect`'],
  ['toString', 'toString', 'must permit `connect`'],
])('a login refused for %s', (cause, says, next) => {
  const told = causeOfRefusal({ ...recordAt(0), cause });
  expect([told.says, told.next]).toEqual([expect.stringContaining(says), expect.stringContaining(next)]);
});
