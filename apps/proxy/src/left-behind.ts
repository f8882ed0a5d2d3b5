import { isKept } from '@sallyport/sql';
import type { AnswerFacts, Facts, Lineage, StatementFacts } from '@sallyport/sql';

/**
 * What nobody sees through (DO, CALL, functions of users) may leave a masked value in what a session keeps beside tables: a
 * setting, a sequence, a lock, a channel. From then on, what this session reads there may be any column's.
 */
export interface LeftBehind {
  /** The same facts where nothing can have been left behind, or nothing of it is read. */
  check(facts: Facts): Facts;
  sent(facts: Facts): void;
}

export const createLeftBehind = (): LeftBehind => {
  let left = false;
  const opened = new WeakMap<Facts, Facts>();
  return {
    check(facts) {
      if (!left && facts.statements.length < 2) return facts;
      const known = left ? opened.get(facts) : undefined;
      if (known !== undefined) return known;
      let before = left;
      let changed = false;
      const statements = facts.statements.map((statement) => {
        const shown = before ? open(statement) : statement;
        changed ||= shown !== statement;
        before ||= statement.hides === true;
        return shown;
      });
      const made = changed ? { statements } : facts;
      if (left) opened.set(facts, made);
      return made;
    },
    sent: ({ statements }) => void (left ||= statements.some(({ hides }) => hides === true)),
  };
};

const open = (statement: StatementFacts): StatementFacts => {
  const { answer, filters, session } = statement;
  const inner = session?.kind === 'declare' ? { ...session, facts: open(session.facts) } : session;
  const shown = openAnswer(answer);
  const shaping = anything(filters);
  if (shown === answer && shaping === filters && (session?.kind !== 'declare' || inner === session)) return statement;
  return { ...statement, answer: shown, filters: shaping, session: inner };
};

const anything = (lineage: Lineage): Lineage =>
  lineage.complete && lineage.columns.some(isKept) ? { ...lineage, complete: false } : lineage;

const openAnswer = (answer: AnswerFacts): AnswerFacts => {
  switch (answer.kind) {
    case 'none':
      return answer;
    case 'columns': {
      const columns = answer.columns.map((column) => {
        const lineage = anything(column.lineage);
        return lineage === column.lineage ? column : { ...column, lineage, verbatim: false };
      });
      return columns.every((column, at) => column === answer.columns[at]) ? answer : { ...answer, columns };
    }
    case 'unproved':
    case 'report': {
      const reach = anything(answer.reach);
      return reach === answer.reach ? answer : { ...answer, reach };
    }
  }
};
