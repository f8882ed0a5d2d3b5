import type { AnswerFacts, Facts, Lineage, StatementFacts } from '@sallyport/sql';

const opened = new WeakMap<Facts, Facts>();

/**
 * Statements about relations that the catalog does not know: whatever comes out of them, shapes their rows or is copied may be any
 * column's. Then it is masked whole, or needs `filter` and `reveal`, instead of being refused for the name alone. The same object
 * for the same facts: decisions are remembered by it.
 */
export const asUnproved = (facts: Facts): Facts => {
  const known = opened.get(facts);
  if (known !== undefined) return known;
  const made = { statements: facts.statements.map(open) };
  opened.set(facts, made);
  return made;
};

export const isUnresolved = ({ statements }: Facts): boolean =>
  statements.some(({ unresolved }) => unresolved.length > 0);

const open = (statement: StatementFacts): StatementFacts => {
  const { session } = statement;
  const inside = session?.kind === 'declare' || session?.kind === 'prepare';
  if (statement.unresolved.length === 0) return statement;
  return {
    ...statement,
    unresolved: [],
    answer: openAnswer(statement.answer),
    filters: openLineage(statement.filters),
    copies: openLineage(statement.copies),
    session: inside ? { ...session, facts: open(session.facts) } : session,
  };
};

/** Of what nothing flows from, nothing more does. */
const openLineage = (lineage: Lineage): Lineage =>
  lineage.columns.length === 0 ? lineage : { ...lineage, complete: false };

const openAnswer = (answer: AnswerFacts): AnswerFacts => {
  switch (answer.kind) {
    case 'none':
      return answer;
    case 'columns':
      return {
        kind: 'unproved',
        reach: { columns: answer.columns.flatMap(({ lineage }) => lineage.columns), complete: false },
      };
    case 'unproved':
    case 'report':
      return { ...answer, reach: { ...answer.reach, complete: false } };
  }
};
