import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createEventStream, reconcile } from './index.js';
import type { AuditEvent, EventContent } from './index.js';

const caller = { kind: 'subagent', id: 'sub_1', name: 'etl', onBehalfOf: [] } as const;
const statement = (command: string) => ({
  command,
  connection: 'billing',
  database: 'app',
  caller,
  text: 'SELECT 1',
  digest: 'a'.repeat(64),
  kinds: [],
  tables: [],
  policyVersion: 1,
  policies: [],
  approval: undefined,
});
const intent = (command: string): EventContent => ({
  type: 'statement.intent',
  verdict: 'allowed',
  ...statement(command),
});
const refused = (command: string): EventContent => ({
  type: 'statement.refused',
  code: 'denied',
  reason: 'no',
  ...statement(command),
});
const outcome = (command: string, status: 'completed' | 'failed' | 'unknown' = 'completed'): EventContent => ({
  type: 'statement.outcome',
  command,
  status,
  tag: undefined,
  error: undefined,
  rows: 0,
  bytes: 0,
  duration: 1,
  maskedColumns: [],
  maskedCells: 0,
});
const closed: EventContent = { type: 'session.closed', cause: 'client_left' };
const session = (...contents: EventContent[]): readonly AuditEvent[] => {
  const stream = createEventStream({ session: 'ses_1', proxy: 'p', clock: { now: () => 1 } });
  return contents.map((content) => stream.next(content));
};
const states = (events: readonly AuditEvent[]) =>
  reconcile(events).commands.map(({ command, status }) => [command, status]);

describe('reconcile', () => {
  test('an intent without an outcome is unknown, never absent', () => {
    const events = session(
      intent('a'),
      outcome('a'),
      intent('b'),
      refused('c'),
      intent('d'),
      outcome('d', 'failed'),
      closed,
    );
    expect(states(events)).toEqual([
      ['a', 'completed'],
      ['b', 'unknown'],
      ['c', 'refused'],
      ['d', 'failed'],
    ]);
    expect(reconcile(events).problems).toEqual([]);
  });

  test('every missing number is said', () => {
    const events = session(intent('a'), outcome('a'), intent('b'), outcome('b'), closed);
    const without = (...gone: number[]) =>
      reconcile(events.filter(({ sequence }) => !gone.includes(sequence))).problems;
    expect(without(0)).toContainEqual({ kind: 'gap', session: 'ses_1', from: 0, to: 0 });
    expect(without(1, 2)).toContainEqual({ kind: 'gap', session: 'ses_1', from: 1, to: 2 });
    expect(without(0)).toContainEqual({ kind: 'orphan', session: 'ses_1', command: 'a' });
    expect(without()).toEqual([]);
  });

  test('order and repetition change nothing', () => {
    const events = session(intent('a'), intent('b'), outcome('b'), refused('c'), outcome('a', 'unknown'), closed);
    const expected = reconcile(events);
    fc.assert(
      fc.property(fc.shuffledSubarray([...events, ...events], { minLength: 12 }), (shuffled) => {
        expect(reconcile(shuffled)).toEqual(expected);
      }),
    );
  });

  test('two events in one place, two outcomes, an outcome of a refused one, events after the end', () => {
    const [first] = session(intent('a'));
    const [other] = session(intent('b'));
    if (first === undefined || other === undefined) throw new Error('no events');
    expect(reconcile([first, other]).problems).toEqual([{ kind: 'conflict', session: 'ses_1', sequence: 0 }]);
    expect(reconcile(session(intent('a'), outcome('a'), outcome('a', 'failed'))).problems).toEqual([
      { kind: 'repeated_outcome', session: 'ses_1', command: 'a' },
    ]);
    expect(reconcile(session(refused('a'), outcome('a'))).problems).toEqual([
      { kind: 'orphan', session: 'ses_1', command: 'a' },
    ]);
    expect(reconcile(session(closed, intent('a'))).problems).toEqual([
      { kind: 'after_close', session: 'ses_1', sequence: 1 },
    ]);
  });

  test('sessions do not mix', () => {
    const [event] = session(intent('a'));
    if (event === undefined) throw new Error('no event');
    const other: AuditEvent = { ...event, session: 'ses_2', id: 'ses_2:0' };
    expect(reconcile([event, other]).commands.map(({ session: name }) => name)).toEqual(['ses_1', 'ses_2']);
  });
});
