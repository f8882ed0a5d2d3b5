import { mintId } from '@sallyport/runtime';
import type { Transaction } from '../db/database.js';
import { invalidField } from '../http/problem.js';

type Member = { readonly userId: string } | { readonly subagentId: string };

/** Puts one principal into exactly these groups. */
export async function setGroupsOf(
  transaction: Transaction,
  tenantId: string,
  member: Member,
  names: readonly string[],
): Promise<void> {
  const wanted = [...new Set(names)];
  const groups = await transaction.group.findMany({ where: { tenantId, name: { in: wanted } } });
  const missing = wanted.find((name) => groups.every((group) => group.name !== name));
  if (missing !== undefined) throw invalidField('groups', `there is no group ${missing}`);
  await transaction.groupMember.deleteMany({
    where: { tenantId, ...member, groupId: { notIn: groups.map((group) => group.id) } },
  });
  await transaction.groupMember.createMany({
    data: groups.map((group) => ({ id: mintId('mem'), tenantId, groupId: group.id, ...member })),
    skipDuplicates: true,
  });
}

/** Makes exactly these the members of one group, per kind; a kind that is not given stays as it is. */
export async function setMembersOf(
  transaction: Transaction,
  tenantId: string,
  groupId: string,
  members: { readonly users?: readonly string[] | undefined; readonly subagents?: readonly string[] | undefined },
): Promise<void> {
  const memberships: Member[] = [];
  if (members.users !== undefined) {
    const wanted = [...new Set(members.users)];
    const users = await transaction.user.findMany({ where: { tenantId, name: { in: wanted } } });
    const missing = wanted.find((name) => users.every((user) => user.name !== name));
    if (missing !== undefined) throw invalidField('members.users', `there is no user ${missing}`);
    await transaction.groupMember.deleteMany({ where: { tenantId, groupId, userId: { not: null } } });
    memberships.push(...users.map((user) => ({ userId: user.id })));
  }
  if (members.subagents !== undefined) {
    const wanted = [...new Set(members.subagents)];
    const subagents = await transaction.subagent.findMany({ where: { tenantId, name: { in: wanted } } });
    const missing = wanted.find((name) => subagents.every((subagent) => subagent.name !== name));
    if (missing !== undefined) throw invalidField('members.subagents', `there is no subagent ${missing}`);
    await transaction.groupMember.deleteMany({ where: { tenantId, groupId, subagentId: { not: null } } });
    memberships.push(...subagents.map((subagent) => ({ subagentId: subagent.id })));
  }
  await transaction.groupMember.createMany({
    data: memberships.map((member) => ({ id: mintId('mem'), tenantId, groupId, ...member })),
  });
}
