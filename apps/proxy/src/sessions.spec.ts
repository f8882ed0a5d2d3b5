import { describe, expect, test } from '@jest/globals';
import { refuse } from '@sallyport/kernel';
import { createSessions } from './sessions.js';
import type { LiveSession } from './sessions.js';

const key = (...bytes: readonly number[]): Uint8Array => Uint8Array.from(bytes);
const open = (count: number, elsewhere?: (key: Uint8Array, from: string) => void) => {
  const sessions = createSessions(elsewhere);
  const told: string[] = [];
  const live = Array.from({ length: count }, (_, index): LiveSession => {
    const id = `ses_${index}`;
    return { id, cancel: () => told.push(`cancel ${id}`), terminate: ({ code }) => told.push(`${code} ${id}`) };
  });
  for (const [index, session] of live.entries()) {
    sessions.open(session);
    sessions.keyed(session, key(0, 0, 0, index, 1, 2, 3, 4));
  }
  return { sessions, live, told };
};

describe('keys that cancel', () => {
  test('a key is for one session, as often as it comes', () => {
    const { sessions, told } = open(3);
    expect(sessions.cancel(key(0, 0, 0, 1, 1, 2, 3, 4))).toBe(true);
    expect(sessions.cancel(key(0, 0, 0, 1, 1, 2, 3, 4))).toBe(true);
    expect(told).toEqual(['cancel ses_1', 'cancel ses_1']);
  });

  test.each([
    ['forged', key(0, 0, 0, 1, 1, 2, 3, 5)],
    ['cut short', key(0, 0, 0, 1, 1, 2, 3)],
    ['longer', key(0, 0, 0, 1, 1, 2, 3, 4, 0)],
    ['empty', key()],
    ['without end', new Uint8Array(100_000)],
  ])('one that is %s does nothing', (_name, forged) => {
    const { sessions, told } = open(3);
    expect(sessions.cancel(forged)).toBe(false);
    expect(told).toEqual([]);
  });

  test('one that comes late does nothing, and may be given anew', () => {
    const { sessions, live, told } = open(2);
    const [first, second] = live;
    if (first === undefined || second === undefined) throw new Error('no session');
    sessions.close(first);
    expect(sessions.cancel(key(0, 0, 0, 0, 1, 2, 3, 4))).toBe(false);
    sessions.keyed(second, key(0, 0, 0, 0, 1, 2, 3, 4));
    expect(sessions.cancel(key(0, 0, 0, 0, 1, 2, 3, 4))).toBe(true);
    expect(told).toEqual(['cancel ses_1']);
  });

  test('a flood of forged ones leaves nothing behind and touches nobody', () => {
    const { sessions, told } = open(2);
    for (let index = 0; index < 100_000; index += 1)
      sessions.cancel(key(9, index & 0xff, (index >> 8) & 0xff, (index >> 16) & 0xff, 1, 2, 3, 4));
    expect([sessions.size, told]).toEqual([2, []]);
  });

  test('one that nobody has here is told of, once, where a client brought it', () => {
    const asked: string[] = [];
    const { sessions } = open(2, (unknown, from) => asked.push(`${from} ${unknown.join()}`));
    sessions.cancel(key(0, 0, 0, 1, 1, 2, 3, 4), '10.0.0.1:5000');
    sessions.cancel(key(9, 9), '10.0.0.1:5000');
    // What another worker asks is not asked again.
    sessions.cancel(key(9, 9));
    for (const bad of [key(), new Uint8Array(257)]) sessions.cancel(bad, '10.0.0.1:5000');
    expect(asked).toEqual(['10.0.0.1:5000 9,9']);
  });

  test('nobody gets a key that somebody has, or none', () => {
    const { sessions, live } = open(2);
    const [first] = live;
    if (first === undefined) throw new Error('no session');
    for (const bad of [key(0, 0, 0, 1, 1, 2, 3, 4), key(), new Uint8Array(257)])
      expect(() => sessions.keyed(first, bad)).toThrow('not a key of its own');
  });
});

test('ended by id, or all of them, with what runs', () => {
  const { sessions, told } = open(2);
  expect(sessions.end('ses_9', refuse('session_ended', 'over'))).toBe(false);
  expect(sessions.end('ses_1', refuse('session_ended', 'over'))).toBe(true);
  sessions.endAll(refuse('session_ended', 'over'));
  expect(told).toEqual([
    ...['cancel ses_1', 'session_ended ses_1'],
    ...['cancel ses_0', 'session_ended ses_0', 'cancel ses_1', 'session_ended ses_1'],
  ]);
});
