import { describe, expect, test } from '@jest/globals';
import { connectionOf, truthTable } from '../../testing/truth-table.js';
import type { Principal, PrincipalChain } from '../principal.js';
import { validatePolicySet } from '../validate/validate.js';
import { approversMissing, isEligibleApprover, mayApprove } from './approver.js';

const user = (name: string, groups: readonly string[] = []): Principal => ({
  kind: 'user',
  id: `usr_${name}`,
  name,
  groups,
  owner: undefined,
});
const bot: Principal = { kind: 'subagent', id: 'sub_1', name: 'bot', groups: [], owner: 'usr_olga' };
const chain: PrincipalChain = [bot, user('dana')];

describe('who may count as an approver', () => {
  test.each([
    ['usr_eve', true],
    ['usr_dana', false],
    ['usr_olga', false],
    ['usr_job', false],
    ['sub_1', false],
    ['', false],
  ])('%s: %s', (approver, expected) => {
    expect(isEligibleApprover({ approver, chain, owners: ['usr_job'] })).toBe(expected);
  });

  test('people are counted once, and only those who count', () => {
    const missing = (needed: number, ...approvers: string[]) =>
      approversMissing({ needed, approvers, chain, owners: [] });
    expect(missing(2)).toBe(2);
    expect(missing(2, 'usr_a', 'usr_a')).toBe(1);
    expect(missing(2, 'usr_a', 'usr_olga', 'usr_dana', 'sub_1')).toBe(1);
    expect(missing(2, 'usr_a', 'usr_b')).toBe(0);
    expect(missing(2, 'usr_a', 'usr_b', 'usr_c')).toBe(0);
  });
});

describe('who may approve what', () => {
  const section = truthTable.parse({
    sections: [
      {
        name: 'x',
        policies: `
          permit (principal in Group::"dba", action == Action::"approve", resource in Environment::"production");
          permit (principal in Group::"crm", action == Action::"approve", resource in Connection::"crm");
          permit (principal in Group::"invoices", action == Action::"approve", resource == Table::"billing/app/public/invoices");
          @approval("1") permit (principal in Group::"circular", action == Action::"approve", resource);
          @shadow permit (principal in Group::"watched", action == Action::"approve", resource);
          permit (principal in Group::"writers", action in Action::"write", resource);
          forbid (principal == User::"eve", action == Action::"approve", resource);`,
        principals: {},
        questions: [],
      },
    ],
  }).sections[0];
  if (!section) throw new Error('no section');
  const set = validatePolicySet(section.policies);
  if (!set.ok) throw new Error(JSON.stringify(set.problems));
  const connection = connectionOf(section, set.policies);
  const invoices = { action: 'delete', object: { kind: 'table', schema: 'public', table: 'invoices' } } as const;
  const payments = { action: 'delete', object: { kind: 'table', schema: 'public', table: 'payments' } } as const;
  const ask = (who: Principal, held: Parameters<typeof mayApprove>[0]['held'] = [invoices]) =>
    mayApprove({ user: who, connection, held, chain, owners: [], context: { now: 0, database: 'app' } });

  test('whoever is permitted to approve everything that is held', () => {
    expect(ask(user('a', ['dba']), [invoices, payments])).toEqual({ ok: true, policies: ['policy0'] });
    expect(ask(user('a', ['invoices']))).toEqual({ ok: true, policies: ['policy2'] });
  });

  test.each<[string, Principal, readonly (typeof invoices | typeof payments)[]]>([
    ['only part of it', user('a', ['invoices']), [invoices, payments]],
    ['another connection', user('a', ['crm']), [invoices]],
    ['the action itself, not approving it', user('a', ['writers']), [invoices]],
    ['an approval that waits for another', user('a', ['circular']), [invoices]],
    ['a permit that is only watched', user('a', ['watched']), [invoices]],
    ['a forbid beside the permit', user('eve', ['dba']), [invoices]],
    ['nothing', user('a', ['dba']), []],
    ['himself in the chain', user('dana', ['dba']), [invoices]],
    ['his own subagent', user('olga', ['dba']), [invoices]],
    ['a subagent', { ...bot, id: 'sub_2', groups: ['dba'] }, [invoices]],
  ])('not: %s', (_, who, held) => {
    expect(ask(who, held).ok).toBe(false);
  });
});
