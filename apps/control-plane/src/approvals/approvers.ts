import { Inject, Injectable } from '@nestjs/common';
import { isEligibleApprover, mayApprove } from '@sallyport/policy';
import type { ApproveAnswer, Principal, PrincipalChain } from '@sallyport/policy';
import { Hub } from '../configuration/hub.js';
import type { Transaction } from '../db/database.js';
import type { Approval, ApprovalWord, Prisma } from '../db/generated/client.js';
import type { UserCaller } from '../http/caller.js';
import { policyRequestsOf } from './held-command.js';

export type ApprovalWithWords = Approval & { readonly words: readonly ApprovalWord[] };

const withGroups = { groups: { include: { group: true } } } as const;
type UserRow = Prisma.UserGetPayload<{ include: typeof withGroups }>;
type Reader = Pick<Transaction, 'user' | 'subagent'>;

/** Who stands behind a held command, when it was held and now. */
interface Behind {
  readonly chain: PrincipalChain;
  readonly owners: readonly string[];
}

/** Roles that may speak at all. Policy says for what; being an admin opens no other way. */
const speaking: readonly string[] = ['admin', 'approver'];

/** Whose word counts for one held command. Asked when it is spoken, and again when the grant is used. */
export interface Panel {
  /** May this person, by this token, speak for it? */
  may(from: Reader, speaker: UserCaller, now: Date): Promise<ApproveAnswer>;
  /** Those who agreed and still may: active, in a role that speaks, and permitted by the policy in force. */
  counted(from: Reader, words: readonly ApprovalWord[], now: Date): Promise<readonly string[]>;
}

@Injectable()
export class Approvers {
  readonly #hub: Hub;

  constructor(@Inject(Hub) hub: Hub) {
    this.#hub = hub;
  }

  async of(approval: Approval): Promise<Panel> {
    const { tenantId, connectionId, database } = approval;
    const connection = await this.#hub.connection(tenantId, connectionId);
    const held = policyRequestsOf(approval.held);
    const judge = (user: Principal, behind: Behind, now: Date): ApproveAnswer =>
      connection === undefined
        ? { ok: false, reason: 'the connection of this command is no longer there' }
        : mayApprove({ user, connection, held, ...behind, context: { now: now.getTime(), database } });
    return {
      may: async (from, speaker, now) => {
        const behind = await behindOf(from, approval);
        const isBehind = (approver: string): boolean => !isEligibleApprover({ approver, ...behind });
        if (speaker.tokenMakers.some(isBehind)) return { ok: false, reason: borrowed };
        return judge({ ...speaker, owner: undefined }, behind, now);
      },
      counted: async (from, words, now) => {
        const ids = words.filter(({ agrees }) => agrees).map(({ userId }) => userId);
        const rows = await from.user.findMany({
          where: { tenantId, id: { in: ids }, disabled: false, role: { in: [...speaking] } },
          include: withGroups,
        });
        const behind = await behindOf(from, approval);
        return rows.filter((row) => judge(principalOf(row), behind, now).ok).map(({ id }) => id);
      },
    };
  }
}

const borrowed =
  'this API token was made by somebody who stands behind the command (its caller, its chain or its owner), so it may be ' +
  'in their hands; have another admin make you one';

const principalOf = ({ id, name, groups }: UserRow): Principal => ({
  kind: 'user',
  id,
  name,
  groups: groups.map(({ group }) => group.name),
  owner: undefined,
});

async function behindOf(from: Reader, approval: Approval): Promise<Behind> {
  const { tenantId, callerId, callerName, onBehalfOf } = approval;
  // Who owns any of its chain stands behind it, too.
  const subagents = await from.subagent.findMany({
    where: { tenantId, id: { in: [callerId, ...onBehalfOf] } },
    select: { ownerId: true },
  });
  const owners = [approval.ownerId, ...subagents.map(({ ownerId }) => ownerId)].filter(
    (owner) => typeof owner === 'string',
  );
  const principal = (kind: Principal['kind'], id: string, name: string): Principal => ({
    kind,
    id,
    name,
    groups: [],
    owner: undefined,
  });
  return {
    chain: [
      principal('subagent', callerId, callerName),
      ...onBehalfOf.map((id) => principal(id.startsWith('usr_') ? 'user' : 'subagent', id, id)),
    ],
    owners,
  };
}
