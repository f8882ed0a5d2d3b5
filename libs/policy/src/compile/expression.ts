import { isObject, onlyKey } from '../json.js';
import { callOf } from './call.js';
import { NotCompiled } from './closure.js';
import type { Expression } from './closure.js';
import { entityOf } from './scope.js';
import { entityValue, equal, includes, includesAll, long, within } from './value.js';
import type { EntityValue, Scene, Value } from './value.js';

/** Cedar's JSON form of an expression to a closure. */
export const compileExpression = (json: unknown): Expression => {
  const operator = isObject(json) ? onlyKey(json) : undefined;
  if (!isObject(json) || operator === undefined) throw new NotCompiled('not an expression');
  const body = json[operator];
  switch (operator) {
    case 'Value':
      return constant(literal(body));
    case 'Var':
      return variable(body);
    case 'Set':
      return setOf(body);
    case 'Record':
      return recordOf(body);
    case 'if-then-else':
      return branch(body);
    case '.':
    case 'has':
    case 'like':
    case 'is':
      return access(operator, body);
    case '!':
    case 'neg':
    case 'isEmpty':
      return unary(operator, body);
    case '&&':
    case '||':
      return logic(operator, body);
    default:
      return Array.isArray(body) ? callOf(operator, body, compileExpression) : binary(operator, body);
  }
};

const part = (body: unknown, name: string): Expression => compileExpression(isObject(body) ? body[name] : undefined);

const constant =
  (value: Value): Expression =>
  () =>
    value;

const literal = (json: unknown): Value => {
  if (typeof json === 'boolean' || typeof json === 'string') return json;
  // Past 2^53 the JSON form has already lost digits; such a policy is refused when published and never guessed at here.
  if (typeof json === 'number' && Number.isSafeInteger(json)) return BigInt(json);
  const entity = isObject(json) && onlyKey(json) === '__entity' ? entityOf(json) : undefined;
  if (entity) return entityValue(entity.type, entity.id);
  throw new NotCompiled('a literal of another kind');
};

const variable = (name: unknown): Expression => {
  switch (name) {
    case 'principal':
      return (scene) => scene.principal;
    case 'action':
      return (scene) => scene.action;
    case 'resource':
      return (scene) => scene.resource;
    case 'context':
      return (scene) => scene.context;
    default:
      throw new NotCompiled('unknown variable');
  }
};

const setOf = (body: unknown): Expression => {
  if (!Array.isArray(body)) throw new NotCompiled('not a set');
  const parts = body.map(compileExpression);
  return (scene) => {
    const items: Value[] = [];
    for (const evaluate of parts) {
      const value = evaluate(scene);
      if (value === undefined) return undefined;
      items.push(value);
    }
    return { kind: 'set', items };
  };
};

const recordOf = (body: unknown): Expression => {
  if (!isObject(body)) throw new NotCompiled('not a record');
  const parts = Object.entries(body).map(([name, json]) => [name, compileExpression(json)] as const);
  return (scene) => {
    const fields = new Map<string, Value>();
    for (const [name, evaluate] of parts) {
      const value = evaluate(scene);
      if (value === undefined) return undefined;
      fields.set(name, value);
    }
    return { kind: 'record', fields };
  };
};

const branch = (body: unknown): Expression => {
  const [guard, then, otherwise] = [part(body, 'if'), part(body, 'then'), part(body, 'else')];
  return (scene) => {
    const chosen = guard(scene);
    return typeof chosen === 'boolean' ? (chosen ? then : otherwise)(scene) : undefined;
  };
};

const logic = (operator: '&&' | '||', body: unknown): Expression => {
  const [left, right] = [part(body, 'left'), part(body, 'right')];
  const decisive = operator === '||';
  return (scene) => {
    const first = left(scene);
    if (typeof first !== 'boolean') return undefined;
    if (first === decisive) return first;
    const second = right(scene);
    return typeof second === 'boolean' ? second : undefined;
  };
};

const unary = (operator: '!' | 'neg' | 'isEmpty', body: unknown): Expression => {
  const argument = part(body, 'arg');
  return (scene) => {
    const value = argument(scene);
    if (operator === '!') return typeof value === 'boolean' ? !value : undefined;
    if (operator === 'neg') return typeof value === 'bigint' ? long(-value) : undefined;
    return typeof value === 'object' && value.kind === 'set' ? value.items.length === 0 : undefined;
  };
};

const fieldOf = (scene: Scene, value: Value | undefined, name: string): Value | undefined => {
  if (typeof value !== 'object') return undefined;
  if (value.kind === 'record') return value.fields.get(name);
  return value.kind === 'entity' ? scene.entities.get(value.key)?.attributes.get(name) : undefined;
};

const access = (operator: '.' | 'has' | 'like' | 'is', body: unknown): Expression => {
  if (!isObject(body)) throw new NotCompiled('not an access');
  const left = part(body, 'left');
  if (operator === 'is') return isOf(left, body);
  if (operator === 'like') return likeOf(left, body['pattern']);
  const names = typeof body['attr'] === 'string' ? [body['attr']] : body['attr'];
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string') || names.length === 0) {
    throw new NotCompiled('no attribute');
  }
  const [name = '', ...deeper] = names;
  if (operator === '.') {
    if (deeper.length > 0) throw new NotCompiled('several attributes');
    return (scene) => fieldOf(scene, left(scene), name);
  }
  return (scene) => {
    let value = left(scene);
    for (const each of names) {
      if (typeof value !== 'object' || (value.kind !== 'record' && value.kind !== 'entity')) return undefined;
      value = fieldOf(scene, value, each);
      if (value === undefined) return false;
    }
    return true;
  };
};

