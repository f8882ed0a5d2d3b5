import { z } from 'zod';
import type { Problem } from '../http/problem.js';

/** Errors of RFC 6749, 7009, 8628, 8693, 9396 and 9449, with the status that each is told with. */
export const oauthErrors = {
  invalid_request: 400,
  invalid_client: 401,
  invalid_token: 401,
  invalid_grant: 400,
  unauthorized_client: 400,
  unsupported_grant_type: 400,
  invalid_scope: 400,
  invalid_target: 400,
  invalid_authorization_details: 400,
  invalid_dpop_proof: 400,
  authorization_pending: 400,
  slow_down: 400,
  access_denied: 400,
  expired_token: 400,
  insufficient_scope: 403,
  too_many_requests: 429,
  server_error: 500,
  temporarily_unavailable: 503,
} as const satisfies Readonly<Record<string, number>>;
export type OAuthError = keyof typeof oauthErrors;
const errors = Object.keys(oauthErrors) as [OAuthError, ...OAuthError[]];

export const oauthErrorBody = z.object({
  error: z.enum(errors),
  error_description: z.string().describe('For people.'),
});

/** A refusal in the form of OAuth. `description` is read by the caller: nothing internal goes in. */
export class OAuthProblem extends Error {
  readonly error: OAuthError;
  /** Why, for the auditor; `undefined`: it is no refused login. */
  readonly refusedFor: string | undefined;
  readonly claimed: Claimed | undefined;

  constructor(
    error: OAuthError,
    description: string,
    more: { readonly cause?: string; readonly claimed?: Claimed } = {},
  ) {
    super(description);
    this.name = 'OAuthProblem';
    this.error = error;
    this.refusedFor = more.cause;
    this.claimed = more.claimed;
  }

  get status(): number {
    return oauthErrors[this.error];
  }
}

export type Claimed = { readonly issuer: string; readonly subject: string } | undefined;

export const invalidGrant = (cause: string, claimed?: Claimed): OAuthProblem =>
  new OAuthProblem('invalid_grant', 'it is wrong, was used already, or is over', {
    cause,
    ...(claimed === undefined ? {} : { claimed }),
  });

export const invalidRequest = (description: string): OAuthProblem => new OAuthProblem('invalid_request', description);

/** What any other refusal is called on these routes. */
export function oauthOf(problem: Problem): OAuthProblem {
  const { status, message } = problem;
  if (status === 401) return new OAuthProblem('invalid_token', message);
  if (status === 403) return new OAuthProblem('insufficient_scope', message);
  if (status === 429) return new OAuthProblem('too_many_requests', message);
  if (status === 503) return new OAuthProblem('temporarily_unavailable', message);
  return status >= 500 ? new OAuthProblem('server_error', message) : new OAuthProblem('invalid_request', message);
}
