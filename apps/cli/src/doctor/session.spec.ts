import { describe, expect, test } from '@jest/globals';
import type { SessionOutcome } from './gate.js';
import { checkSession } from './session.js';

const nothing: SessionOutcome = {
  error: undefined,
  opened: false,
  serverVersion: undefined,
  answered: 'nothing',
  lost: undefined,
};
const errorOf = (code: string, detail: object = {}, sqlstate = 'XX000'): ReadonlyMap<string, string> =>
  new Map([
    ['C', sqlstate],
    ['M', `said ${code}`],
    ['D', JSON.stringify({ code, ...detail })],
  ]);
const states = (outcome: Partial<SessionOutcome>): readonly string[] =>
  checkSession({ ...nothing, ...outcome }).map(({ name, state }) => `${name}: ${state}`);
const ok = ['proxy login: ok', 'proxy policy: ok', 'agent: ok', 'target: ok'];

describe('where the way ends', () => {
  test.each([
    ['unauthenticated', 0, 'proxy login'],
    ['limit_exceeded', 0, 'proxy login'],
    ['policy_stale', 1, 'proxy policy'],
    ['policy_unavailable', 1, 'proxy policy'],
    ['no_agent', 2, 'agent'],
    ['target_unavailable', 3, 'target'],
  ])('%s: what comes before is fine, what comes behind was not seen', (code, before, name) => {
    const seen = states({ error: errorOf(code) });
    expect(seen.slice(0, before + 1)).toEqual([...ok.slice(0, before), `${name}: broken`]);
    expect(seen.slice(before + 1).every((each) => each.endsWith('not checked'))).toBe(true);
    expect(seen).toHaveLength(5);
  });

  test('all the way', () => expect(states({ opened: true, answered: 'rows' })).toEqual([...ok, 'statement: ok']));

  test.each([
    ['policy says no to the statement', { error: errorOf('denied') }],
    ['policy holds it for a human', { answered: 'held' as const }],
  ])('%s: the way is whole, and nothing is broken', (_name, more) =>
    expect(states({ opened: true, ...more })).toEqual([...ok, 'statement: not checked']),
  );

  test.each([
    ['evidence cannot be kept', { error: errorOf('audit_unavailable') }],
    [
      'the target’s own error',
      {
        error: new Map([
          ['C', '57014'],
          ['M', 'canceled'],
          ['D', 'not JSON'],
        ]),
      },
    ],
    ['it hung up', { lost: 'the proxy hung up' }],
    ['no row', {}],
  ])('%s, at the statement', (_name, more) =>
    expect(states({ opened: true, ...more })).toEqual([...ok, 'statement: broken']),
  );

  test('it hung up before anything', () =>
    expect(states({ lost: 'the proxy hung up' })[0]).toBe('proxy login: broken'));
});

test('the cause that an agent names decides what to do', () => {
  const next = (cause: string): string | undefined =>
    checkSession({ ...nothing, error: errorOf('target_unavailable', { cause }) })[3]?.next;
  expect(next('authentication_failed')).toContain('credential');
  expect(next('toString')).toBe(next('nothing of ours'));
});
