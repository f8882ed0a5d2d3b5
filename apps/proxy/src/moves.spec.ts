import { describe, expect, test } from '@jest/globals';
import type { Catalog, CatalogRelation } from '@sallyport/kernel';
import type { Facts, Moved, StatementFacts } from '@sallyport/sql';
import { statement } from '../testing/texts.js';
import { createMoves, createSessionMoves } from './moves.js';

const relation = (schema: string, name: string, kind: CatalogRelation['kind'] = 'table'): CatalogRelation => ({
  oid: [...`${schema}.${name}`].reduce((oid, letter) => oid * 7 + letter.charCodeAt(0), 20_000),
  schema,
  name,
  kind,
  columns: [{ attribute: 1, name: 'id', type: 23 }],
});
const catalog = (...relations: readonly CatalogRelation[]): Catalog => ({
  database: 'app',
  serverVersion: 180_004,
  relations,
  functions: [],
  types: [],
  searchPath: [],
});
const before = catalog(relation('a', 't'), relation('b', 't'), relation('b', 'people'), relation('a', 'v', 'view'));
const path = ['a', 'b'];
const tagged = [{ schema: 'b', table: 'people' }];

const reads = (schema: string, table: string, moves: readonly Moved[] = []): StatementFacts =>
  statement({ moves, effects: [{ action: 'select', object: { kind: 'table', schema, table } }] });
const readsBoth = (...tables: readonly (readonly [string, string])[]): StatementFacts =>
  statement({
    effects: tables.map(([schema, table]) => ({ action: 'select', object: { kind: 'table', schema, table } })),
  });
const facts = (...statements: readonly StatementFacts[]): Facts => ({ statements });
const moving = (...moves: readonly Moved[]): Facts => facts(statement({ moves }));
const transactional = (transaction: StatementFacts['transaction']): Facts => facts(statement({ transaction }));

const taken = (schema: string, name: string): Moved => ({ kind: 'taken', schema, name });
const given = (schema: string, name: string, view = false): Extract<Moved, { kind: 'given' }> => ({
  kind: 'given',
  schema,
  name,
  view,
});

const columns = (schema: string, name: string): Moved => ({ kind: 'columns', schema, name });

const clock = { now: 0, monotonic: () => clock.now };
const house = () => {
  const place = createMoves(clock).at('billing', 'app');
  return { session: createSessionMoves(place), other: createSessionMoves(place) };
};
type Session = ReturnType<typeof house>['session'];

let id = 0;
const run = (
  session: Session,
  what: Facts,
  end: { completed: boolean; tag?: string } = { completed: true },
): boolean => {
  id += 1;
  session.sent(id, what, false);
  return session.settled(id, end, () => before);
};
const doubts = (session: Session, what: Facts, now = before): readonly string[] =>
  session.check(what, path, { catalog: now, tagged }).statements.flatMap(({ unresolved }) => unresolved);

