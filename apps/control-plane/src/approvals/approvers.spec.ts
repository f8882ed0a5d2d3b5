import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { RequestRequest } from '@sallyport/contracts';
import {
  approving,
  deleteInvoices,
  deletePayments,
  freshBinding,
  heldCommand,
  startApprovals,
} from '../../testing/approvals.js';
import type { ApprovalsBench } from '../../testing/approvals.js';
import type { Answer, Rest } from '../../testing/plane.js';

let bench: ApprovalsBench;
let grace: Rest;
let linus: Rest;
let eve: Rest;

beforeAll(async () => {
  bench = await startApprovals();
  grace = await bench.person('grace', 'approver', ['dba', 'oncall']);
  eve = await bench.person('eve', 'approver', ['others']);
  linus = await bench.person('linus', 'approver', ['dba']);
}, 60_000);
afterAll(() => bench.stop());
beforeEach(async () => {
  await bench.database.approval.deleteMany({});
  await bench.policy(approving);
});

const ask = async (more: Partial<RequestRequest> = {}) => {
  const binding = freshBinding();
  const { approvalId } = await bench.first.request(heldCommand(binding, more));
  return { id: approvalId, binding };
};
const approve = (who: Rest, id: string): Promise<Answer> => who('POST', `/v1/approvals/${id}/approve`, {});
const told = ({ status, body }: Answer): readonly unknown[] => [status, body['detail'] ?? body['state']];
const stateOf = async (id: string): Promise<unknown> => (await grace('GET', `/v1/approvals/${id}`)).body['state'];

describe('whose word counts', () => {
  test('only that of people whom policy permits to approve what is held, by name', async () => {
    const { id } = await ask();
    expect(told(await approve(eve, id))).toEqual([
      403,
      'no policy permits user eve to approve what is held: delete from table public.invoices on billing (action "approve")',
    ]);
    expect((await eve('POST', `/v1/approvals/${id}/deny`, { reason: 'no' })).status).toBe(403);
    expect(told(await approve(grace, id))).toEqual([200, 'approved']);
  });

  test('being an admin is no permit', async () => {
    const { id } = await ask();
    expect(told(await approve(bench.plane.admin, id))[0]).toBe(403);
    await bench.policy(`${approving} permit (principal == User::"ada", action == Action::"approve", resource);`);
    expect(told(await approve(bench.plane.admin, id))).toEqual([200, 'approved']);
  });

  test('without any such policy nobody approves', async () => {
    await bench.policy('permit (principal, action == Action::"connect", resource);');
    const { id } = await ask();
    expect((await approve(grace, id)).status).toBe(403);
    expect(await stateOf(id)).toBe('pending');
  });

  test.each<[string, string]>([
    [
      'the forbid beside it',
      `${approving} forbid (principal, action == Action::"approve", resource in Connection::"billing");`,
    ],
    ['another connection', 'permit (principal, action == Action::"approve", resource in Connection::"crm");'],
    ['the action itself', 'permit (principal, action in Action::"write", resource);'],
    [
      'only a part of it',
      'permit (principal, action == Action::"approve", resource == Table::"billing/app/public/invoices");',
    ],
  ])('no permit is: %s', async (_, policy) => {
    await bench.policy(policy);
    const { id } = await ask({ held: [deleteInvoices, deletePayments] });
    expect((await approve(grace, id)).status).toBe(403);
  });

  test('a request that says nothing of what is held is approved by nobody', async () => {
    const { id } = await ask({ held: [] });
    expect(told(await approve(grace, id))).toEqual([403, 'nothing is held']);
  });

  test('roles that do not speak do not, whatever policy says', async () => {
    const auditor = await bench.person('audrey', 'auditor', ['dba']);
    const member = await bench.person('mia', 'member', ['dba']);
    const { id } = await ask();
    expect((await approve(auditor, id)).status).toBe(403);
    expect((await approve(member, id)).status).toBe(403);
  });
});

