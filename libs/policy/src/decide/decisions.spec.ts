import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { chainOf, columnOf, connectionOf, factsOf, momentOf, truthTable } from '../../testing/truth-table.js';
import { validatePolicySet } from '../validate/validate.js';
import { createDecider } from './decider.js';

const table = truthTable.parse(parse(readFileSync(new URL('../../corpus/decisions.yaml', import.meta.url), 'utf8')));

describe.each(table.sections)('$name', (section) => {
  const set = validatePolicySet(section.policies);
  if (!set.ok) throw new Error(JSON.stringify(set.problems));
  const connection = connectionOf(section, set.policies);

  test.each(
    section.questions.map((row) => ({
      ...row,
      title: `${[row.who].flat().join(' for ')} at ${row.at}: ${row.sql ?? 'connect'}`,
    })),
  )('$title', ({ title: _, ...row }) => {
    const decider = createDecider({ connection, chain: chainOf(section, row) });
    const context = { now: momentOf(row), database: row.database };
    const facts = factsOf(row);
    const decision = row.connect ? decider.connect(context) : decider.decide(facts, context);
    const { verdict, shadow, budgets, ...wanted } = row.expect;
    expect(decision).toMatchObject({ kind: verdict, ...wanted });
    if (shadow) expect(decision.shadow.map(({ policy, would }) => `${policy} ${would}`)).toEqual(shadow);
    if (budgets) expect(decision.budgets.map(({ policy }) => policy)).toEqual(budgets);
    for (const [column, clear] of Object.entries(row.reveals ?? {})) {
      expect([column, decider.reveals(columnOf(column), context)]).toEqual([column, clear]);
    }
    if (row.connect) return;
    // The same question again comes from the cache, and explain says the same in full.
    expect(decider.decide(facts, context)).toBe(decision);
    const { requests, decision: explained } = decider.explain(facts, context);
    expect(explained).toEqual(decision);
    const verdicts = requests.map((request) => request.verdict);
    if (decision.kind === 'allow') expect(verdicts).not.toContain('forbidden');
    if (decision.kind === 'deny' && decision.code === 'denied') {
      expect(verdicts.some((each) => each === 'forbidden' || each === 'not permitted')).toBe(true);
    }
    if (decision.kind === 'hold') expect(verdicts).toContain('held');
  });
});
