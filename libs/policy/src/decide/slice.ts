import type { ExecutablePolicy } from '../compile/policy.js';
import { admits } from '../compile/scope.js';
import type { Scope } from '../compile/scope.js';
import type { Entity } from '../compile/value.js';
import { connectionOf, entityKey } from '../schema/uid.js';
import { actionEntities } from './actor.js';

/** The policies that can matter to one principal on one connection, found by action and then by resource. */
export interface Slice {
  /** In the order of the set. */
  candidates(action: string, resource: Entity): readonly ExecutablePolicy[];
  readonly readsClock: boolean;
  readonly size: number;
}

interface Indexed {
  readonly order: number;
  readonly policy: ExecutablePolicy;
}

interface ActionIndex {
  /** Fit resources whatever they are in. */
  readonly anywhere: readonly Indexed[];
  /** By the key of the one entity that the resource must be. */
  readonly exactly: ReadonlyMap<string, readonly Indexed[]>;
  /** By the key of an entity that the resource must be in. */
  readonly inside: ReadonlyMap<string, readonly Indexed[]>;
}

export const sliceFor = (policies: readonly ExecutablePolicy[], principal: Entity): Slice => {
  const { type, key } = principal.uid;
  const mine = policies
    .map((policy, order): Indexed => ({ order, policy }))
    .filter(({ policy }) => admits(policy.principal, type, key, principal.ancestors));
  const indexes = new Map<string, ActionIndex>();
  const indexOf = (action: string): ActionIndex => {
    const known = indexes.get(action);
    if (known) return known;
    const made = indexFor(action, mine);
    indexes.set(action, made);
    return made;
  };
  return {
    candidates: (action, resource) => {
      const index = indexOf(action);
      const found = [
        ...index.anywhere,
        ...(index.exactly.get(resource.uid.key) ?? []),
        ...(index.inside.get(resource.uid.key) ?? []),
        ...[...resource.ancestors].flatMap((ancestor) => index.inside.get(ancestor) ?? []),
      ].filter(({ policy }) => admits(policy.resource, resource.uid.type, resource.uid.key, resource.ancestors));
      // A policy whose scope lists several entities is found by each of them.
      return [...new Set(found)].sort((a, b) => a.order - b.order).map(({ policy }) => policy);
    },
    readsClock: mine.some(({ policy }) => policy.readsClock),
    size: mine.length,
  };
};

const indexFor = (action: string, policies: readonly Indexed[]): ActionIndex => {
  const [self] = actionEntities(action);
  const anywhere: Indexed[] = [];
  const exactly = new Map<string, Indexed[]>();
  const inside = new Map<string, Indexed[]>();
  const put = (map: Map<string, Indexed[]>, key: string, indexed: Indexed): void => {
    const list = map.get(key);
    if (list) list.push(indexed);
    else map.set(key, [indexed]);
  };
  for (const indexed of policies) {
    if (!admits(indexed.policy.action, self.uid.type, self.uid.key, self.ancestors)) continue;
    const scope = indexed.policy.resource;
    if (scope.kind === 'equals') put(exactly, scope.key, indexed);
    else if (scope.kind === 'in') for (const key of scope.keys) put(inside, key, indexed);
    else if (scope.kind === 'is' && scope.in !== undefined) put(inside, scope.in, indexed);
    else anywhere.push(indexed);
  }
  return { anywhere, exactly, inside };
};

/**
 * Whether a policy can ever matter to a connection, by the head of the policy alone. Conditions are not looked at: too
 * many is harmless, too few would not be.
 */
export const canApplyTo = (
  policy: { readonly resource: Scope },
  connection: { readonly name: string; readonly environment: string },
): boolean => {
  const scope = policy.resource;
  const uids = scope.kind === 'any' ? [] : scope.kind === 'in' ? scope.uids : scope.uid ? [scope.uid] : [];
  if (uids.length === 0) return scope.kind !== 'in';
  return uids.some(({ type, id }) => {
    if (type === 'Class') return true;
    if (type === 'Environment') return entityKey(type, id) === entityKey(type, connection.environment);
    return (type === 'Connection' ? id : connectionOf(id)) === connection.name;
  });
};
