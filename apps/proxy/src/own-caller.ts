import { hash } from 'node:crypto';
import { isRevoked } from '@sallyport/identity';
import type { VerifiedOwn } from '@sallyport/identity';
import { parseBudget } from '@sallyport/policy';
import type { Budget, IdentityChunk } from '@sallyport/policy';
import type { CallerCheck, CallerWatch, Identified } from './caller.js';
import type { InForce } from './in-force.js';
import { principalsOf } from './principals.js';
import type { KnownPrincipal } from './principals.js';

/** Chains that one identity chunk is asked for: deciders are kept by them. */
const mostChains = 10_000;
const chains = new WeakMap<IdentityChunk, Map<string, Identified>>();

/** The same object for all sessions of one chain within one's limits while the chunk stays the same. */
const identify = (
  identity: IdentityChunk,
  first: KnownPrincipal,
  others: readonly KnownPrincipal[],
  { limits, budgets: told }: VerifiedOwn,
  budgets: readonly Budget[],
): Identified => {
  const known = chains.get(identity) ?? new Map<string, Identified>();
  chains.set(identity, known);
  const onBehalfOf = others.map(({ principal }) => principal.id);
  const { kind, id, name } = first.principal;
  const within = limits === undefined && told.length === 0 ? '' : hash('sha256', JSON.stringify([limits, told]));
  const key = [within, id, ...onBehalfOf].join(' ');
  const found = known.get(key);
  if (found !== undefined) return found;
  const made: Identified = {
    chain: [first.principal, ...others.map(({ principal }) => principal)],
    caller: { kind, id, name, onBehalfOf },
    hold: first.hold,
    limits,
    budgets,
  };
  const [oldest] = known.keys();
  if (known.size >= mostChains && oldest !== undefined) known.delete(oldest);
  known.set(key, made);
  return made;
};

/** A session that a token of ours opened: good while its logins, its key and everybody in its chain are. */
export const watchOwnToken = (verified: VerifiedOwn): CallerWatch => {
  let lookedAt: Pick<InForce, 'identity' | 'endedLogins'> | undefined;
  let good: CallerCheck | undefined;
  return {
    check(inForce, now) {
      const { identity, endedLogins } = inForce;
      if (now >= verified.expiresAt) return { kind: 'ended', cause: 'expired' };
      if (good !== undefined && lookedAt?.identity === identity && lookedAt.endedLogins === endedLogins) return good;
      const checked = checkOwn(verified, inForce);
      good = checked.kind === 'valid' ? checked : undefined;
      lookedAt = { identity, endedLogins };
      return checked;
    },
  };
};

const checkOwn = (verified: VerifiedOwn, { identity, endedLogins }: InForce): CallerCheck => {
  const ended = (cause: string): CallerCheck => ({ kind: 'ended', cause });
  const { own } = identity;
  if (!own.keys.some(({ kid }) => kid === verified.keyId)) return ended('key_removed');
  if (verified.logins.some((login) => endedLogins.has(login))) return ended('login_ended');
  const principals = principalsOf(identity);
  const chain: KnownPrincipal[] = [];
  for (const id of verified.chain) {
    const known = principals.get(id);
    if (known === undefined) return ended('principal_removed');
    if (known.disabled) return ended('disabled');
    if (isRevoked(known, verified.issuedAt)) return ended('revoked');
    chain.push(known);
  }
  const [first, ...others] = chain;
  // People sign in to decide, to look and to hand on; it is subagents that go through the gate.
  if (first?.principal.kind !== 'subagent') return ended('not_a_subagent');
  const budgets = budgetsOf(verified);
  if (budgets === undefined) return ended('unreadable_budget');
  return { kind: 'valid', identified: identify(identity, first, others, verified, budgets) };
};

/** All connections together, or a budget would be worth as many times itself as there are. No connection has that name. */
const everywhere = '*';

const budgetsOf = ({ budgets }: VerifiedOwn): readonly Budget[] | undefined => {
  const read: Budget[] = [];
  for (const { login, limits } of budgets) {
    const parsed = parseBudget(limits);
    if (!parsed.ok) return undefined;
    read.push({ policy: login, principal: login, connection: everywhere, limits: parsed.value });
  }
  return read;
};
