import type { ExecutablePolicy } from '../compile/policy.js';
import type { Principal } from '../principal.js';
import type { Decision, PolicyRequest } from './decision.js';
import { approvalsOf, brokenForbids, permitted } from './judge.js';
import type { Judgement } from './judge.js';

/** A decision, request by request, for people. */
export interface Explanation {
  readonly decision: Decision<'command'>;
  readonly requests: readonly ExplainedRequest[];
  /** Tagged columns that this command uses or shows in the clear, and by which policies. */
  readonly revealed: readonly ExplainedRequest[];
}

export interface ExplainedRequest extends PolicyRequest {
  readonly principal: Pick<Principal, 'kind' | 'name'>;
  readonly verdict: 'permitted' | 'held' | 'forbidden' | 'not permitted';
  readonly permits: readonly string[];
  readonly forbids: readonly string[];
  readonly errors: readonly string[];
  readonly shadow: readonly string[];
}

export const explanationOf = (
  decision: Decision<'command'>,
  judgements: readonly Judgement[],
  extra: readonly Judgement[],
): Explanation => ({ decision, requests: judgements.map(explained), revealed: extra.map(explained) });

const ids = (policies: readonly ExecutablePolicy[]): readonly string[] => policies.map(({ id }) => id);

const explained = (judgement: Judgement): ExplainedRequest => ({
  ...judgement.request,
  principal: { kind: judgement.actor.principal.kind, name: judgement.actor.principal.name },
  verdict: verdictOf(judgement),
  permits: ids(judgement.permits),
  forbids: ids(judgement.forbids),
  errors: ids(judgement.errors),
  shadow: ids(judgement.shadow),
});

const verdictOf = (judgement: Judgement): ExplainedRequest['verdict'] => {
  if (judgement.forbids.length > 0 || brokenForbids(judgement).length > 0) return 'forbidden';
  if (!permitted(judgement)) return 'not permitted';
  return approvalsOf(judgement) > 0 ? 'held' : 'permitted';
};
