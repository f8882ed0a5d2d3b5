import { refuse } from '@sallyport/kernel';
import { compactVerify } from 'jose';
import { allowsAlgorithm, candidateKeys, createKeyRing } from './key.js';
import type { KeyRing } from './key.js';
import { bindableClaims } from './observed.js';
import type { ProvedIdentity } from './observed.js';
import type { IdentityLike, IssuerLike, SubagentLike } from './record.js';
import { issuerOf } from './spiffe.js';
import { claimAt, equalsClaim, readMembers, splitToken, tokenLimits } from './token.js';
import type { Members, TokenParts } from './token.js';

/** Why a token was refused: for the auditor. The caller only ever gets `loginRefusal`. */
export const refusedCauses = [
  'too_long',
  'malformed',
  'header_not_allowed', // jwk, jku, x5u, x5c, crit and their like
  'unknown_issuer',
  'ambiguous_issuer',
  'algorithm_not_allowed',
  'unknown_key',
  'bad_signature',
  'bad_claims', // a standard claim is missing or of another type
  'wrong_audience',
  'wrong_party', // several audiences and an azp that is not ours
  'expired',
  'not_yet_valid',
  'issued_in_future',
  'unknown_subagent',
  'ambiguous_subagent',
  'disabled',
  'revoked', // issued before the subagent's notBefore
] as const;
export type RefusedCause = (typeof refusedCauses)[number];

/** The same words, whatever the cause. */
export const loginRefusal = refuse('unauthenticated', 'authentication failed', {
  hint: 'The user name is the connection, the password is the token.',
});

/** Who a token proved its bearer to be. Holds nothing that could be used in its place. */
export interface Verified<Subagent extends SubagentLike = SubagentLike> {
  readonly kind: 'verified';
  readonly subagent: Subagent;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** Seconds since the epoch. */
  readonly issuedAt: number | undefined;
  /** Id of the issuer record. */
  readonly issuer: string;
  readonly subject: string;
  readonly tokenId: string | undefined;
}

export interface Refused {
  readonly kind: 'refused';
  readonly cause: RefusedCause;
  /** What the token said of itself, unverified and bounded. Escape before showing. */
  readonly claimed: { readonly issuer: string; readonly subject: string } | undefined;
  /** Verified, but bound to nobody. Only of `unknown_subagent`. */
  readonly proved?: ProvedIdentity;
}

export interface Verifier<Subagent extends SubagentLike = SubagentLike> {
  /** `now`: milliseconds since the epoch; `parts`: of the token, where it was split already. Never rejects. */
  verifyToken(
    token: string,
    at: { readonly now: number; readonly parts?: TokenParts | undefined },
  ): Promise<Verified<Subagent> | Refused>;
}

/** How far clocks may be apart, seconds. `exp` gets none of it: an expired token is expired. */
const skew = 60;

/** One per identity chunk: imported keys are kept as long as it lives. */
export const createVerifier = <Subagent extends SubagentLike>(identity: IdentityLike<Subagent>): Verifier<Subagent> => {
  const keyRing = createKeyRing();
  return {
    async verifyToken(token, { now, parts: split }) {
      if (token.length > tokenLimits.token) return { kind: 'refused', cause: 'too_long', claimed: undefined };
      const parts = split ?? splitToken(token);
      if (parts === undefined) return { kind: 'refused', cause: 'malformed', claimed: undefined };
      const claimed = { issuer: bounded(issuerOf(parts.payload)), subject: bounded(parts.payload['sub']) };
      const no = (cause: RefusedCause): Refused => ({ kind: 'refused', cause, claimed });

      if (!allowsHeader(parts.header)) return no('header_not_allowed');
      const [issuer, second] = identity.issuers.filter((each) => each.issuer === issuerOf(parts.payload));
      if (issuer === undefined) return no('unknown_issuer');
      if (second !== undefined) return no('ambiguous_issuer');

      const payload = await verifySignature(token, parts.header, issuer, keyRing);
      if (typeof payload === 'string') return no(payload);
      const claims = checkClaims(payload, issuer, now / 1000);
      if (typeof claims === 'string') return no(claims);
      const subagent = findSubagent(identity.subagents, issuer, payload, claims);
      if (subagent === 'unknown_subagent') {
        const proved = { issuer: issuer.id, subject: claims.subject, claims: bindableClaims(payload) };
        return { ...no(subagent), proved };
      }
      if (typeof subagent === 'string') return no(subagent);

      return {
        kind: 'verified',
        subagent,
        expiresAt: Math.floor(claims.expires * 1000),
        issuedAt: claims.issued,
        issuer: issuer.id,
        subject: claims.subject,
        tokenId: typeof payload['jti'] === 'string' ? bounded(payload['jti']) : undefined,
      };
    },
  };
};

