import { expect, test } from '@jest/globals';
import { validatePolicySet } from '../validate/validate.js';
import { unapprovable } from './unapprovable.js';

const held = '@id("held") @approval("1") permit (principal, action == Action::"delete", resource);';

test.each<[string, string, readonly string[]]>([
  ['a hold that nobody can end', held, ['held']],
  ['beside a permit to approve', `${held} permit (principal, action == Action::"approve", resource);`, []],
  ['beside a permit for any action', `${held} permit (principal in Group::"admins", action, resource);`, []],
  [
    'beside a permit that is only watched',
    `${held} @shadow permit (principal, action == Action::"approve", resource);`,
    ['held'],
  ],
  [
    'beside a permit that asks for approval itself',
    `${held} @id("c") @approval("1") permit (principal, action, resource);`,
    ['held', 'c'],
  ],
  ['beside a forbid', `${held} forbid (principal, action == Action::"approve", resource);`, ['held']],
  ['nothing that holds', 'permit (principal, action == Action::"select", resource);', []],
  ['a hold that is only watched', held.replace('@id', '@shadow @id'), []],
])('%s', (_, text, expected) => {
  const set = validatePolicySet(text);
  if (!set.ok) throw new Error(JSON.stringify(set.problems));
  expect(unapprovable(set.policies)).toEqual(expected);
});
