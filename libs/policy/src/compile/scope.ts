import { isObject } from '../json.js';
import { entityKey } from '../schema/uid.js';
import type { EntityUid } from '../schema/uid.js';

/** The head of a policy: what its principal, action or resource must be. */
export type Scope =
  | { readonly kind: 'any' }
  | { readonly kind: 'equals'; readonly key: string; readonly uid: EntityUid }
  | { readonly kind: 'in'; readonly keys: readonly string[]; readonly uids: readonly EntityUid[] }
  | {
      readonly kind: 'is';
      readonly type: string;
      readonly in: string | undefined;
      readonly uid: EntityUid | undefined;
    };

/** An entity's name in either of the two ways that Cedar's JSON form has for it. */
export const entityOf = (json: unknown): EntityUid | undefined => {
  const inner = isObject(json) && isObject(json['__entity']) ? json['__entity'] : json;
  if (!isObject(inner) || Object.keys(inner).length !== 2) return undefined;
  const { type, id } = inner;
  return typeof type === 'string' && typeof id === 'string' ? { type, id } : undefined;
};

const keyOf = (uid: EntityUid): string => entityKey(uid.type, uid.id);

/** `undefined` for a template's slot or anything else that is not a scope. */
export const readScope = (json: unknown): Scope | undefined => {
  if (!isObject(json)) return undefined;
  switch (json['op']) {
    case 'All':
      return { kind: 'any' };
    case '==': {
      const uid = entityOf(json['entity']);
      return uid && { kind: 'equals', key: keyOf(uid), uid };
    }
    case 'in': {
      const listed = Array.isArray(json['entities']) ? json['entities'] : [json['entity']];
      const uids = listed.map(entityOf).filter((uid) => uid !== undefined);
      return uids.length === listed.length ? { kind: 'in', keys: uids.map(keyOf), uids } : undefined;
    }
    case 'is': {
      const type = json['entity_type'];
      if (typeof type !== 'string') return undefined;
      if (json['in'] === undefined) return { kind: 'is', type, in: undefined, uid: undefined };
      const uid = isObject(json['in']) ? entityOf(json['in']['entity']) : undefined;
      return uid && { kind: 'is', type, in: keyOf(uid), uid };
    }
    default:
      return undefined;
  }
};

/** Whether an entity (its type, key and everything above it) is inside a scope. */
export const admits = (scope: Scope, type: string, key: string, ancestors: ReadonlySet<string>): boolean => {
  switch (scope.kind) {
    case 'any':
      return true;
    case 'equals':
      return scope.key === key;
    case 'in':
      return scope.keys.some((each) => each === key || ancestors.has(each));
    case 'is':
      return scope.type === type && (scope.in === undefined || scope.in === key || ancestors.has(scope.in));
  }
};
