import { executable } from '../compile/policy-set.js';
import type { CompiledPolicy } from '../compile/types.js';
import { canApplyTo } from './slice.js';

/** The slice of a policy set that travels in one connection's chunk, in the order of the set. */
export const policiesFor = (
  policies: readonly CompiledPolicy[],
  connection: { readonly name: string; readonly environment: string },
): readonly CompiledPolicy[] => {
  const compiled = executable(policies);
  return policies.filter((_, order) => {
    const policy = compiled[order];
    return policy !== undefined && canApplyTo(policy, connection);
  });
};