const bounded = (value: unknown): string => (typeof value === 'string' ? value.slice(0, 256).toWellFormed() : '');

/** Headers by which a token would bring its own key, or change what a signature covers. */
export const refusedHeaders = ['jwk', 'jku', 'x5u', 'x5c', 'crit', 'b64', 'zip', 'enc', 'cty'] as const;

const allowsHeader = (header: Members): boolean => {
  if (refusedHeaders.some((name) => Object.hasOwn(header, name))) return false;
  const { kid, typ } = header;
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > tokenLimits.text)) return false;
  return typ === undefined || (typeof typ === 'string' && /^(?:application\/)?(?:at\+)?jwt$/i.test(typ));
};

const verifySignature = async (
  token: string,
  header: Members,
  issuer: IssuerLike,
  keyRing: KeyRing,
): Promise<Members | RefusedCause> => {
  const algorithm = header['alg'];
  if (!allowsAlgorithm(issuer, algorithm)) return 'algorithm_not_allowed';
  const candidates = candidateKeys(issuer, algorithm, typeof header['kid'] === 'string' ? header['kid'] : undefined);
  let cause: RefusedCause = 'unknown_key';
  for (const candidate of candidates) {
    const key = await keyRing.read(candidate, algorithm);
    if (key === undefined) continue;
    cause = 'bad_signature';
    try {
      const { payload } = await compactVerify(token, key, { algorithms: [algorithm] });
      return readMembers(payload) ?? 'malformed';
    } catch {
      // The next key, if there is one.
    }
  }
  return cause;
};

interface StandardClaims {
  readonly subject: string;
  readonly expires: number;
  readonly issued: number | undefined;
  readonly audiences: readonly string[];
}

const checkClaims = (payload: Members, issuer: IssuerLike, now: number): StandardClaims | RefusedCause => {
  const { sub, exp, nbf, iat } = payload;
  const audiences = typeof payload['aud'] === 'string' ? [payload['aud']] : payload['aud'];
  if (issuerOf(payload) !== issuer.issuer) return 'unknown_issuer';
  if (typeof sub !== 'string' || sub === '' || sub.length > tokenLimits.text) return 'bad_claims';
  if (!isDate(exp) || !(nbf === undefined || isDate(nbf)) || !(iat === undefined || isDate(iat))) return 'bad_claims';
  if (!isTexts(audiences) || audiences.length > tokenLimits.audiences) return 'bad_claims';
  if (now >= exp) return 'expired';
  if (nbf !== undefined && nbf > now + skew) return 'not_yet_valid';
  if (iat !== undefined && iat > now + skew) return 'issued_in_future';
  if (!audiences.some((audience) => issuer.audiences.includes(audience))) return 'wrong_audience';
  return { subject: sub, expires: exp, issued: iat, audiences };
};

/** NumericDate: a JSON number, perhaps with a fraction, up to the year 5138. */
const isDate = (value: unknown): value is number => typeof value === 'number' && value >= 0 && value <= 1e11;

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

const findSubagent = <Subagent extends SubagentLike>(
  subagents: readonly Subagent[],
  issuer: IssuerLike,
  payload: Members,
  claims: StandardClaims,
): Subagent | RefusedCause => {
  const [subagent, second] = subagents.filter((each) => each.issuer === issuer.id && isBound(each, payload));
  if (subagent === undefined) return 'unknown_subagent';
  if (second !== undefined) return 'ambiguous_subagent';
  if (!isForUs(subagent, issuer, payload, claims)) return 'wrong_party';
  if (subagent.disabled) return 'disabled';
  return isRevoked(subagent, claims.issued) ? 'revoked' : subagent;
};

const isBound = ({ claims }: SubagentLike, payload: Members): boolean =>
  Object.hasOwn(claims, 'sub') &&
  Object.entries(claims).every(([name, expected]) => equalsClaim(claimAt(payload, name), expected));

/**
 * A token for several audiences can be replayed by each of them. It is taken only if the party that it was issued to is
 * one of our audiences, or is named by the binding itself.
 */
const isForUs = (
  subagent: SubagentLike,
  issuer: IssuerLike,
  payload: Members,
  { audiences }: StandardClaims,
): boolean => {
  const party = payload['azp'];
  if (party !== undefined && typeof party !== 'string') return false;
  if (new Set(audiences).size < 2) return true;
  return party !== undefined && (issuer.audiences.includes(party) || Object.hasOwn(subagent.claims, 'azp'));
};

/** Without `iat` nobody can tell that it was issued later. */
export const isRevoked = ({ notBefore }: Pick<SubagentLike, 'notBefore'>, issuedAt: number | undefined): boolean =>
  notBefore > 0 && (issuedAt === undefined || issuedAt < notBefore);
