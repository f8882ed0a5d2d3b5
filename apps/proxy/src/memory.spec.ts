import { describe, expect, test } from '@jest/globals';
import type { Facts, SessionEffect, StatementFacts } from '@sallyport/sql';
import { createStatementMemory } from './memory.js';
import type { Resolved } from './memory.js';

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
const deletes = (table: string): StatementFacts =>
  statement({ kind: 'delete', effects: [{ action: 'delete', object: { kind: 'table', schema: 's', table } }] });
/** A text of the form `delete <table>` stands for itself. */
const read = (text: string): StatementFacts | undefined =>
  text.startsWith('delete ') ? deletes(text.slice(7)) : undefined;
const facts = (...sessions: readonly SessionEffect[]): Facts => ({
  statements: sessions.map((session) => statement({ session })),
});
const prepare = (name: string, table: string): SessionEffect => ({
  kind: 'prepare',
  name,
  text: `delete ${table}`,
  facts: deletes(table),
});
const execute = (name: string): SessionEffect => ({ kind: 'execute', name });
const tablesOf = ({ facts: resolved }: Resolved): readonly string[] =>
  resolved.statements.flatMap(({ effects }) => effects.map(({ object }) => ('table' in object ? object.table : '')));

describe('statement memory', () => {
  test('EXECUTE is what was prepared, read as of now', () => {
    const memory = createStatementMemory();
    memory.sent(1, facts(prepare('a', 'x')), 'text');
    memory.settled(1, true);
    const resolved = memory.resolve(facts(execute('a')), read);
    expect(tablesOf(resolved)).toEqual(['x']);
    expect(resolved.facts.statements[0]?.unknown).toBeUndefined();
    expect(memory.resolve(facts(execute('a')), () => undefined).facts.statements[0]?.unknown).toBeDefined();
  });

  test('a name that nobody gave is unknown', () => {
    expect(createStatementMemory().resolve(facts(execute('a')), read).facts.statements[0]?.unknown).toBeDefined();
    const fetched = createStatementMemory().resolve(facts({ kind: 'fetch', name: 'c' }), read);
    expect(fetched.facts.statements[0]?.unknown).toBeDefined();
  });

  test('within one text, later statements see earlier ones', () => {
    const memory = createStatementMemory();
    const both = facts(
      prepare('a', 'x'),
      execute('a'),
      { kind: 'deallocate', name: 'a' },
      prepare('a', 'y'),
      execute('a'),
    );
    expect(tablesOf(memory.resolve(both, read))).toEqual(['x', 'y']);
  });

  test('in flight or failed half-way, everything that it may be counts', () => {
    const memory = createStatementMemory();
    memory.sent(1, facts(prepare('a', 'x')), 'text');
    memory.settled(1, true);
    memory.sent(2, facts({ kind: 'deallocate', name: 'a' }), 'text');
    memory.sent(3, facts(prepare('a', 'y')), 'text');
    expect(tablesOf(memory.resolve(facts(execute('a')), read))).toEqual(['x', 'y']);
    memory.settled(2, false);
    memory.settled(3, false);
    expect(tablesOf(memory.resolve(facts(execute('a')), read))).toEqual(['x', 'y']);
    memory.sent(4, facts({ kind: 'deallocate', name: 'a' }), 'text');
    memory.settled(4, true);
    memory.sent(5, facts(prepare('a', 'z')), 'text');
    memory.settled(5, true);
    expect(tablesOf(memory.resolve(facts(execute('a')), read))).toEqual(['z']);
  });

  test('several answers that a name may have are none that is proved', () => {
    const memory = createStatementMemory();
    memory.sent(1, facts(prepare('a', 'x')), 'text');
    memory.settled(1, false);
    memory.sent(2, facts(prepare('a', 'y')), 'text');
    memory.settled(2, false);
    expect(memory.resolve(facts(execute('a')), read).facts.statements[0]?.answer.kind).toBe('unproved');
  });

  test('FETCH answers as the cursor does', () => {
    const memory = createStatementMemory();
    const answer = { kind: 'columns', columns: [{ name: 'c', lineage: none, verbatim: true }] } as const;
    memory.sent(1, facts({ kind: 'declare', name: 'c', hold: true, facts: statement({ answer }) }), 'text');
    memory.settled(1, true);
    expect(memory.resolve(facts({ kind: 'fetch', name: 'c' }), read).facts.statements[0]?.answer).toEqual(answer);
    memory.sent(2, facts({ kind: 'discard', what: 'all' }), 'text');
    memory.settled(2, true);
    expect(memory.resolve(facts({ kind: 'fetch', name: 'c' }), read).facts.statements[0]?.unknown).toBeDefined();
  });

  test('what a name stands for belongs to the command that runs it: every text that it may be', () => {
    const memory = createStatementMemory();
    memory.sent(1, facts(prepare('a', 'x')), 'PREPARE a');
    memory.sent(2, facts({ kind: 'declare', name: 'c', hold: true, facts: deletes('y') }), 'DECLARE c');
    memory.settled(1, true);
    memory.settled(2, true);
    memory.sent(3, facts(prepare('a', 'z')), 'PREPARE a');
    expect(memory.resolve(facts(execute('a'), { kind: 'fetch', name: 'c' }), read).behind).toEqual([
      { name: 'a', text: 'delete x' },
      { name: 'a', text: 'delete z' },
      { name: 'c', text: 'DECLARE c' },
    ]);
    expect(memory.resolve(facts(prepare('b', 'q'), execute('b')), read).behind).toEqual([
      { name: 'b', text: 'delete q' },
    ]);
  });

  test('facts without names stay the very same object: decisions are remembered by it', () => {
    const plain: Facts = { statements: [deletes('x')] };
    expect(createStatementMemory().resolve(plain, read).facts).toBe(plain);
  });

  test('a flood of names and meanings ends in unknown, not in memory', () => {
    const memory = createStatementMemory();
    for (let id = 0; id < 50; id += 1) {
      memory.sent(id, facts(prepare('a', `t${id}`)), 'text');
      memory.settled(id, false);
    }
    expect(memory.resolve(facts(execute('a')), read).facts.statements[0]?.unknown).toBeDefined();
  });

  const declare = (name: string, hold = false): SessionEffect => ({
    kind: 'declare',
    name,
    hold,
    facts: statement({ answer: { kind: 'columns', columns: [] } }),
  });
  const transactional = (transaction: StatementFacts['transaction'], kind = 'x'): Facts => ({
    statements: [statement({ kind, transaction })],
  });
  const fetched = (memory: ReturnType<typeof createStatementMemory>, name: string): string | undefined =>
    memory.resolve(facts({ kind: 'fetch', name }), read).facts.statements[0]?.unknown;

  test.each([
    ['statement', prepare('a', 'x'), execute('a')],
    ['portal', declare('a'), { kind: 'fetch', name: 'a' }],
  ] as const)('a %s that the protocol named anew is not what SQL said', (of, given, used) => {
    const unknown = (memory: ReturnType<typeof createStatementMemory>) =>
      memory.resolve(facts(used), read).facts.statements[0]?.unknown;
    const settled = createStatementMemory();
    settled.sent(1, facts(given), 'text');
    settled.settled(1, true);
    expect(unknown(settled)).toBeUndefined();
    settled.taken(of, 'b');
    settled.taken(of === 'statement' ? 'portal' : 'statement', 'a');
    expect(unknown(settled)).toBeUndefined();
    settled.taken(of, 'a');
    expect(unknown(settled)).toBeDefined();
    // Said anew, it is known again.
    settled.sent(2, facts(given), 'text');
    settled.settled(2, true);
    expect(unknown(settled)).toBeUndefined();

    const ahead = createStatementMemory();
    ahead.sent(1, facts(given), 'text');
    ahead.taken(of, 'a');
    ahead.settled(1, true);
    expect(unknown(ahead)).toBeDefined();
  });

  test('cursors end with their transaction, held ones do not', () => {
    const memory = createStatementMemory();
    memory.sent(1, facts(declare('c'), declare('h', true)), '');
    memory.settled(1, true);
    expect([fetched(memory, 'c'), fetched(memory, 'h')]).toEqual([undefined, undefined]);
    memory.sent(2, transactional('commit'), '');
    memory.settled(2, true);
    expect(fetched(memory, 'c')).toBeDefined();
    expect(fetched(memory, 'h')).toBeUndefined();
  });

  test('a savepoint takes the cursors with it that came after it', () => {
    const memory = createStatementMemory();
    const step = (id: number, what: Facts): void => {
      memory.sent(id, what, '');
      memory.settled(id, true);
    };
    step(1, facts(declare('before')));
    step(2, transactional('savepoint', 'savepoint'));
    step(3, facts(declare('after')));
    step(4, transactional('savepoint', 'rollback to savepoint'));
    expect(fetched(memory, 'before')).toBeUndefined();
    expect(fetched(memory, 'after')).toBeDefined();
  });

  test('past the most names, those that are known are still followed', () => {
    const memory = createStatementMemory();
    const many = Array.from({ length: 1_000 }, (_, at) => prepare(`p${at}`, 'x'));
    memory.sent(1, facts(...many), '');
    memory.settled(1, true);
    memory.sent(
      2,
      facts({ kind: 'deallocate', name: 'p0' }, prepare('p0', 'y'), prepare('more', 'z'), prepare('p1', 'w')),
      '',
    );
    memory.settled(2, true);
    expect(tablesOf(memory.resolve(facts(execute('p0'), execute('p1')), read))).toEqual(['y', 'w']);
    expect(memory.resolve(facts(execute('more')), read).facts.statements[0]?.unknown).toBeDefined();
  });
});
