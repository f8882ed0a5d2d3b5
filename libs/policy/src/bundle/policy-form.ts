import { isObject, onlyKey } from '../json.js';
import { readAnnotations } from '../obligation/annotation.js';

/**
 * Whether a policy in Cedar's JSON form is made only of what this version knows. A rule that a node does not know must
 * make it refuse the bundle, so the words are listed here and not guessed from the policy.
 */
export const policyFormProblem = (json: unknown): string | undefined => {
  if (!isObject(json)) return 'a policy is not an object';
  const unknown = Object.keys(json).find((field) => !fields.includes(field));
  if (unknown !== undefined) return `unknown field "${unknown}" in a policy`;
  if (json['effect'] !== 'permit' && json['effect'] !== 'forbid') return 'unknown effect of a policy';
  for (const field of ['principal', 'action', 'resource']) {
    if (!knownScope(json[field])) return `unknown ${field} of a policy`;
  }
  const conditions = json['conditions'];
  if (!Array.isArray(conditions)) return 'a policy without conditions';
  for (const condition of conditions) {
    if (!isObject(condition) || Object.keys(condition).length !== 2) return 'unknown condition of a policy';
    if (condition['kind'] !== 'when' && condition['kind'] !== 'unless') return 'unknown kind of condition';
    const problem = expressionProblem(condition['body']);
    if (problem !== undefined) return problem;
  }
  return readAnnotations(json['annotations'], json['effect']).problems[0]?.message;
};

const fields = ['effect', 'principal', 'action', 'resource', 'conditions', 'annotations'];

const knownUid = (json: unknown): boolean => {
  const uid = isObject(json) && isObject(json['__entity']) ? json['__entity'] : json;
  return (
    isObject(uid) && typeof uid['type'] === 'string' && typeof uid['id'] === 'string' && Object.keys(uid).length === 2
  );
};

const knownScope = (json: unknown): boolean => {
  if (!isObject(json)) return false;
  const size = Object.keys(json).length;
  switch (json['op']) {
    case 'All':
      return size === 1;
    case '==':
      return size === 2 && knownUid(json['entity']);
    case 'in':
      return (
        size === 2 &&
        (knownUid(json['entity']) || (Array.isArray(json['entities']) && json['entities'].every(knownUid)))
      );
    case 'is': {
      if (typeof json['entity_type'] !== 'string') return false;
      const inner = json['in'];
      return inner === undefined ? size === 2 : size === 3 && isObject(inner) && knownUid(inner['entity']);
    }
    default:
      return false;
  }
};

const pairs = '== != in < <= > >= && || + - * contains containsAll containsAny getTag hasTag'.split(' ');
const calls =
  'ip decimal datetime duration lessThan lessThanOrEqual greaterThan greaterThanOrEqual isIpv4 isIpv6 isLoopback isMulticast isInRange offset durationSince toDate toTime toMilliseconds toSeconds toMinutes toHours toDays'.split(
    ' ',
  );

const operands: ReadonlyMap<string, readonly string[]> = new Map([
  ...pairs.map((operator): [string, string[]] => [operator, ['left', 'right']]),
  ...['!', 'neg', 'isEmpty'].map((operator): [string, string[]] => [operator, ['arg']]),
  ...['.', 'has', 'like'].map((operator): [string, string[]] => [operator, ['left']]),
  ['if-then-else', ['if', 'then', 'else']],
]);

const variables: readonly unknown[] = ['principal', 'action', 'resource', 'context'];

const expressionProblem = (json: unknown): string | undefined => {
  const operator = isObject(json) ? onlyKey(json) : undefined;
  if (!isObject(json) || operator === undefined) return 'unknown expression in a policy';
  const body = json[operator];
  if (operator === 'Value') return literalProblem(body);
  if (operator === 'Var') return variables.includes(body) ? undefined : 'unknown variable in a policy';
  if (operator === 'Set' || calls.includes(operator)) {
    return Array.isArray(body) ? firstProblem(body) : `"${operator}" without a list`;
  }
  if (!isObject(body)) return `unknown expression "${operator}"`;
  if (operator === 'Record') return firstProblem(Object.values(body));
  if (operator === 'is') return firstProblem('in' in body ? [body['left'], body['in']] : [body['left']]);
  const names = operands.get(operator);
  return names ? firstProblem(names.map((name) => body[name])) : `unknown operator "${operator}"`;
};

const firstProblem = (expressions: readonly unknown[]): string | undefined => {
  for (const expression of expressions) {
    const problem = expressionProblem(expression);
    if (problem !== undefined) return problem;
  }
  return undefined;
};

const literalProblem = (value: unknown): string | undefined => {
  if (typeof value === 'boolean' || typeof value === 'string') return undefined;
  if (typeof value === 'number') return Number.isSafeInteger(value) ? undefined : 'a number that JSON cannot carry';
  return isObject(value) && onlyKey(value) === '__entity' && knownUid(value)
    ? undefined
    : 'unknown literal in a policy';
};
