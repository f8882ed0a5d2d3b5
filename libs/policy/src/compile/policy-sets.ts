import type { CompiledPolicy } from './types.js';

export interface NamedPolicySet {
  /** Unique per tenant. */
  readonly name: string;
  readonly policies: readonly CompiledPolicy[];
}

/**
 * All sets in force as one, in order of their names. Ids are unique only within a set, so they get its name:
 * `baseline/no-drops`. That is what decisions, approvals and audit show.
 */
export const joinPolicySets = (sets: readonly NamedPolicySet[]): readonly CompiledPolicy[] =>
  [...sets]
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
    .flatMap(({ name, policies }) => policies.map(({ id, json }) => ({ id: `${name}/${id}`, json })));
