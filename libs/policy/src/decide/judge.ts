import type { ExecutablePolicy } from '../compile/policy.js';
import type { Entity, Scene, Value } from '../compile/value.js';
import { entityKey } from '../schema/uid.js';
import { actionEntities } from './actor.js';
import type { Actor } from './actor.js';
import type { DecisionContext, PolicyRequest } from './decision.js';
import type { Places } from './place.js';
import type { Slice } from './slice.js';

/** What every policy said to one request of one principal. */
export interface Judgement {
  readonly actor: Actor;
  readonly request: PolicyRequest;
  readonly permits: readonly ExecutablePolicy[];
  readonly forbids: readonly ExecutablePolicy[];
  readonly errors: readonly ExecutablePolicy[];
  /** Satisfied, and marked @shadow. */
  readonly shadow: readonly ExecutablePolicy[];
}

/** A forbid that cannot be evaluated counts as satisfied: here Sallyport is stricter than Cedar, which would skip it. */
export const brokenForbids = (judgement: Judgement): readonly ExecutablePolicy[] =>
  judgement.errors.filter((policy) => policy.effect === 'forbid' && !policy.obligations.shadow);

export const permitted = (judgement: Judgement): boolean =>
  judgement.permits.length > 0 && judgement.forbids.length === 0 && brokenForbids(judgement).length === 0;

export const minute = (now: number): number => Math.floor(now / 60_000);

export const sceneOf = (
  actor: Actor,
  action: readonly [Entity, ...Entity[]],
  resource: readonly [Entity, ...Entity[]],
  context: DecisionContext,
): Scene => ({
  principal: actor.self.uid,
  action: action[0].uid,
  resource: resource[0].uid,
  context: {
    kind: 'record',
    fields: new Map<string, Value>([
      ['now', { kind: 'datetime', ms: BigInt(minute(context.now)) * 60_000n }],
      ['database', context.database],
    ]),
  },
  entities: new Map([actor.self, ...actor.groups, ...action, ...resource].map((each) => [each.uid.key, each])),
});

export const judge = (
  slice: Slice,
  places: Places,
  actor: Actor,
  request: PolicyRequest,
  context: DecisionContext,
): Judgement => {
  const resource = places.entitiesOf(request.object, context.database);
  const candidates = slice.candidates(request.action, resource[0]);
  const permits: ExecutablePolicy[] = [];
  const forbids: ExecutablePolicy[] = [];
  const errors: ExecutablePolicy[] = [];
  const shadow: ExecutablePolicy[] = [];
  if (candidates.length > 0) {
    const scene = sceneOf(actor, actionEntities(request.action), resource, context);
    for (const policy of candidates) {
      const outcome = policy.condition(scene);
      if (outcome === 'error') errors.push(policy);
      else if (outcome === 'unsatisfied') continue;
      else if (policy.obligations.shadow) shadow.push(policy);
      else (policy.effect === 'permit' ? permits : forbids).push(policy);
    }
  }
  return { actor, request, permits, forbids, errors, shadow };
};

/** Approving somebody's request to connect is not a thing: a session is opened or not. */
const connectKey = entityKey('Action', 'connect');

export const onlyConnects = ({ action }: Pick<ExecutablePolicy, 'action'>): boolean =>
  (action.kind === 'equals' && action.key === connectKey) ||
  (action.kind === 'in' && action.keys.length > 0 && action.keys.every((key) => key === connectKey));

/**
 * The humans that one judgement asks for. A broad permit (`action` alone) covers `connect` too; its approval is meant for
 * the commands, which ask for it themselves, so BEGIN and SHOW are not held by it.
 */
export const approvalsOf = ({ permits, request }: Judgement): number =>
  permits
    .filter((policy) => request.action !== 'connect' || onlyConnects(policy))
    .reduce((most, policy) => Math.max(most, policy.obligations.approvals), 0);
