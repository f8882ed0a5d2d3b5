import { isObject } from '../json.js';
import { parseApprovals, parseBudget } from './grammar.js';
import type { Parsed } from './grammar.js';
import type { Obligations } from './obligation.js';

export const annotationNames = ['id', 'reason', 'approval', 'budget', 'preview', 'durable', 'shadow'] as const;
export type AnnotationName = (typeof annotationNames)[number];

/** They oblige; a forbid has nothing to oblige to. */
const onPermitOnly: readonly string[] = ['approval', 'budget', 'preview', 'durable'];
const withoutValue: readonly string[] = ['preview', 'durable', 'shadow'];

export interface AnnotationProblem {
  readonly annotation: string;
  readonly message: string;
}

export interface ReadAnnotations {
  readonly id: string | undefined;
  readonly obligations: Obligations;
  readonly problems: readonly AnnotationProblem[];
}

/** Reads the `annotations` of a policy in Cedar's JSON form. Whatever is not understood is a problem, never ignored. */
export const readAnnotations = (annotations: unknown, effect: unknown): ReadAnnotations => {
  const problems: AnnotationProblem[] = [];
  const given: Readonly<Record<string, unknown>> = isObject(annotations) ? annotations : {};
  if (annotations !== undefined && !isObject(annotations)) {
    problems.push({ annotation: '', message: 'annotations are not an object' });
  }
  for (const [name, value] of Object.entries(given)) {
    const message = misuse(name, value, effect);
    if (message !== undefined) problems.push({ annotation: name, message });
  }
  const parsed = <T>(name: AnnotationName, parse: (text: string) => Parsed<T>, otherwise: T): T => {
    const value = given[name];
    if (typeof value !== 'string') return otherwise;
    const result = parse(value);
    if (result.ok) return result.value;
    problems.push({ annotation: name, message: result.message });
    return otherwise;
  };
  return {
    id: parsed('id', parseId, undefined),
    obligations: {
      approvals: parsed('approval', parseApprovals, 0),
      reason: parsed('reason', parseReason, undefined),
      limits: parsed('budget', parseBudget, []),
      preview: Object.hasOwn(given, 'preview'),
      durable: Object.hasOwn(given, 'durable'),
      shadow: Object.hasOwn(given, 'shadow'),
    },
    problems,
  };
};

const misuse = (name: string, value: unknown, effect: unknown): string | undefined => {
  if (!annotationNames.some((known) => known === name)) {
    return `unknown annotation @${name}; known are ${annotationNames.map((known) => `@${known}`).join(', ')}`;
  }
  if (onPermitOnly.includes(name) && effect !== 'permit') return `@${name} says something only on a permit`;
  const empty = value === null || value === '';
  if (withoutValue.includes(name)) return empty ? undefined : `@${name} takes no value`;
  return empty || typeof value !== 'string' ? `@${name} needs a value: @${name}("...")` : undefined;
};

const parseId = (text: string): Parsed<string | undefined> =>
  /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}$/.test(text)
    ? { ok: true, value: text }
    : { ok: false, message: '@id takes up to 100 letters, digits and _ . : -, and begins with a letter or digit' };

const parseReason = (text: string): Parsed<string | undefined> => {
  if (text.length > 500) return { ok: false, message: '@reason is longer than 500 characters' };
  // Shown on terminals: no control characters, and none that turn the direction of the text.
  if (/[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u.test(text)) {
    return { ok: false, message: '@reason holds control characters' };
  }
  return { ok: true, value: text };
};
