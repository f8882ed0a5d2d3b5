import type { ConnectionChunk } from '../bundle/chunks.js';
import { executable } from '../compile/policy-set.js';
import { actorOf } from '../decide/actor.js';
import type { DecisionContext, PolicyRequest } from '../decide/decision.js';
import { approvalsOf, judge, permitted } from '../decide/judge.js';
import { placesOf } from '../decide/place.js';
import { sliceFor } from '../decide/slice.js';
import { principalWords, requestWords } from '../decide/words.js';
import type { Principal, PrincipalChain } from '../principal.js';

/** Who stands behind a held command: they never count as approvers, whatever else they are. */
export interface Behind {
  readonly chain: PrincipalChain;
  /** User ids of further owners (of the connection's subagent, of the job ...). */
  readonly owners: readonly string[];
}

/** Not the caller, not anyone in its chain, not an owner of any of them: admin or not. */
export const isEligibleApprover = ({ approver, chain, owners }: Behind & { readonly approver: string }): boolean =>
  approver !== '' &&
  !owners.includes(approver) &&
  chain.every((principal) => principal.id !== approver && principal.owner !== approver);

/** How many humans are still missing: one person counts once, and only who may count at all. */
export const approversMissing = ({
  needed,
  approvers,
  ...behind
}: Behind & { readonly needed: number; readonly approvers: readonly string[] }): number => {
  const distinct = new Set(approvers.filter((approver) => isEligibleApprover({ approver, ...behind })));
  return Math.max(0, needed - distinct.size);
};

export interface ApproveQuestion {
  readonly user: Principal;
  readonly connection: ConnectionChunk;
  /** The `held` of the decision. */
  readonly held: readonly PolicyRequest[];
  readonly chain: PrincipalChain;
  readonly owners: readonly string[];
  readonly context: DecisionContext;
}

export type ApproveAnswer =
  { readonly ok: true; readonly policies: readonly string[] } | { readonly ok: false; readonly reason: string };

/** May this user say yes to this held command? `approve` must be permitted on everything that is held. */
export const mayApprove = ({ user, connection, held, chain, owners, context }: ApproveQuestion): ApproveAnswer => {
  if (user.kind !== 'user') return { ok: false, reason: 'only people approve' };
  if (!isEligibleApprover({ approver: user.id, chain, owners })) {
    return { ok: false, reason: 'the caller, anyone in its chain and its owner cannot approve' };
  }
  if (held.length === 0) return { ok: false, reason: 'nothing is held' };
  const actor = actorOf(user);
  const slice = sliceFor(executable(connection.policies), actor.self);
  const places = placesOf(connection);
  const policies = new Set<string>();
  for (const { action, object } of held) {
    const judgement = judge(slice, places, actor, { action: 'approve', object }, context);
    // An approval that itself asks for approval would never end: it is none.
    if (!permitted(judgement) || approvalsOf(judgement) > 0) {
      const what = requestWords({ action, object }, connection.name, context.database);
      return {
        ok: false,
        reason: `no policy permits ${principalWords(user)} to approve what is held: ${what} (action "approve")`,
      };
    }
    for (const { id } of judgement.permits) policies.add(id);
  }
  return { ok: true, policies: [...policies] };
};
