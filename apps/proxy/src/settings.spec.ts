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
  moves: [],
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
const asked = (at: TargetState, group = 0) => ({ state: at, group });
const reading = facts({ effects: [{ action: 'select', object: { kind: 'table', schema: 'a', table: 't' } }] });
const base = { session_authorization: 'app', search_path: '"$user", public' };

describe('settings', () => {
  test('the reported path counts, with $user as who the session is', () => {
    const watch = createSettingsWatch({});
    expect(watch.look(asked(state(base)), ['x'])).toMatchObject({ searchPath: ['app', 'public'], drift: undefined });
    expect(watch.look(asked(state({ ...base, search_path: 'a, "B c"' })), ['x']).searchPath).toEqual(['a', 'B c']);
  });

  test('where the server does not report it: what was given at start-up, else the catalog says', () => {
    expect(createSettingsWatch({}).look(asked(state({})), ['x', 'y']).searchPath).toEqual(['x', 'y']);
    expect(createSettingsWatch({ search_path: 'q' }).look(asked(state({})), ['x']).searchPath).toEqual(['q']);
  });

  test('ahead of the report, in a pipeline, what was sent counts; in flight nothing is certain', () => {
    const watch = createSettingsWatch({});
    watch.look(asked(state(base)), []);
    watch.sent(1, facts({ session: set('search_path', 'b') }), asked(state(base)));
    expect(watch.look(asked(state(base)), []).drift?.code).toBe('state_drift');
    watch.settled(1, true);
    expect(watch.look(asked(state(base)), [])).toMatchObject({ searchPath: ['b'], drift: undefined });
    expect(watch.look(asked(state({ ...base, search_path: 'b' })), []).searchPath).toEqual(['b']);
  });

  test('rolled back before it was reported: nothing runs but what sets it anew', () => {
    const watch = createSettingsWatch({});
    watch.look(asked(state(base)), []);
    watch.sent(1, facts({ session: set('search_path', 'b') }), asked(state(base)));
    watch.settled(1, true);
    watch.sent(2, facts({ transaction: 'rollback' }), asked(state(base)));
    watch.settled(2, true);
    expect(watch.look(asked(state(base)), []).drift?.code).toBe('state_drift');
    const anew = facts({ session: set('search_path', 'c') });
    expect([isWayOut(anew), isWayOut(reading)]).toEqual([true, false]);
    watch.sent(3, anew, asked(state(base)));
    watch.settled(3, true);
    expect(watch.look(asked(state({ ...base, search_path: 'c' })), [])).toMatchObject({
      searchPath: ['c'],
      drift: undefined,
    });
  });

  test('a savepoint that is rolled back to may bring an older path back', () => {
    const watch = createSettingsWatch({});
    watch.look(asked(state(base)), []);
    watch.sent(1, facts({ session: set('search_path', 'b') }), asked(state(base, 'open')));
    watch.settled(1, true);
    watch.sent(2, facts({ kind: 'rollback to savepoint', transaction: 'savepoint' }), asked(state(base, 'open')));
    watch.settled(2, true);
    expect(watch.look(asked(state(base, 'open')), []).drift?.code).toBe('state_drift');
  });

  test('a failed statement takes an unreported setting of its transaction with it', () => {
    const watch = createSettingsWatch({});
    watch.look(asked(state(base)), []);
    watch.sent(1, facts({ session: set('search_path', 'b') }), asked(state(base, 'open')));
    watch.settled(1, true);
    watch.sent(2, reading, asked(state(base, 'open')));
    watch.settled(2, false);
    expect(watch.look(asked(state(base, 'failed')), []).drift?.code).toBe('state_drift');
  });

  test('a DISCARD ALL that failed in the middle of a text leaves a doubt, and one that is done takes it', () => {
    const watch = createSettingsWatch({});
    watch.look(asked(state(base)), []);
    const all = { session: { kind: 'discard', what: 'all' } } as const;
    watch.sent(1, facts(all, {}), asked(state(base)));
    watch.settled(1, false);
    expect(watch.look(asked(state(base)), []).drift?.code).toBe('state_drift');
    watch.sent(2, facts(all), asked(state(base)));
    watch.settled(2, true);
    expect(watch.look(asked(state(base)), [])).toMatchObject({ drift: undefined, unsettled: undefined });
  });

  test('DISCARD ALL brings the first path back, its other forms do not', () => {
    const watch = createSettingsWatch({});
    watch.look(asked(state(base)), []);
    const moved = state({ ...base, search_path: 'b' });
    watch.sent(1, facts({ session: { kind: 'discard', what: 'temp' } }), asked(moved));
    watch.settled(1, true);
    expect(watch.look(asked(moved), [])).toMatchObject({ searchPath: ['b'], drift: undefined });
    watch.sent(2, facts({ session: { kind: 'discard', what: 'all' } }), asked(moved));
    watch.settled(2, true);
    // Ahead of the report.
    expect(watch.look(asked(moved), [])).toMatchObject({ searchPath: ['app', 'public'], drift: undefined });
    expect(watch.look(asked(state(base)), [])).toMatchObject({ searchPath: ['app', 'public'], drift: undefined });
  });

  test('a value that only a parameter holds: nobody can agree under it', () => {
    const watch = createSettingsWatch({});
    watch.look(asked(state(base)), []);
    const unseen: SessionEffect = { kind: 'set', name: 'app.tenant', value: undefined, local: false, unseen: true };
    watch.sent(1, facts({ session: unseen }), asked(state(base)));
    watch.settled(1, true);
    expect(watch.look(asked(state(base)), [])).toMatchObject({ drift: undefined, unsettled: { code: 'state_drift' } });
  });

  test('RESET ALL where nothing had moved changes nothing', () => {
    const watch = createSettingsWatch({});
    watch.look(asked(state(base)), []);
    watch.sent(1, facts({ session: { kind: 'reset', name: undefined } }), asked(state(base)));
    watch.settled(1, true);
    expect(watch.look(asked(state(base)), [])).toMatchObject({ searchPath: ['app', 'public'], drift: undefined });
  });

  test('a role that ALTER ROLE gave the session at its start is who $user is, until another one is set', () => {
    const watch = createSettingsWatch({});
    expect(watch.look(asked(state(base)), [], 'writer').searchPath).toEqual(['writer', 'public']);
    watch.sent(1, facts({ session: set('role', 'none') }), asked(state(base)));
    watch.settled(1, true);
    expect(watch.look(asked(state(base)), [], 'writer').searchPath).toEqual(['app', 'public']);
    watch.sent(2, facts({ session: { kind: 'reset', name: 'role' } }), asked(state(base)));
    watch.settled(2, true);
    expect(watch.look(asked(state(base)), [], 'writer').searchPath).toEqual(['writer', 'public']);
  });

  test('SET ROLE changes who $user is', () => {
    const watch = createSettingsWatch({});
    watch.look(asked(state(base)), []);
    watch.sent(1, facts({ session: set('role', 'admin') }), asked(state(base)));
    watch.settled(1, true);
    expect(watch.look(asked(state(base)), []).searchPath).toEqual(['admin', 'public']);
  });

  test.each([
    ['standard_conforming_strings', { ...base, standard_conforming_strings: 'off' }],
    ['client_encoding', { ...base, client_encoding: 'LATIN1' }],
    ['session_authorization', { ...base, session_authorization: 'somebody' }],
  ])('%s that moved by itself stops everything', (_name, parameters) => {
    const watch = createSettingsWatch({});
    watch.look(asked(state(base)), []);
    expect(watch.look(asked(state(parameters)), []).drift?.code).toBe('state_drift');
  });

  test('a SET that would change how texts are read is refused before it is sent', () => {
    const watch = createSettingsWatch({});
    const refused = (name: string, value: string) => watch.admit(facts({ session: set(name, value) }))?.code;
    expect(refused('standard_conforming_strings', 'off')).toBe('state_drift');
    expect(refused('standard_conforming_strings', 'on')).toBeUndefined();
    expect(refused('client_encoding', 'SQL_ASCII')).toBe('state_drift');
    expect(refused('client_encoding', 'utf8')).toBeUndefined();
    expect(refused('client_encoding', 'UNICODE')).toBeUndefined();
  });

  test('statements behind a SET of the path, in the same text, were read with the old one: refused', () => {
    const watch = createSettingsWatch({});
    const both = facts({ session: set('search_path', 'b') }, { ...reading.statements[0] });
    expect(watch.admit(both)?.code).toBe('state_drift');
    expect(watch.admit(facts({ ...reading.statements[0] }, { session: set('search_path', 'b') }))).toBeUndefined();
  });

  describe('under which an approval is given', () => {
    const zoned = { ...base, timezone: 'UTC', datestyle: 'ISO, MDY' };
    const begun = (watch: ReturnType<typeof createSettingsWatch>, ...sent: readonly (readonly [Facts, number])[]) => {
      watch.look(asked(state(zoned)), []);
      for (const [index, [each, group]] of sent.entries()) {
        watch.sent(index, each, asked(state(zoned), group));
        watch.settled(index, true);
        watch.look(asked(state(zoned)), []);
      }
    };

    test('are role, path, how literals are read, and whatever was set', () => {
      const watch = createSettingsWatch({});
      begun(watch, [facts({ session: set('App.Tenant', '5') }), 1], [facts({ session: set('work_mem', '1') }), 2]);
      expect(watch.look(asked(state(zoned)), [])).toMatchObject({ unsettled: undefined });
      expect(watch.look(asked(state(zoned)), []).settings).toEqual({
        search_path: 'app\npublic',
        session_authorization: 'app',
        role: 'none',
        timezone: 'UTC',
        datestyle: 'ISO, MDY',
        intervalstyle: '',
        'app.tenant': '5',
      });
    });

    test('a SET in flight, or before its report: not what was reported before', () => {
      const watch = createSettingsWatch({});
      watch.look(asked(state(zoned)), []);
      watch.sent(1, facts({ session: set('timezone', 'Asia/Tokyo') }), asked(state(zoned)));
      expect(watch.look(asked(state(zoned)), [])).toMatchObject({
        drift: undefined,
        unsettled: { code: 'state_drift' },
      });
      watch.settled(1, true);
      expect(watch.look(asked(state(zoned)), []).settings['timezone']).toBe('Asia/Tokyo');
      expect(watch.look(asked(state({ ...zoned, timezone: 'Asia/Tokyo' })), []).settings['timezone']).toBe(
        'Asia/Tokyo',
      );
    });

    test('SET LOCAL goes with its transaction, however often it was said', () => {
      const watch = createSettingsWatch({});
      begun(watch, [facts({ session: set('app.tenant', '1') }), 1], [facts({ transaction: 'begin' }), 2]);
      for (const id of [10, 11]) {
        watch.sent(id, facts({ session: set('app.tenant', '2', true) }), asked(state(zoned, 'open'), id));
        watch.settled(id, true);
      }
      expect(watch.look(asked(state(zoned, 'open')), []).settings['app.tenant']).toBe('2');
      watch.sent(12, facts({ transaction: 'commit' }), asked(state(zoned, 'open'), 12));
      watch.settled(12, true);
      expect(watch.look(asked(state(zoned)), []).settings['app.tenant']).toBe('1');
    });

    test.each([
      [
        'a block that is rolled back',
        [facts({ transaction: 'begin' }), 1],
        [facts({ transaction: 'rollback' }), 3],
        true,
      ],
      ['a group that fails', [reading, 2], [reading, 2], false],
    ] as const)(
      'in %s nothing is certain: no approval is asked for, everything else goes on',
      (_, first, last, good) => {
        const watch = createSettingsWatch({});
        begun(watch, first, [facts({ session: set('app.tenant', '5') }), 2]);
        watch.sent(8, last[0], asked(state(zoned), last[1]));
        watch.settled(8, good);
        expect(watch.look(asked(state(zoned)), [])).toMatchObject({
          drift: undefined,
          unsettled: { code: 'state_drift' },
        });
        watch.sent(9, facts({ session: set('app.tenant', '6') }), asked(state(zoned), 9));
        watch.settled(9, true);
        expect(watch.look(asked(state(zoned)), []).unsettled).toBeUndefined();
      },
    );

    test('a failure elsewhere does not touch what holds already', () => {
      const watch = createSettingsWatch({});
      begun(watch, [facts({ session: set('app.tenant', '5') }), 1]);
      watch.sent(8, reading, asked(state(zoned), 2));
      watch.settled(8, false);
      expect(watch.look(asked(state(zoned)), []).unsettled).toBeUndefined();
    });

    test('more settings than anybody has: no approval is asked for', () => {
      const watch = createSettingsWatch({});
      watch.look(asked(state(zoned)), []);
      for (let id = 0; id < 200; id += 1) {
        watch.sent(id, facts({ session: set(`app.s${id}`, 'x') }), asked(state(zoned), id));
        watch.settled(id, true);
      }
      expect(watch.look(asked(state(zoned)), []).unsettled?.code).toBe('state_drift');
    });
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
