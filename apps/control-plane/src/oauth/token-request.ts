import { tokenLimits } from '@sallyport/identity';
import { parseBudget } from '@sallyport/policy';
import { z } from 'zod';
import { line } from '../http/text.js';
import { authorizationDetails } from './authorization-details.js';
import type { AuthorizationDetail } from './authorization-details.js';
import { longestToken, shortestToken } from './lifetimes.js';
import { OAuthProblem, invalidRequest } from './oauth-problem.js';

/** A parameter is sent once (RFC 6749 section 3.2); one without a value is as good as not sent. */
export const parameter = (most: number) =>
  z.preprocess((value) => (value === '' ? undefined : value), z.string().max(most).optional());

/** What any grant may be asked with. What is not known is passed over, as RFC 6749 wants it. */
export const tokenRequest = z.object({
  grant_type: parameter(100).describe('Which grant; the metadata lists them.'),
  client_id: parameter(100).describe('`sally` or `console`; for refresh_token and device_code.'),
  refresh_token: parameter(200),
  device_code: parameter(200),
  subject_token: parameter(tokenLimits.token),
  subject_token_type: parameter(100),
  actor_token: parameter(tokenLimits.token),
  actor_token_type: parameter(100),
  requested_token_type: parameter(100),
  assertion: parameter(100_000),
  audience: parameter(1_000),
  resource: parameter(1_000),
  scope: parameter(1_000),
  authorization_details: parameter(32_768).describe('RFC 9396, as JSON: what the token may at most.'),
  purpose: parameter(400).describe('One line, shown to approvers and kept in evidence.'),
  budget: parameter(200).describe('As `rows=1000/1h,writes=10/1h`.'),
  expires_in: parameter(10).describe('How long it should live at the longest, seconds.'),
});
export type TokenRequest = z.infer<typeof tokenRequest>;

/** One token, to be asked about or taken back. */
export const tokenForm = z.object({
  token: z.string().min(1).max(tokenLimits.token),
  token_type_hint: parameter(100).describe('Passed over: a token says itself what it is.'),
  client_id: parameter(100),
});
export type TokenForm = z.infer<typeof tokenForm>;

/** What a new login under this request is limited to. */
export interface Limits {
  readonly details: readonly AuthorizationDetail[] | undefined;
  readonly purpose: string | undefined;
  readonly budget: string | undefined;
  /** Milliseconds. */
  readonly life: number | undefined;
}

export function limitsOf(request: TokenRequest): Limits {
  return {
    details: request.authorization_details === undefined ? undefined : detailsOf(request.authorization_details),
    purpose: request.purpose === undefined ? undefined : purposeOf(request.purpose),
    budget: request.budget === undefined ? undefined : budgetOf(request.budget),
    life: request.expires_in === undefined ? undefined : lifeOf(request.expires_in),
  };
}

/** Refused rather than passed over: who asks for less must not get more. */
export function refuseLimits(request: TokenRequest): void {
  const named = (['authorization_details', 'purpose', 'budget', 'expires_in', 'actor_token'] as const).find(
    (each) => request[each] !== undefined,
  );
  if (named !== undefined) throw invalidRequest(`${named} goes with token exchange and assertions only`);
}

/** Our tokens are for us, have no scopes and one type. */
export function checkTarget(request: TokenRequest, issuer: string): void {
  const other = [request.audience, request.resource].find((each) => each !== undefined && each !== issuer);
  if (other !== undefined) throw new OAuthProblem('invalid_target', `tokens are for ${issuer} alone`);
  if (request.scope !== undefined)
    throw new OAuthProblem('invalid_scope', 'there are no scopes; narrow a token by authorization_details');
  const type = request.requested_token_type;
  if (type !== undefined && type !== tokenTypes.accessToken && type !== tokenTypes.jwt)
    throw invalidRequest('requested_token_type: only access tokens are issued');
}

export const tokenTypes = {
  accessToken: 'urn:ietf:params:oauth:token-type:access_token',
  jwt: 'urn:ietf:params:oauth:token-type:jwt',
  idToken: 'urn:ietf:params:oauth:token-type:id_token',
} as const;

function detailsOf(text: string): readonly AuthorizationDetail[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalidDetails('it is not JSON');
  }
  const parsed = authorizationDetails.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw invalidDetails(
    `${issue?.path.map(String).join('.').slice(0, 100) ?? ''}: ${issue?.message.slice(0, 200) ?? ''}`,
  );
}

export const invalidDetails = (why: string): OAuthProblem =>
  new OAuthProblem('invalid_authorization_details', `authorization_details: ${why}`);

function purposeOf(text: string): string {
  const parsed = line(200).safeParse(text);
  if (!parsed.success) throw invalidRequest('purpose: one line of at most 200 characters');
  return parsed.data;
}

function budgetOf(text: string): string {
  const parsed = parseBudget(text);
  if (!parsed.ok) throw invalidRequest(`budget: ${parsed.message}`);
  return text;
}

function lifeOf(text: string): number {
  const seconds = /^[0-9]{1,9}$/.test(text) ? Number(text) : 0;
  if (seconds < shortestToken) throw invalidRequest(`expires_in: a number of seconds, at least ${shortestToken}`);
  return Math.min(seconds * 1000, longestToken);
}
