import type { PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';
import { satisfies } from '../cedar/engine.js';
import { isObject } from '../json.js';
import { readAnnotations } from '../obligation/annotation.js';
import type { Obligations } from '../obligation/obligation.js';
import { NotCompiled } from './closure.js';
import type { Expression } from './closure.js';
import { compileExpression } from './expression.js';
import { readScope } from './scope.js';
import type { Scope } from './scope.js';
import { requestOf } from './scene.js';
import type { CompiledPolicy } from './types.js';
import type { Scene } from './value.js';

export type Outcome = 'satisfied' | 'unsatisfied' | 'error';

/** A policy made ready to be asked often. */
export interface ExecutablePolicy {
  readonly id: string;
  readonly effect: 'permit' | 'forbid';
  readonly principal: Scope;
  readonly action: Scope;
  readonly resource: Scope;
  /** The `when` and `unless` clauses; the scopes are checked before. */
  readonly condition: (scene: Scene) => Outcome;
  readonly readsClock: boolean;
  readonly obligations: Obligations;
  /** `closures`, or `engine` where a construct is left to cedar-wasm. */
  readonly runsOn: 'closures' | 'engine';
}

/**
 * What cannot be read at all becomes a forbid that fits everything: a rule that nobody can evaluate must not silently
 * vanish (it may have been a forbid).
 */
export const compilePolicy = (policy: CompiledPolicy): ExecutablePolicy => {
  const { json } = policy;
  if (!isObject(json)) return unreadable(policy.id);
  const effect = json['effect'];
  const principal = readScope(json['principal']);
  const action = readScope(json['action']);
  const resource = readScope(json['resource']);
  const clauses = json['conditions'];
  const annotations = readAnnotations(json['annotations'], effect);
  if (effect !== 'permit' && effect !== 'forbid') return unreadable(policy.id);
  if (!principal || !action || !resource || !Array.isArray(clauses)) return unreadable(policy.id);
  if (annotations.problems.length > 0) return unreadable(policy.id);
  const compiled = compileClauses(clauses);
  return {
    id: policy.id,
    effect,
    principal,
    action,
    resource,
    // The cast is checked by the engine itself: what is no policy is an error there.
    condition: compiled ?? ((scene) => satisfies(json as unknown as PolicyJson, requestOf(scene))),
    readsClock: readsClock(clauses),
    obligations: annotations.obligations,
    runsOn: compiled ? 'closures' : 'engine',
  };
};

const unreadable = (id: string): ExecutablePolicy => ({
  id,
  effect: 'forbid',
  principal: { kind: 'any' },
  action: { kind: 'any' },
  resource: { kind: 'any' },
  condition: () => 'error',
  readsClock: false,
  obligations: { approvals: 0, reason: undefined, limits: [], preview: false, durable: false, shadow: false },
  runsOn: 'closures',
});

const compileClauses = (clauses: readonly unknown[]): ((scene: Scene) => Outcome) | undefined => {
  try {
    const parts = clauses.map((clause): readonly [Expression, boolean] => {
      if (!isObject(clause) || (clause['kind'] !== 'when' && clause['kind'] !== 'unless')) {
        throw new NotCompiled('unknown clause');
      }
      return [compileExpression(clause['body']), clause['kind'] === 'when'];
    });
    return (scene) => {
      for (const [body, wanted] of parts) {
        const value = body(scene);
        if (typeof value !== 'boolean') return 'error';
        if (value !== wanted) return 'unsatisfied';
      }
      return 'satisfied';
    };
  } catch (cause) {
    if (cause instanceof NotCompiled) return undefined;
    throw cause;
  }
};

/** Every use of `context` other than `context.<something else>` may read the clock. */
const readsClock = (json: unknown): boolean => {
  if (Array.isArray(json)) return json.some(readsClock);
  if (!isObject(json)) return false;
  if (json['Var'] === 'context') return true;
  const attribute = json['.'];
  if (isObject(attribute) && isObject(attribute['left']) && attribute['left']['Var'] === 'context') {
    return attribute['attr'] === 'now';
  }
  return Object.values(json).some(readsClock);
};
