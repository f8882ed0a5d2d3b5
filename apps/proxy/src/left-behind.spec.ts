import { describe, expect, test } from '@jest/globals';
import type { AnswerFacts, Facts, Lineage, StatementFacts } from '@sallyport/sql';
import { statement } from '../testing/texts.js';
import { createLeftBehind } from './left-behind.js';

const lineage = (schema: string, table: string, column: string): Lineage => ({
  columns: [{ kind: 'column', schema, table, column }],
  complete: true,
});
const setting = lineage('pg_catalog', 'pg_settings', 'setting');
const plain = lineage('public', 'plain', 'note');
const outputs = (...lineages: readonly Lineage[]): AnswerFacts => ({
  kind: 'columns',
  columns: lineages.map((each) => ({ name: 'x', lineage: each, verbatim: true })),
});
const facts = (...statements: readonly Partial<StatementFacts>[]): Facts => ({ statements: statements.map(statement) });
const hidden = { kind: 'do', hides: true } as const;
const open = (each: Lineage): Lineage => ({ ...each, complete: false });

const reads: readonly (readonly [string, Partial<StatementFacts>, Partial<StatementFacts>])[] = [
  [
    'an output',
    { answer: outputs(setting, plain) },
    {
      answer: {
        kind: 'columns',
        columns: [
          { name: 'x', lineage: open(setting), verbatim: false },
          { name: 'x', lineage: plain, verbatim: true },
        ],
      },
    },
  ],
  ['SHOW', { answer: { kind: 'report', reach: setting } }, { answer: { kind: 'report', reach: open(setting) } }],
  ['a condition', { filters: setting }, { filters: open(setting) }],
  [
    'a cursor',
    { session: { kind: 'declare', name: 'c', hold: false, facts: statement({ filters: setting }) } },
    { session: { kind: 'declare', name: 'c', hold: false, facts: statement({ filters: open(setting) }) } },
  ],
];

describe('what a session reads of what it keeps', () => {
  test.each(reads)('%s: anything, once something ran that nobody sees through', (_name, before, after) => {
    const given = facts(before);
    const leftBehind = createLeftBehind();
    expect(leftBehind.check(given)).toBe(given);
    leftBehind.sent(facts(hidden));
    expect(leftBehind.check(given)).toEqual(facts(after));
    // Decisions are remembered by it.
    expect(leftBehind.check(given)).toBe(leftBehind.check(given));
  });

  test('in one text, from there on', () => {
    const leftBehind = createLeftBehind();
    const show = { answer: { kind: 'report', reach: setting } } as const;
    const shown = { answer: { kind: 'report', reach: open(setting) } } as const;
    expect(leftBehind.check(facts(show, hidden, show))).toEqual(facts(show, hidden, shown));
    const plainText = facts(show, show);
    expect(leftBehind.check(plainText)).toBe(plainText);
  });

  test('what reads nothing of it stays as it is', () => {
    const leftBehind = createLeftBehind();
    leftBehind.sent(facts(hidden));
    const given = facts({ answer: outputs(plain), filters: plain, copies: setting });
    expect(leftBehind.check(given)).toBe(given);
  });
});