describe('second hats', () => {
  test('the owner of the caller, when it was held and now', async () => {
    const { id } = await ask();
    expect(told(await approve(linus, id))).toEqual([
      403,
      'the caller, anyone in its chain and its owner cannot approve',
    ]);
    const owners = await bench.database.user.findMany({ where: { name: { in: ['grace', 'linus'] } } });
    const idOf = (name: string): string => owners.find((user) => user.name === name)?.id ?? '';
    await bench.database.subagent.update({ where: { id: bench.subagent }, data: { ownerId: idOf('grace') } });
    try {
      expect((await approve(linus, id)).status).toBe(403);
      expect((await approve(grace, id)).status).toBe(403);
    } finally {
      await bench.database.subagent.update({ where: { id: bench.subagent }, data: { ownerId: idOf('linus') } });
    }
  });

  test('an admin that owns the caller', async () => {
    await bench.person('linus', 'admin', ['dba']);
    try {
      const { id } = await ask();
      expect((await approve(linus, id)).status).toBe(403);
    } finally {
      await bench.person('linus', 'approver', ['dba']);
    }
  });

  test('anyone in its chain', async () => {
    const { id: graceId } = await bench.database.user.findFirstOrThrow({ where: { name: 'grace' } });
    const { id } = await ask({ onBehalfOf: [graceId] });
    expect((await approve(grace, id)).status).toBe(403);
  });

  test('the owner of anyone in its chain', async () => {
    const { id: ownerId, tenantId } = await bench.database.user.findFirstOrThrow({ where: { name: 'grace' } });
    const { issuerId } = await bench.database.subagent.findFirstOrThrow({ where: { id: bench.subagent } });
    const parent = { id: 'sub_parent', name: 'parent', claims: { sub: 'parent' } };
    await bench.database.subagent.create({ data: { ...parent, tenantId, issuerId, ownerId } });
    try {
      const { id } = await ask({ onBehalfOf: [parent.id] });
      expect((await approve(grace, id)).status).toBe(403);
    } finally {
      await bench.database.subagent.delete({ where: { id: parent.id } });
    }
  });

  test('another user by a token that the owner made, or that was made with such a token', async () => {
    await bench.person('linus', 'admin', ['dba']);
    try {
      const made = await linus('POST', '/v1/tokens', { user: 'grace', name: 'borrowed' });
      const borrowed = bench.plane.bearing(String(made.body['token']));
      const remade = await borrowed('POST', '/v1/tokens', { name: 'laundered' });
      const laundered = bench.plane.bearing(String(remade.body['token']));
      const { id } = await ask();
      for (const hat of [borrowed, laundered]) {
        expect(told(await approve(hat, id))).toEqual([
          403,
          expect.stringContaining('this API token was made by somebody'),
        ]);
        expect((await hat('POST', `/v1/approvals/${id}/deny`, { reason: 'x' })).status).toBe(403);
      }
      // Her own token, which another admin made, is as good as ever.
      expect(told(await approve(grace, id))).toEqual([200, 'approved']);
    } finally {
      await bench.person('linus', 'approver', ['dba']);
    }
  });

  test('one person counts once: in two groups, by two tokens, speaking twice', async () => {
    await bench.policy(`${approving} permit (principal in Group::"oncall", action == Action::"approve", resource);`);
    const { id } = await ask({ approvalsNeeded: 2 });
    expect(told(await approve(grace, id))).toEqual([200, 'pending']);
    expect((await approve(grace, id)).status).toBe(409);
    const again = await bench.person('grace', 'approver', ['dba', 'oncall']);
    expect((await approve(again, id)).status).toBe(409);
    const racing = await bench.person('rachel', 'approver', ['dba']);
    const answers = await Promise.all([1, 2, 3].map(() => approve(racing, id)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
    expect(await stateOf(id)).toBe('approved');
  });

  test('more than enough is enough: one who joins late when one is needed less', async () => {
    const { id, binding } = await ask({ approvalsNeeded: 2 });
    const olga = await bench.person('olga', 'approver', ['dba']);
    await approve(grace, id);
    await bench.database.approval.update({ where: { id }, data: { needed: 1 } });
    expect(told(await approve(olga, id))).toEqual([200, 'approved']);
    expect((await bench.first.redeem(id, binding)).approvers).toHaveLength(2);
  });
});

describe('both sides are looked at again when it runs', () => {
  const approved = async () => {
    const held = await ask();
    expect(told(await approve(grace, held.id))).toEqual([200, 'approved']);
    return held;
  };

  test.each<[string, () => Promise<unknown>, () => Promise<unknown>]>([
    [
      'the approver is disabled',
      () => bench.plane.admin('PUT', '/v1/users/grace', { role: 'approver', disabled: true }),
      () => bench.plane.admin('PUT', '/v1/users/grace', { role: 'approver', disabled: false }),
    ],
    [
      'the approver speaks no more',
      () => bench.plane.admin('PUT', '/v1/users/grace', { role: 'member' }),
      () => bench.plane.admin('PUT', '/v1/users/grace', { role: 'approver' }),
    ],
    [
      'the approver left the group',
      () => bench.plane.admin('PUT', '/v1/users/grace', { role: 'approver', groups: [] }),
      () => bench.plane.admin('PUT', '/v1/users/grace', { role: 'approver', groups: ['dba', 'oncall'] }),
    ],
    [
      'policy permits it no more',
      () => bench.policy('permit (principal, action == Action::"connect", resource);'),
      () => bench.policy(approving),
    ],
    [
      'the caller is disabled',
      () => bench.database.subagent.update({ where: { id: 'sub_1' }, data: { disabled: true } }),
      () => bench.database.subagent.update({ where: { id: 'sub_1' }, data: { disabled: false } }),
    ],
  ])('%s: nothing is granted, and nothing comes back to life', async (_, change, back) => {
    const { id, binding } = await approved();
    await change();
    try {
      expect(await bench.first.redeem(id, binding)).toMatchObject({ granted: false, code: 'approval_denied' });
    } finally {
      await back();
    }
    expect(await bench.first.redeem(id, binding)).toMatchObject({ granted: false, code: 'approval_expired' });
    expect(await stateOf(id)).toBe('denied');
  });

  test('a word that counts no more is missing when the next is spoken', async () => {
    const { id } = await ask({ approvalsNeeded: 2 });
    const olga = await bench.person('olga', 'approver', ['dba']);
    const petra = await bench.person('petra', 'approver', ['dba']);
    await approve(petra, id);
    await bench.plane.admin('PUT', '/v1/users/petra', { role: 'approver', disabled: true });
    expect(told(await approve(olga, id))).toEqual([200, 'pending']);
    expect(told(await approve(grace, id))).toEqual([200, 'approved']);
  });

  test('a disabled caller cannot even ask', async () => {
    await bench.database.subagent.update({ where: { id: bench.subagent }, data: { disabled: true } });
    try {
      await expect(ask()).rejects.toMatchObject({ code: 5 });
    } finally {
      await bench.database.subagent.update({ where: { id: bench.subagent }, data: { disabled: false } });
    }
  });
});
