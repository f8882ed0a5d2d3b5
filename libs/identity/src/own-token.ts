import { compactVerify } from 'jose';
import { createKeyRing } from './key.js';
import type { OwnIssuerLike } from './record.js';
import { isMembers, readMembers, tokenLimits } from './token.js';
import type { Members, TokenParts } from './token.js';

/** What a token of our own proved (docs/decisions/0016). Holds nothing that could be used in its place. */
export interface VerifiedOwn {
  readonly kind: 'own';
  /** Ids of principals: the acting one first, then each on whose behalf it acts. */
  readonly chain: readonly [string, ...string[]];
  /** Ids of logins from the root to that of the token. */
  readonly logins: readonly string[];
  /** What it may at most. `undefined`: what its principals may. */
  readonly limits: readonly OwnLimit[] | undefined;
  /** Of every login that has one. */
  readonly budgets: readonly OwnBudget[];
  /** Id of the key that signed it. */
  readonly keyId: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** Seconds since the epoch. */
  readonly issuedAt: number;
}

/** An entry of `authorization_details` (RFC 9396). What is absent means all. */
export interface OwnLimit {
  readonly connections?: readonly string[] | undefined;
  readonly actions?: readonly string[] | undefined;
}

/** What all tokens under one login may use together, as policies say it: `rows=1000/1h`. */
export interface OwnBudget {
  readonly login: string;
  readonly limits: string;
}

/** Why a token of our own is refused: for the auditor. */
export type OwnRefusedCause =
  | 'header_not_allowed'
  | 'algorithm_not_allowed'
  | 'unknown_key'
  | 'bad_signature'
  | 'malformed'
  | 'bad_claims'
  | 'wrong_audience'
  | 'expired'
  | 'issued_in_future'
  | 'bound_token'; // to a key that its bearer cannot prove on this wire

export interface OwnVerifier {
  /** `now`: milliseconds since the epoch. Never rejects. */
  verify(token: string, parts: TokenParts, now: number): Promise<VerifiedOwn | OwnRefusedCause>;
}

/** A login has at most five above it. */
const mostLogins = 6;
const skew = 60;
const algorithm = 'ES256';
/** A claim that is not known could be a limit: none is passed over. */
const knownClaims: ReadonlySet<string> = new Set([
  ...['iss', 'aud', 'sub', 'act', 'client_id', 'logins', 'authorization_details', 'budgets', 'purpose', 'cnf'],
  ...['iat', 'exp', 'jti'],
]);
const knownHeaders: ReadonlySet<string> = new Set(['alg', 'typ', 'kid']);
const principalForm = /^(?:usr|sub)_[0-9A-Za-z_]{1,60}$/;
const loginForm = /^log_[0-9A-Za-z_]{1,60}$/;

/** One per identity chunk: imported keys are kept as long as it lives. */
export const createOwnVerifier = (own: OwnIssuerLike): OwnVerifier => {
  const keyRing = createKeyRing();
  return {
    async verify(token, { header }, now) {
      const { kid } = header;
      if (Object.keys(header).some((name) => !knownHeaders.has(name))) return 'header_not_allowed';
      if (header['alg'] !== algorithm) return 'algorithm_not_allowed';
      // RFC 9068: so that no other JWT that this key may ever sign is taken for an access token.
      if (header['typ'] !== 'at+jwt') return 'header_not_allowed';
      const pinned = own.keys.find((key) => key['kid'] === kid);
      if (typeof kid !== 'string' || pinned === undefined) return 'unknown_key';
      const key = await keyRing.read(pinned, algorithm);
      if (key === undefined) return 'unknown_key';
      let payload: Members | undefined;
      try {
        payload = readMembers((await compactVerify(token, key, { algorithms: [algorithm] })).payload);
      } catch {
        return 'bad_signature';
      }
      return payload === undefined ? 'malformed' : read(payload, own, kid, now / 1000);
    },
  };
};

