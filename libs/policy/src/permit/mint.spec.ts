import { describe, expect, test } from '@jest/globals';
import { chainOf, connectionOf, factsOf, truthTable } from '../../testing/truth-table.js';
import { createDecider } from '../decide/decider.js';
import type { Decision, HoldDecision } from '../decide/decision.js';
import { validatePolicySet } from '../validate/validate.js';
import { mintApprovedPermit, mintCommandPermit, mintLoginPermit } from './mint.js';

const section = truthTable.parse({
  sections: [
    {
      name: 'x',
      policies: `permit (principal, action == Action::"connect", resource);
        permit (principal, action == Action::"select", resource);
        @approval("2") permit (principal, action == Action::"delete", resource);`,
      principals: { etl: { kind: 'subagent', groups: [], owner: 'usr_owner' } },
      questions: [
        { who: 'etl', does: ['select table public.t'], expect: { verdict: 'allow' } },
        { who: 'etl', does: ['delete table public.t'], expect: { verdict: 'hold' } },
        { who: 'etl', does: ['drop table public.t'], expect: { verdict: 'deny' } },
      ],
    },
  ],
}).sections[0];
if (!section) throw new Error('no section');
const [select, del, drop] = section.questions;
if (!select || !del || !drop) throw new Error('no questions');

const set = validatePolicySet(section.policies);
if (!set.ok) throw new Error('no policies');
const chain = chainOf(section, select);
const decider = createDecider({ connection: connectionOf(section, set.policies), chain });
const context = { now: 0, database: 'app' };
const allowed = decider.decide(factsOf(select), context);
const held = decider.decide(factsOf(del), context);
const denied = decider.decide(factsOf(drop), context);
const login = decider.connect(context);

const binding = new Uint8Array(32).fill(7);
const grant = (approvers: readonly string[], of = binding) => ({ approval: 'apr_1' as const, binding: of, approvers });
const asHold = (decision: Decision<'command'>): HoldDecision<'command'> => {
  if (decision.kind !== 'hold') throw new Error('not held');
  return decision;
};

describe('a permit is minted', () => {
  test('for an allowed connect and an allowed command, a new one each time', () => {
    if (login.kind !== 'allow' || allowed.kind !== 'allow') throw new Error('not allowed');
    expect(mintLoginPermit(login)).toEqual({ scope: 'login' });
    const permit = mintCommandPermit(allowed);
    expect(permit).toEqual({ scope: 'command' });
    expect(Object.isFrozen(permit)).toBe(true);
    expect(mintCommandPermit(allowed)).not.toBe(permit);
  });

  test('for a held command with enough humans who may count', () => {
    const minted = mintApprovedPermit(asHold(held), grant(['usr_1', 'usr_2', 'usr_1']), { binding, chain });
    expect(minted).toEqual({ kind: 'permit', permit: { scope: 'command' } });
  });
});

describe('no permit is minted', () => {
  test('for a denial, a hold without its grant, or the other subject: neither by type nor by force', () => {
    // @ts-expect-error a denied decision mints nothing
    expect(() => mintCommandPermit(denied)).toThrow(TypeError);
    // @ts-expect-error a held decision needs a grant
    expect(() => mintCommandPermit(held)).toThrow(TypeError);
    // @ts-expect-error a session's permit is no command's permit
    expect(() => mintCommandPermit(login)).toThrow(TypeError);
    // @ts-expect-error and the other way
    expect(() => mintLoginPermit(allowed)).toThrow(TypeError);
    // @ts-expect-error a decision that no decider made
    const forged: Decision<'command'> = { ...{ kind: 'allow', subject: 'command', approvals: 0 } };
    expect(forged).toBeDefined();
    // @ts-expect-error a denial has nothing to grant
    expect(() => mintApprovedPermit(denied, grant(['usr_1', 'usr_2']), { binding, chain })).toThrow(TypeError);
  });

  test.each([
    ['too few humans', grant(['usr_1']), binding],
    ['one human twice', grant(['usr_1', 'usr_1']), binding],
    ['the owner of the caller', grant(['usr_1', 'usr_owner']), binding],
    ['the caller', grant(['usr_1', 'id_etl']), binding],
    ['nobody', grant(['', '']), binding],
    ['another command', grant(['usr_1', 'usr_2'], new Uint8Array(32).fill(8)), binding],
    ['one bit', grant(['usr_1', 'usr_2'], binding.with(31, 6)), binding],
    ['an empty binding', grant(['usr_1', 'usr_2'], new Uint8Array()), new Uint8Array()],
    ['a cut binding', grant(['usr_1', 'usr_2'], binding.slice(0, 31)), binding],
  ])('for a grant by %s', (_, given, expected) => {
    const minted = mintApprovedPermit(asHold(held), given, { binding: expected, chain });
    expect(minted.kind).toBe('refused');
  });
});