const isOf = (left: Expression, body: Readonly<Record<string, unknown>>): Expression => {
  const type = body['entity_type'];
  if (typeof type !== 'string') throw new NotCompiled('no entity type');
  const inside = body['in'] === undefined ? undefined : compileExpression(body['in']);
  return (scene) => {
    const value = left(scene);
    if (typeof value !== 'object' || value.kind !== 'entity') return undefined;
    if (value.type !== type) return false;
    return inside === undefined ? true : inOf(scene, value, inside(scene));
  };
};

const inOf = (scene: Scene, left: EntityValue, right: Value | undefined): boolean | undefined => {
  if (typeof right !== 'object') return undefined;
  if (right.kind === 'entity') return within(scene, left, right);
  if (right.kind !== 'set') return undefined;
  const entities = right.items.filter((item) => typeof item === 'object' && item.kind === 'entity');
  if (entities.length !== right.items.length) return undefined;
  return entities.some((entity) => within(scene, left, entity));
};

/** Greedy matching with one point of return: linear in text times pattern, never exponential. */
const likeOf = (left: Expression, pattern: unknown): Expression => {
  if (!Array.isArray(pattern)) throw new NotCompiled('no pattern');
  const elements = pattern.map((element: unknown) => {
    if (element === 'Wildcard') return undefined;
    const char = isObject(element) ? element['Literal'] : undefined;
    if (typeof char !== 'string') throw new NotCompiled('unknown pattern element');
    return [...char];
  });
  const flat = elements.flatMap((element): readonly (string | undefined)[] => element ?? [undefined]);
  return (scene) => {
    const value = left(scene);
    return typeof value === 'string' ? matches([...value], flat) : undefined;
  };
};

const matches = (text: readonly string[], pattern: readonly (string | undefined)[]): boolean => {
  let [at, place, star, resume] = [0, 0, -1, 0];
  while (at < text.length) {
    if (place < pattern.length && pattern[place] === undefined) {
      [star, resume] = [place, at];
      place += 1;
    } else if (place < pattern.length && pattern[place] === text[at]) {
      at += 1;
      place += 1;
    } else if (star >= 0) {
      resume += 1;
      [place, at] = [star + 1, resume];
    } else return false;
  }
  return pattern.slice(place).every((element) => element === undefined);
};

const binary = (operator: string, body: unknown): Expression => {
  const compute = binaries.get(operator);
  if (!compute) throw new NotCompiled(`unknown operator ${operator}`);
  const [left, right] = [part(body, 'left'), part(body, 'right')];
  return (scene) => {
    const first = left(scene);
    if (first === undefined) return undefined;
    const second = right(scene);
    return second === undefined ? undefined : compute(first, second, scene);
  };
};

type Binary = (left: Value, right: Value, scene: Scene) => Value | undefined;

const ordered =
  (holds: (left: bigint, right: bigint) => boolean): Binary =>
  (left, right) => {
    if (typeof left === 'bigint') return typeof right === 'bigint' ? holds(left, right) : undefined;
    if (typeof left !== 'object' || typeof right !== 'object' || left.kind !== right.kind) return undefined;
    return 'ms' in left && 'ms' in right ? holds(left.ms, right.ms) : undefined;
  };

const computed =
  (compute: (left: bigint, right: bigint) => bigint): Binary =>
  (left, right) =>
    typeof left === 'bigint' && typeof right === 'bigint' ? long(compute(left, right)) : undefined;

const ofSets =
  (holds: (left: readonly Value[], right: readonly Value[]) => boolean): Binary =>
  (left, right) =>
    typeof left === 'object' && left.kind === 'set' && typeof right === 'object' && right.kind === 'set'
      ? holds(left.items, right.items)
      : undefined;

const has = (items: readonly Value[], value: Value): boolean => includes({ kind: 'set', items }, value);

const binaries: ReadonlyMap<string, Binary> = new Map<string, Binary>([
  ['==', equal],
  ['!=', (left, right) => !equal(left, right)],
  ['<', ordered((left, right) => left < right)],
  ['<=', ordered((left, right) => left <= right)],
  ['>', ordered((left, right) => left > right)],
  ['>=', ordered((left, right) => left >= right)],
  ['+', computed((left, right) => left + right)],
  ['-', computed((left, right) => left - right)],
  ['*', computed((left, right) => left * right)],
  [
    'in',
    (left, right, scene) => (typeof left === 'object' && left.kind === 'entity' ? inOf(scene, left, right) : undefined),
  ],
  ['contains', (left, right) => (typeof left === 'object' && left.kind === 'set' ? includes(left, right) : undefined)],
  ['containsAll', ofSets((left, right) => includesAll({ kind: 'set', items: left }, right))],
  ['containsAny', ofSets((left, right) => right.some((value) => has(left, value)))],
]);