describe('names that moved since the catalog was read', () => {
  const cases: readonly (readonly [string, readonly Moved[], StatementFacts, readonly string[]])[] = [
    ['a table that is gone', [taken('a', 't')], reads('a', 't'), ['t']],
    ['another one of its name', [taken('a', 't')], reads('b', 't'), []],
    ['one that is gone and there again', [taken('a', 't'), given('a', 't')], reads('a', 't'), []],
    ['one that stands before it now', [given('a', 't')], reads('b', 't'), ['t']],
    ['one that stands behind it', [given('b', 't')], reads('a', 't'), []],
    ['a temporary one', [given('pg_temp', 't')], reads('b', 't'), ['t']],
    ['a view of its name', [taken('a', 't'), given('a', 't', true)], reads('a', 't'), ['t']],
    ['one in a schema that is not on the path', [given('x', 't')], reads('a', 't'), []],
    ['a family that changed', [{ kind: 'changed', schema: 'a', name: 't' }], reads('a', 't'), ['t']],
    ['other columns, beside what is masked', [columns('a', 't')], readsBoth(['a', 't'], ['b', 'people']), ['t']],
    ['other columns, of what is masked', [columns('b', 'people')], reads('b', 'people'), ['people']],
    ['other columns, beside a view', [columns('a', 't')], readsBoth(['a', 't'], ['a', 'v']), ['t']],
    ['other columns, beside nothing of it', [columns('a', 't')], readsBoth(['a', 't'], ['b', 't']), []],
    ['other columns of a table that is not read', [columns('a', 't')], reads('b', 'people'), []],
    [
      'one that is made anew, with other columns',
      [taken('a', 't'), { ...given('a', 't'), columns: ['x'] }],
      readsBoth(['a', 't'], ['b', 'people']),
      ['t'],
    ],
    [
      'one that is made anew, nobody knows with which',
      [taken('a', 't'), given('a', 't')],
      readsBoth(['a', 't'], ['b', 'people']),
      ['t'],
    ],
    [
      'one that is made anew as it was',
      [taken('a', 't'), { ...given('a', 't'), columns: ['id'] }],
      readsBoth(['a', 't'], ['b', 'people']),
      [],
    ],
    ['views that may be gone', [{ kind: 'views' }], reads('a', 'v'), ['v']],
    ['no view', [{ kind: 'views' }], reads('a', 't'), []],
    ['operators', [{ kind: 'everything' }], reads('a', 't'), ['that was made a moment ago']],
  ];
  test.each(cases)('%s', (_, moves, what, expected) => {
    const { session, other } = house();
    run(session, moving(...moves));
    expect(doubts(session, facts(what))).toEqual(expected);
    const isOwn = moves.some((moved) => 'schema' in moved && moved.schema === 'pg_temp');
    expect(doubts(other, facts(what))).toEqual(isOwn ? [] : expected);
  });

  test('what is made is not looked up', () => {
    const { session } = house();
    run(session, moving(taken('a', 't')));
    expect(doubts(session, facts(reads('a', 't', [given('a', 't')])))).toEqual([]);
  });

  test('where nothing moved, facts stay the very same object', () => {
    const { session } = house();
    const plain = facts(reads('a', 't'));
    expect(session.check(plain, path, { catalog: before, tagged })).toBe(plain);
    run(session, moving(taken('z', 'z')));
    expect(session.check(plain, path, { catalog: before, tagged })).toBe(plain);
  });

  test('in flight, and further on in the same text', () => {
    const { session } = house();
    session.sent(99, moving(taken('a', 't')), false);
    expect(doubts(session, facts(reads('a', 't')))).toEqual(['t']);
    const { session: another } = house();
    const both = facts(reads('a', 't', []), statement({ moves: [taken('a', 't')] }), reads('a', 't'));
    expect(
      another.check(both, path, { catalog: before, tagged }).statements.map(({ unresolved }) => unresolved),
    ).toEqual([[], [], ['t']]);
  });

  test('in a transaction, one session alone; committed, all; rolled back, none', () => {
    const { session, other } = house();
    run(session, transactional('begin'));
    expect(run(session, moving(taken('a', 't')))).toBe(false);
    expect([doubts(session, facts(reads('a', 't'))), doubts(other, facts(reads('a', 't')))]).toEqual([['t'], []]);
    expect(run(session, transactional('rollback'))).toBe(false);
    expect(doubts(session, facts(reads('a', 't')))).toEqual([]);
    run(session, transactional('begin'));
    run(session, moving(taken('a', 't')));
    expect(run(session, transactional('commit'), { completed: true, tag: 'ROLLBACK' })).toBe(false);
    expect(doubts(session, facts(reads('a', 't')))).toEqual([]);
    run(session, transactional('begin'));
    run(session, moving(taken('a', 't')));
    expect(run(session, transactional('commit'), { completed: true, tag: 'COMMIT' })).toBe(true);
    expect(doubts(other, facts(reads('a', 't')))).toEqual(['t']);
  });

  test('until the catalog shows it, or an agent has looked again in any case', () => {
    const { session } = house();
    const read = facts(reads('a', 't'));
    run(session, moving(taken('a', 't')));
    // Another catalog that knows nothing of it was on its way before.
    expect(doubts(session, read, catalog(...before.relations, relation('c', 'c')))).toEqual(['t']);
    expect(doubts(session, read, catalog(relation('b', 't')))).toEqual([]);
    run(session, moving(taken('a', 't')));
    clock.now += 119_000;
    expect(doubts(session, read)).toEqual(['t']);
    clock.now += 2_000;
    expect(doubts(session, read)).toEqual([]);
  });

  test('a flood of definitions ends in doubt about all, not in memory', () => {
    const { session } = house();
    run(session, moving(...Array.from({ length: 2_000 }, (_, at) => taken('a', `t${at}`))));
    expect(doubts(session, facts(reads('a', 'other')))).toEqual(['that was made a moment ago']);
  });
});
