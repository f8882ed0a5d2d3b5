import { z } from 'zod';

/** One field of the request that is wrong. */
export interface FieldError {
  readonly path: string;
  readonly message: string;
}

/** Stable codes of REST problems. `type` is made of them, so a code is never renamed. */
export const problemCodes = {
  invalid_request: { status: 400, title: 'The request is not valid' },
  unauthenticated: { status: 401, title: 'Not authenticated' },
  forbidden: { status: 403, title: 'Not allowed' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  request_timeout: { status: 408, title: 'The request did not come in time' },
  conflict: { status: 409, title: 'Conflict' },
  in_use: { status: 409, title: 'Still in use' },
  in_progress: { status: 409, title: 'The same request is in progress' },
  already_set_up: { status: 409, title: 'Already set up' },
  expired: { status: 410, title: 'No longer there' },
  payload_too_large: { status: 413, title: 'The request is too large' },
  unsupported_media_type: { status: 415, title: 'Unsupported media type' },
  policy_invalid: { status: 422, title: 'The policy set is not valid' },
  unenforceable: { status: 422, title: 'A connection cannot enforce this policy set' },
  idempotency_key_reused: { status: 422, title: 'The idempotency key belongs to another request' },
  issuer_unreachable: { status: 422, title: "The issuer's keys could not be read" },
  approval_pending: { status: 425, title: 'Not approved yet' },
  too_many_requests: { status: 429, title: 'Too many requests' },
  head_too_large: { status: 431, title: 'The head of the request is too large' },
  internal: { status: 500, title: 'Internal error' },
  unavailable: { status: 503, title: 'Temporarily unavailable' },
} as const satisfies Readonly<Record<string, { readonly status: number; readonly title: string }>>;
export type ProblemCode = keyof typeof problemCodes;
const codes = Object.keys(problemCodes) as [ProblemCode, ...ProblemCode[]];

/** The body of every answer that says no. It may hold further facts of its code. */
export const problemBody = z.looseObject({
  type: z.string().describe('A URN made of the code.'),
  title: z.string(),
  status: z.int(),
  detail: z.string().describe('What is wrong with this very request, for people.'),
  code: z.enum(codes),
  errors: z
    .array(z.object({ path: z.string(), message: z.string() }))
    .readonly()
    .optional()
    .describe('The fields that are wrong.'),
  instance: z.string().describe('The request, as the log names it.'),
});

interface ProblemDetails {
  readonly errors?: readonly FieldError[];
  /** Extension members of RFC 9457. */
  readonly facts?: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds?: number;
}

/** An answer that says no, as RFC 9457 wants it. `detail` is read by the caller: nothing internal goes in. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly errors: readonly FieldError[];
  readonly facts: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ProblemCode, detail: string, more: ProblemDetails = {}) {
    super(detail);
    this.name = 'Problem';
    this.code = code;
    this.errors = more.errors ?? [];
    this.facts = more.facts ?? {};
    this.retryAfterSeconds = more.retryAfterSeconds;
  }

  get title(): string {
    return problemCodes[this.code].title;
  }

  get status(): number {
    return problemCodes[this.code].status;
  }

  toJSON(instance: string): z.infer<typeof problemBody> {
    return {
      ...this.facts,
      type: `urn:sallyport:problem:${this.code}`,
      title: this.title,
      status: this.status,
      detail: this.message,
      code: this.code,
      ...(this.errors.length === 0 ? {} : { errors: this.errors }),
      instance,
    };
  }
}

export const notFound = (noun: string): Problem => new Problem('not_found', `there is no such ${noun}`);

export const invalidField = (path: string, message: string): Problem =>
  new Problem('invalid_request', `${path}: ${message}`, { errors: [{ path, message }] });
