import type { PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';
import { policyJson, validateText } from '../cedar/engine.js';
import type { EngineError } from '../cedar/engine.js';
import { readScope } from '../compile/scope.js';
import type { CompiledPolicy } from '../compile/types.js';
import { onlyConnects } from '../decide/judge.js';
import { depthOf, isObject } from '../json.js';
import { readAnnotations } from '../obligation/annotation.js';
import { annotationPlace } from './annotation-place.js';
import { outline } from './outline.js';
import type { PolicyOutline } from './outline.js';
import { offsetOfByte, positionAt } from './position.js';
import type { PolicyProblem } from './problem.js';

export type ValidatedPolicySet =
  | { readonly ok: true; readonly policies: readonly CompiledPolicy[]; readonly warnings: readonly PolicyProblem[] }
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] };

/** Deepest JSON form of one policy: what a bundle may carry. */
export const deepestPolicy = 400;
const mostProblems = 100;

/** Cedar calls these warnings. A rule that never fits is one that its author believes to hold, so they are problems here. */
const fatalWarnings = [/is impossible/, /applicable action/, /bidi/i];

/** Parses a policy set, checks it against the schema and its annotations, and gives the form in which it travels. */
export const validatePolicySet = (text: string): ValidatedPolicySet => {
  const first = outline(text);
  if (first.kind === 'refused') return refused([problemAt(text, first.offset, first.message)]);
  const { errors, warnings } = validateText(text);
  // Finding a place reads the text, so there is a bound on how many are looked for.
  const problems = errors.slice(0, mostProblems).map((error) => engineProblem(text, error, first.policies));
  const mild: PolicyProblem[] = [];
  for (const warning of warnings.slice(0, mostProblems)) {
    const fatal = fatalWarnings.some((pattern) => pattern.test(warning.message));
    (fatal ? problems : mild).push(engineProblem(text, warning, first.policies));
  }
  // A text that does not parse has no policies to look at any closer.
  const policies = errors.some(({ policy }) => policy === undefined)
    ? []
    : first.policies.map((place, order) => readPolicy(text, place, order, problems));
  problems.push(...repeatedIds(text, first.policies, policies));
  if (problems.length > 0) return refused(problems);
  mild.push(...idlePreviews(text, first.policies, policies));
  return { ok: true, policies: policies.filter((policy) => policy !== undefined), warnings: mild };
};

/** A preview is of what is held, and here nothing is: another set may hold it, so this is no fault. */
function idlePreviews(
  text: string,
  places: readonly PolicyOutline[],
  policies: readonly (CompiledPolicy | undefined)[],
): readonly PolicyProblem[] {
  const owed = policies.map((policy) => {
    const { annotations, effect } = (policy?.json ?? {}) as PolicyJson;
    return policy && readAnnotations(annotations, effect).obligations;
  });
  if (owed.some((each) => (each?.approvals ?? 0) > 0)) return [];
  return owed.slice(0, mostProblems).flatMap((each, order) => {
    const start = places[order]?.start;
    if (each?.preview !== true || start === undefined) return [];
    const at = annotationPlace(text, start, 'preview');
    return [problemAt(text, at, '@preview holds nothing by itself', 'write @approval beside it')];
  });
}

const refused = (problems: readonly PolicyProblem[]): ValidatedPolicySet => {
  const seen = new Map(problems.map((problem) => [`${problem.line}:${problem.column} ${problem.message}`, problem]));
  const sorted = [...seen.values()].sort((a, b) => a.line - b.line || a.column - b.column);
  return { ok: false, problems: sorted.slice(0, mostProblems) };
};

const problemAt = (text: string, offset: number, message: string, help?: string): PolicyProblem => ({
  message,
  ...positionAt(text, offset),
  ...(help === undefined ? {} : { help }),
});

const engineProblem = (text: string, error: EngineError, policies: readonly PolicyOutline[]): PolicyProblem => {
  const order = Number(/^policy(\d+)$/.exec(error.policy ?? '')?.[1] ?? NaN);
  const offset = error.start === undefined ? (policies[order]?.start ?? 0) : offsetOfByte(text, error.start);
  if (error.message.includes('includes a template')) {
    const slot = text.search(/\?(?:principal|resource)\b/);
    return problemAt(text, Math.max(slot, 0), 'templates are not supported', 'write the policy out for each principal');
  }
  return problemAt(text, offset, error.message, error.help);
};

const readPolicy = (
  text: string,
  place: PolicyOutline,
  order: number,
  problems: PolicyProblem[],
): CompiledPolicy | undefined => {
  const at = (message: string, help?: string): void => {
    problems.push(problemAt(text, place.start, message, help));
  };
  if (problems.length >= mostProblems) return undefined;
  const json = policyJson(text.slice(place.start, place.end));
  if (!json) {
    at('the policy could not be read');
    return undefined;
  }
  if (depthOf(json, deepestPolicy + 1) > deepestPolicy) at('the policy is nested too deeply', 'split it in several');
  if (hasLongNumber(json)) at('a number is larger than 9007199254740991', 'use smaller numbers');
  const annotations = readAnnotations(json.annotations, json.effect);
  for (const { annotation, message } of annotations.problems) {
    problems.push(problemAt(text, annotationPlace(text, place.start, annotation), message));
  }
  const { approvals, preview } = annotations.obligations;
  if ((approvals > 0 || preview) && connectOnly(json)) {
    const name = approvals > 0 ? 'approval' : 'preview';
    problems.push(
      problemAt(
        text,
        annotationPlace(text, place.start, name),
        `@${name} does not fit connect: a session is never held`,
      ),
    );
  }
  return { id: annotations.id ?? `policy${order}`, json };
};

const connectOnly = (json: PolicyJson): boolean => {
  const action = readScope(json.action);
  return action !== undefined && onlyConnects({ action });
};

/** Cedar's numbers are 64 bits wide; its JSON form has lost digits where they are larger than this. */
const hasLongNumber = (json: unknown): boolean => {
  if (typeof json === 'number') return !Number.isSafeInteger(json);
  if (Array.isArray(json)) return json.some(hasLongNumber);
  return isObject(json) && Object.values(json).some(hasLongNumber);
};

const repeatedIds = (
  text: string,
  places: readonly PolicyOutline[],
  policies: readonly (CompiledPolicy | undefined)[],
): readonly PolicyProblem[] => {
  const seen = new Set<string>();
  const repeated = policies.flatMap((policy, order) => {
    if (!policy) return [];
    if (!seen.has(policy.id)) {
      seen.add(policy.id);
      return [];
    }
    return [{ id: policy.id, start: places[order]?.start ?? 0 }];
  });
  return repeated
    .slice(0, mostProblems)
    .map(({ id, start }) =>
      problemAt(text, annotationPlace(text, start, 'id'), `another policy already has the id "${id}"`),
    );
};
