import { entityKey } from '../schema/uid.js';
import type { ExecutablePolicy } from '../compile/policy.js';
import type { Budget } from '../obligation/obligation.js';
import { prove } from './decision.js';
import type { Decision, DecisionContext, PolicyRequest, ShadowFinding, Subject } from './decision.js';
import { approvalsOf, brokenForbids, onlyConnects, permitted } from './judge.js';
import type { Judgement } from './judge.js';
import { defaultDenial } from './words.js';

const nothingOwed = { approvals: 0, durable: false, preview: false, budgets: [] } as const;

const ids = (policies: readonly ExecutablePolicy[]): readonly string[] => [...new Set(policies.map(({ id }) => id))];

const reasonsOf = (policies: readonly ExecutablePolicy[]): string =>
  [...new Set(policies.map(({ obligations }) => obligations.reason).filter((reason) => reason !== undefined))].join(
    '; ',
  );

const shadowOf = (judgements: readonly Judgement[]): readonly ShadowFinding[] => {
  const found = new Map<string, ShadowFinding>();
  for (const policy of judgements.flatMap((judgement) => judgement.shadow)) {
    const { approvals, reason } = policy.obligations;
    const would = policy.effect === 'forbid' ? 'deny' : approvals > 0 ? 'hold' : 'allow';
    found.set(policy.id, { policy: policy.id, would, reason });
  }
  return [...found.values()];
};

/** Denied before any policy is asked. */
const denied = <S extends Subject>(
  subject: S,
  why: { readonly code: 'unknown' | 'denied'; readonly reason: string; readonly hint: string | undefined },
): Decision<S> => prove({ kind: 'deny', subject, ...why, policies: [], shadow: [], errors: [], ...nothingOwed });

/** By the facts themselves. */
export const refusedDecision = (reason: string, hint: string | undefined): Decision<'command'> =>
  denied('command', { code: 'unknown', reason, hint });

/** By the token, which does not allow it, whatever policy says. */
export const undelegated = <S extends Subject>(subject: S, action: string, connection: string): Decision<S> =>
  denied(subject, {
    code: 'denied',
    reason: `not_delegated: the token was handed on without "${action}" on ${connection}`,
    hint: 'Whoever handed it on can ask for one that allows more, within what its own allows.',
  });

export interface Judgements {
  readonly now: readonly Judgement[];
  /** They can deny, and oblige to nothing yet (what is only prepared). */
  readonly later: readonly Judgement[];
  /** They deny nothing, and their permits oblige (what reveals a column that is shown). */
  readonly extra: readonly Judgement[];
  /** Of the token. */
  readonly budgets: readonly Budget[];
}

/** Denied if any request of any principal is, held if any is held, else allowed. */
export const combine = <S extends Subject>(
  subject: S,
  connection: string,
  context: DecisionContext,
  { now, later, extra, budgets }: Judgements,
): Decision<S> => {
  const judgements = [...now, ...later];
  const owing = [...now, ...extra];
  const all = [...judgements, ...extra];
  const watched = { subject, shadow: shadowOf(all), errors: ids(all.flatMap(({ errors }) => errors)) };
  const deny = (reason: string, policies: readonly ExecutablePolicy[], hint?: string): Decision<S> =>
    prove({
      ...watched,
      ...nothingOwed,
      kind: 'deny',
      code: 'denied',
      reason,
      hint,
      policies: ids(policies),
    });

  const forbids = judgements.flatMap((judgement) => judgement.forbids);
  if (forbids.length > 0) {
    return deny(reasonsOf(forbids) || `forbidden by policy ${ids(forbids).join(', ')}`, forbids);
  }
  const broken = judgements.flatMap(brokenForbids);
  if (broken.length > 0) {
    return deny(`policy ${ids(broken).join(', ')} forbids or cannot be evaluated`, broken);
  }
  const refused = judgements.filter((judgement) => !permitted(judgement));
  const [first] = refused;
  if (first) {
    const others = refused.length - 1;
    const hint =
      others > 0 ? `${others} more request${others > 1 ? 's' : ''} of this command not permitted` : undefined;
    return deny(defaultDenial(first.actor.principal, first.request, connection, context.database), [], hint);
  }

  const permits = owing.flatMap((judgement) => judgement.permits);
  const obliged = {
    durable: permits.some(({ obligations }) => obligations.durable),
    preview: now.some((judgement) => judgement.permits.some((policy) => previews(policy, judgement.request))),
    budgets: [...budgetsOf(owing, connection), ...budgets],
  };
  const holding = now.filter((judgement) => approvalsOf(judgement) > 0);
  if (holding.length === 0) {
    return prove({ ...watched, ...obliged, kind: 'allow', approvals: 0, reason: undefined, policies: ids(permits) });
  }
  const approvals = Math.max(...holding.map(approvalsOf));
  const holders = holding.flatMap((judgement) =>
    judgement.permits.filter((policy) => holds(policy, judgement.request)),
  );
  return prove({
    ...watched,
    ...obliged,
    kind: 'hold',
    approvals,
    reason:
      reasonsOf(holders) ||
      `policy ${ids(holders).join(', ')} asks for ${approvals} approval${approvals > 1 ? 's' : ''}`,
    policies: ids(holders),
    held: [...new Set(holding.map(({ request }) => request))],
  });
};

const concerns = (policy: ExecutablePolicy, request: PolicyRequest): boolean =>
  request.action !== 'connect' || onlyConnects(policy);

const holds = (policy: ExecutablePolicy, request: PolicyRequest): boolean =>
  policy.obligations.approvals > 0 && concerns(policy, request);

const previews = (policy: ExecutablePolicy, request: PolicyRequest): boolean =>
  policy.obligations.preview && concerns(policy, request);

const budgetsOf = (judgements: readonly Judgement[], connection: string): readonly Budget[] => {
  const budgets = new Map<string, Budget>();
  for (const { actor, permits } of judgements) {
    const { type, id } = actor.self.uid;
    const principal = entityKey(type, id);
    for (const policy of permits) {
      const { limits } = policy.obligations;
      if (limits.length === 0) continue;
      budgets.set(`${policy.id} ${principal}`, { policy: policy.id, principal, connection, limits });
    }
  }
  return [...budgets.values()];
};
