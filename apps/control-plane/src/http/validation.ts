import { StandardSchemaValidationPipe } from '@nestjs/common';
import { Problem } from './problem.js';
import type { FieldError } from './problem.js';

interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
  /** Of zod: the names that an object must not have. */
  readonly keys?: readonly string[];
}

const most = 20;

/** Checks every body, query and path against the zod schema that its parameter names. */
export const validationPipe = (): StandardSchemaValidationPipe =>
  new StandardSchemaValidationPipe({ exceptionFactory: (issues) => toProblem(issues) });

function toProblem(issues: readonly Issue[]): Problem {
  const errors = issues.flatMap(toErrors).slice(0, most);
  const [first] = errors;
  const detail = first === undefined ? 'the request is not valid' : `${first.path}: ${first.message}`;
  return new Problem('invalid_request', detail, { errors });
}

function toErrors(issue: Issue): readonly FieldError[] {
  const path = (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part));
  if (issue.keys !== undefined)
    return issue.keys
      .slice(0, most)
      .map((key) => ({ path: [...path, key].join('.').slice(0, 200), message: 'unknown field' }));
  return [{ path: path.length === 0 ? '(body)' : path.join('.').slice(0, 200), message: issue.message.slice(0, 300) }];
}
