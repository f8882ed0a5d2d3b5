import { platformOf } from './platform.js';
import { spiffeProblem } from './spiffe.js';

/** What an admin wants to register: which tokens are this subagent's. */
export interface Binding {
  /** The issuer's `iss`, by which known issuers are recognized. */
  readonly issuer: string;
  readonly claims: Readonly<Record<string, string>>;
}

export interface BindingProblem {
  readonly code:
    | 'missing_subject'
    | 'missing_immutable_id'
    | 'wildcard'
    | 'empty'
    | 'too_long'
    | 'unreadable'
    | 'volatile'
    | 'not_a_workload'
    | 'too_many';
  /** Empty when it is about the binding as a whole. */
  readonly claim: string;
  readonly message: string;
}

/** They differ from token to token, or are checked by other rules. */
export const volatileClaims = new Set([
  'exp',
  'iat',
  'nbf',
  'jti',
  'iss',
  'aud',
  'nonce',
  'auth_time',
  'run_id',
  'run_number',
  'run_attempt',
  'job_id',
]);
const limits = { claims: 32, name: 256, value: 1024 } as const;

/** Problems to tell when a binding is saved; none means that it names exactly one workload, for good. */
export const validateBinding = ({ issuer, claims }: Binding): readonly BindingProblem[] => {
  const entries = Object.entries(claims);
  if (entries.length > limits.claims)
    return [{ code: 'too_many', claim: '', message: `a binding has at most ${limits.claims} claims` }];
  const problems = entries.flatMap(([claim, value]) => checkClaim(claim, value));
  if (!Object.hasOwn(claims, 'sub'))
    problems.push({ code: 'missing_subject', claim: 'sub', message: 'a binding names an exact subject (sub)' });
  const spiffe = spiffeProblem(issuer, Object.hasOwn(claims, 'sub') ? String(claims['sub']) : '');
  if (spiffe !== undefined) problems.push({ code: 'not_a_workload', claim: 'sub', message: spiffe });
  const missing = missingImmutable(issuer, claims);
  if (missing !== undefined) problems.push(missing);
  return problems;
};

const checkClaim = (claim: string, value: string): BindingProblem[] => {
  const problem = (code: BindingProblem['code'], message: string): BindingProblem[] => [
    { code, claim: claim.slice(0, 256), message },
  ];
  if (typeof value !== 'string' || value === '' || claim === '')
    return problem('empty', 'a claim has a name and a text');
  if (claim.length > limits.name || value.length > limits.value)
    return problem('too_long', `at most ${limits.value} characters`);
  if (/[*?]/.test(value))
    return problem(
      'wildcard',
      'claims are compared exactly: a wildcard would never match, or be meant to match too much',
    );
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(claim + value) || value !== value.trim())
    return problem('unreadable', 'no control or invisible characters, no spaces at the ends');
  if (volatileClaims.has(claim))
    return problem('volatile', 'this claim differs from token to token or is checked by the issuer’s own rules');
  return [];
};

const missingImmutable = (issuer: string, claims: Binding['claims']): BindingProblem | undefined => {
  const platform = platformOf(issuer, Object.hasOwn(claims, 'sub') ? String(claims['sub']) : '');
  if (platform === undefined || platform.immutable.some((claim) => Object.hasOwn(claims, claim))) return undefined;
  const claim = platform.immutable[0] ?? '';
  return {
    code: 'missing_immutable_id',
    claim,
    message: `names at ${platform.name} can be given up and taken by somebody else: bind ${claim} too`,
  };
};
