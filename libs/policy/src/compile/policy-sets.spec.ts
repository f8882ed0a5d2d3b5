import { expect, test } from '@jest/globals';
import { joinPolicySets } from './policy-sets.js';

test('sets are joined in the order of their names, and equal ids stay apart', () => {
  const policy = { id: 'policy0', json: {} };
  const sets = [
    { name: 'team', policies: [policy, { id: 'x', json: {} }] },
    { name: 'baseline', policies: [policy] },
  ];
  expect(joinPolicySets(sets).map(({ id }) => id)).toEqual(['baseline/policy0', 'team/policy0', 'team/x']);
  expect(joinPolicySets([...sets].reverse())).toEqual(joinPolicySets(sets));
});
