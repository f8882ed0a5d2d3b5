import { refuse } from '@sallyport/kernel';
import type { AnswerFacts, Effect, StatementFacts } from '@sallyport/sql';
import type { Analyses } from '../src/statements.js';

/** Facts by the exact text, for tests of what comes after the parser. A text that is not listed is unreadable. */
export const analysesOf = (texts: Readonly<Record<string, Partial<StatementFacts>>>): Analyses => ({
  of: () => ({
    analyse: (text) => {
      const found = Object.hasOwn(texts, text) ? texts[text] : undefined;
      if (found === undefined) return { kind: 'refused', refusal: refuse('unreadable', 'not one of the test’s texts') };
      return { kind: 'facts', facts: { statements: [statement(found)] }, alike: false };
    },
    columnsOf: () => undefined,
  }),
});

const none = { columns: [], complete: true } as const;

export const statement = (more: Partial<StatementFacts>): StatementFacts => ({
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

export const on = (action: Effect['action'], table: string): Effect => ({
  action,
  object: { kind: 'table', schema: 'public', table },
});

/** An answer whose outputs are columns of one table, by name. */
export const columnsOf = (table: string, ...names: readonly string[]): AnswerFacts => ({
  kind: 'columns',
  columns: names.map((name) => ({
    name,
    lineage: { columns: [{ kind: 'column', schema: 'public', table, column: name }], complete: true },
    verbatim: true,
  })),
});
