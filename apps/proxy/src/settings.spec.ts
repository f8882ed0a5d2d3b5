import { describe, expect, test } from '@jest/globals';
import type { TargetState } from '@sallyport/kernel';
import type { Facts, SessionEffect, StatementFacts } from '@sallyport/sql';
import { createSettingsWatch, isWayOut, readList } from './settings.js';

const none = { columns: [], complete: true } as const;
const statement = (more: Partial<StatementFacts>): StatementFacts => ({
  kind: 'select',
  effects: [],
  answer: { kind: 'none' },
  copy: 'none',
  filters: none,
  copies: none,
  unresolved: [],
  session: undefined,
  transaction: undefined,
  unknown: undefined,
  ...more,
});
const facts = (...statements: readonly Partial<StatementFacts>[]): Facts => ({ statements: statements.map(statement) });
const set = (name: string, value: string | undefined, local = false): SessionEffect => ({
  kind: 'set',
  name,
  value,
  local,
});
const state = (
  parameters: Readonly<Record<string, string>>,
  transaction: TargetState['transaction'] = 'idle',
): TargetState => ({
  database: 'app',
  transaction,
  parameters: new Map(Object.entries(parameters)),
});
const reading = facts({ effects: [{ action: 'select', object: { kind: 'table', schema: 'a', table: 't' } }] });
const base = { session_authorization: 'app', search_path: '"$user", public' };

describe('settings', () => {
  test('the reported path counts, with $user as who the session is', () => {
    const watch = createSettingsWatch({});
    expect(watch.look(state(base), ['x'])).toEqual({ searchPath: ['app', 'public'], drift: undefined });
    expect(watch.look(state({ ...base, search_path: 'a, "B c"' }), ['x']).searchPath).toEqual(['a', 'B c']);
  });

  test('where the server does not report it: what was given at start-up, else the catalog says', () => {
    expect(createSettingsWatch({}).look(state({}), ['x', 'y']).searchPath).toEqual(['x', 'y']);
    expect(createSettingsWatch({ search_path: 'q' }).look(state({}), ['x']).searchPath).toEqual(['q']);
  });

  test('ahead of the report, in a pipeline, what was sent counts; in flight nothing is certain', () => {
    const watch = createSettingsWatch({});
    watch.look(state(base), []);
    watch.sent(1, facts({ session: set('search_path', 'b') }), state(base));
    expect(watch.look(state(base), []).drift?.code).toBe('state_drift');
    watch.settled(1, true);
    expect(watch.look(state(base), [])).toEqual({ searchPath: ['b'], drift: undefined });
    expect(watch.look(state({ ...base, search_path: 'b' }), []).searchPath).toEqual(['b']);
  });

  test('rolled back before it was reported: nothing runs but what sets it anew', () => {
    const watch = createSettingsWatch({});
    watch.look(state(base), []);
    watch.sent(1, facts({ session: set('search_path', 'b') }), state(base));
    watch.settled(1, true);
    watch.sent(2, facts({ transaction: 'rollback' }), state(base));
    watch.settled(2, true);
    expect(watch.look(state(base), []).drift?.code).toBe('state_drift');
    const anew = facts({ session: set('search_path', 'c') });
    expect([isWayOut(anew), isWayOut(reading)]).toEqual([true, false]);
    watch.sent(3, anew, state(base));
    watch.settled(3, true);
    expect(watch.look(state({ ...base, search_path: 'c' }), [])).toEqual({ searchPath: ['c'], drift: undefined });
  });

  test('a failed statement takes an unreported setting of its transaction with it', () => {
    const watch = createSettingsWatch({});
    watch.look(state(base), []);
    watch.sent(1, facts({ session: set('search_path', 'b') }), state(base, 'open'));
    watch.settled(1, true);
    watch.sent(2, reading, state(base, 'open'));
    watch.settled(2, false);
    expect(watch.look(state(base, 'failed'), []).drift?.code).toBe('state_drift');
  });

  test('DISCARD of something else does not bring the first path back', () => {
    const watch = createSettingsWatch({});
    watch.look(state(base), []);
    const moved = state({ ...base, search_path: 'b' });
    watch.sent(1, facts({ session: { kind: 'discard' } }), moved);
    watch.settled(1, true);
    expect(watch.look(moved, []).drift?.code).toBe('state_drift');
    expect(watch.look(state(base), [])).toEqual({ searchPath: ['app', 'public'], drift: undefined });
  });

  test('RESET ALL where nothing had moved changes nothing', () => {
    const watch = createSettingsWatch({});
    watch.look(state(base), []);
    watch.sent(1, facts({ session: { kind: 'reset', name: undefined } }), state(base));
    watch.settled(1, true);
    expect(watch.look(state(base), [])).toEqual({ searchPath: ['app', 'public'], drift: undefined });
  });

  test('SET ROLE changes who $user is', () => {
    const watch = createSettingsWatch({});
    watch.look(state(base), []);
    watch.sent(1, facts({ session: set('role', 'admin') }), state(base));
    watch.settled(1, true);
    expect(watch.look(state(base), []).searchPath).toEqual(['admin', 'public']);
  });

  test.each([
    ['standard_conforming_strings', { ...base, standard_conforming_strings: 'off' }],
    ['client_encoding', { ...base, client_encoding: 'LATIN1' }],
    ['session_authorization', { ...base, session_authorization: 'somebody' }],
  ])('%s that moved by itself stops everything', (_name, parameters) => {
    const watch = createSettingsWatch({});
    watch.look(state(base), []);
    expect(watch.look(state(parameters), []).drift?.code).toBe('state_drift');
  });

  test('a SET that would change how texts are read is refused before it is sent', () => {
    const watch = createSettingsWatch({});
    const refused = (name: string, value: string) => watch.admit(facts({ session: set(name, value) }))?.code;
    expect(refused('standard_conforming_strings', 'off')).toBe('state_drift');
    expect(refused('standard_conforming_strings', 'on')).toBeUndefined();
    expect(refused('client_encoding', 'SQL_ASCII')).toBe('state_drift');
    expect(refused('client_encoding', 'utf8')).toBeUndefined();
  });

  test('statements behind a SET of the path, in the same text, were read with the old one: refused', () => {
    const watch = createSettingsWatch({});
    const both = facts({ session: set('search_path', 'b') }, { ...reading.statements[0] });
    expect(watch.admit(both)?.code).toBe('state_drift');
    expect(watch.admit(facts({ ...reading.statements[0] }, { session: set('search_path', 'b') }))).toBeUndefined();
  });

  test.each([
    ['"$user", public', ['$user', 'public']],
    ['a,b ,  "C""d"', ['a', 'b', 'C"d']],
    ["'x y', Z", ['x y', 'z']],
    ['', []],
  ])('reads the list %s', (text, names) => {
    expect(readList(text)).toEqual(names);
  });
});
