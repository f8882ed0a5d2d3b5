import { executable } from '../compile/policy-set.js';
import { admits } from '../compile/scope.js';
import type { CompiledPolicy } from '../compile/types.js';
import { actionEntities } from '../decide/actor.js';

/**
 * Ids of policies whose holds nobody can end: they ask for approvals, and among all that are in force together none
 * permits anybody to approve anything. By the heads of policies alone: who may approve what is decided when it is asked.
 */
export const unapprovable = (policies: readonly CompiledPolicy[]): readonly string[] => {
  const enforced = executable(policies).filter(({ effect, obligations }) => effect === 'permit' && !obligations.shadow);
  const [approve] = actionEntities('approve');
  const { type, key } = approve.uid;
  const someoneMay = enforced.some(
    ({ action, obligations }) => obligations.approvals === 0 && admits(action, type, key, approve.ancestors),
  );
  return someoneMay ? [] : enforced.filter(({ obligations }) => obligations.approvals > 0).map(({ id }) => id);
};