const read = (payload: Members, own: OwnIssuerLike, keyId: string, now: number): VerifiedOwn | OwnRefusedCause => {
  const { iss, aud, sub, act, logins, iat, exp } = payload;
  if (Object.keys(payload).some((name) => !knownClaims.has(name)) || iss !== own.issuer) return 'bad_claims';
  if (aud !== own.issuer) return 'wrong_audience';
  if (typeof exp !== 'number' || typeof iat !== 'number' || !(exp > 0) || !(iat > 0)) return 'bad_claims';
  if (!(now < exp)) return 'expired';
  if (iat > now + skew) return 'issued_in_future';
  const chain = chainOf(sub, act);
  if (chain === undefined || !isLogins(logins)) return 'bad_claims';
  if (payload['cnf'] !== undefined) return 'bound_token';
  const limits = limitsOf(payload['authorization_details']);
  const budgets = budgetsOf(payload['budgets'], logins);
  if (limits === 'unreadable' || budgets === 'unreadable') return 'bad_claims';
  return { kind: 'own', chain, logins, limits, budgets, keyId, expiresAt: Math.floor(exp * 1000), issuedAt: iat };
};

const mostLimits = 50;
const limitMembers: ReadonlySet<string> = new Set(['type', 'connections', 'actions']);

/** Every member is known, or it may have been meant to limit. */
const limitsOf = (value: unknown): readonly OwnLimit[] | undefined | 'unreadable' => {
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || value.length === 0 || value.length > mostLimits) return 'unreadable';
  const limits: OwnLimit[] = [];
  for (const entry of value as readonly unknown[]) {
    if (!isMembers(entry) || entry['type'] !== 'sallyport_connection') return 'unreadable';
    if (Object.keys(entry).some((name) => !limitMembers.has(name))) return 'unreadable';
    const { connections, actions } = entry;
    if (!isNames(connections) || !isNames(actions)) return 'unreadable';
    limits.push({ connections, actions });
  }
  return limits;
};

const longestBudget = 200;

const budgetsOf = (value: unknown, logins: readonly string[]): readonly OwnBudget[] | 'unreadable' => {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length === 0 || value.length > mostLogins) return 'unreadable';
  const budgets: OwnBudget[] = [];
  for (const entry of value as readonly unknown[]) {
    if (!isMembers(entry)) return 'unreadable';
    const { login, limits, ...more } = entry;
    if (typeof login !== 'string' || typeof limits !== 'string' || Object.keys(more).length > 0) return 'unreadable';
    if (limits.length > longestBudget || !logins.includes(login)) return 'unreadable';
    if (budgets.some((other) => other.login === login)) return 'unreadable';
    budgets.push({ login, limits });
  }
  return budgets;
};

const isNames = (value: unknown): value is readonly string[] | undefined =>
  value === undefined ||
  (Array.isArray(value) &&
    value.length > 0 &&
    value.every((each) => typeof each === 'string' && each !== '' && each.length <= tokenLimits.text));

const isLogins = (value: unknown): value is readonly string[] =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.length <= mostLogins &&
  value.every((each) => typeof each === 'string' && loginForm.test(each)) &&
  new Set(value).size === value.length;

/** RFC 8693: the acting principal is the outermost `act`; `sub` is on whose behalf it all happens. Nobody is in it twice. */
const chainOf = (sub: unknown, act: unknown): readonly [string, ...string[]] | undefined => {
  const chain: string[] = [];
  for (let actor = act; actor !== undefined;) {
    if (!isMembers(actor) || chain.length >= mostLogins) return undefined;
    const { sub: id, act: inner, ...more } = actor;
    if (typeof id !== 'string' || Object.keys(more).length > 0) return undefined;
    chain.push(id);
    actor = inner;
  }
  if (typeof sub !== 'string') return undefined;
  chain.push(sub);
  const [first, ...rest] = chain;
  if (first === undefined || !chain.every((id) => principalForm.test(id))) return undefined;
  return new Set(chain).size === chain.length ? [first, ...rest] : undefined;
};
