import type { IdentityLike, SubagentLike } from './record.js';
import { isRevoked } from './verify.js';
import type { Verified } from './verify.js';

export type WatchCause = 'expired' | 'issuer_removed' | 'subagent_removed' | 'binding_changed' | 'disabled' | 'revoked';

export type Watched<Subagent extends SubagentLike> =
  /** As the chunk has it now: groups and owner may have changed since the login. */
  { readonly kind: 'valid'; readonly subagent: Subagent } | { readonly kind: 'ended'; readonly cause: WatchCause };

/**
 * Is the identity of an open session still good at `now` (milliseconds since the epoch), by the identity chunk of now?
 * Asked before every statement: no promise, no cryptography. The token itself is gone, so a binding whose claims were
 * changed ends the session: whether the token holds the new ones, only a new login can say.
 */
export const tokenExpiryWatch = <Subagent extends SubagentLike>(
  verified: Verified,
  identity: IdentityLike<Subagent>,
  now: number,
): Watched<Subagent> => {
  const end = (cause: WatchCause): Watched<Subagent> => ({ kind: 'ended', cause });
  if (!(now < verified.expiresAt)) return end('expired');
  if (!identity.issuers.some(({ id }) => id === verified.issuer)) return end('issuer_removed');
  const subagent = identity.subagents.find(({ id }) => id === verified.subagent.id);
  if (subagent === undefined) return end('subagent_removed');
  if (subagent.issuer !== verified.issuer || !sameClaims(subagent, verified.subagent)) return end('binding_changed');
  if (subagent.disabled) return end('disabled');
  if (isRevoked(subagent, verified.issuedAt)) return end('revoked');
  return { kind: 'valid', subagent };
};

const sameClaims = (left: SubagentLike, right: SubagentLike): boolean => {
  const names = Object.keys(left.claims);
  return (
    names.length === Object.keys(right.claims).length &&
    names.every((name) => Object.hasOwn(right.claims, name) && left.claims[name] === right.claims[name])
  );
};
