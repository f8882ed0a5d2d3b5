import { tokenExpiryWatch } from '@sallyport/identity';
import type { Verified } from '@sallyport/identity';
import type { Budget, PrincipalChain, SubagentRecord, TokenLimit } from '@sallyport/policy';
import type { Caller } from '@sallyport/audit';
import type { InForce } from './in-force.js';

/** Who a session acts for, as the identity chunk of this moment has it. */
export interface Identified {
  readonly chain: PrincipalChain;
  readonly caller: Caller;
  /** How long its commands are held, milliseconds, where that was said of it. */
  readonly hold: number | undefined;
  /** What its token may at most. `undefined`: what its principals may. */
  readonly limits?: readonly TokenLimit[] | undefined;
  /** Of the logins that its token is under. */
  readonly budgets?: readonly Budget[];
}

export type CallerCheck =
  { readonly kind: 'valid'; readonly identified: Identified } | { readonly kind: 'ended'; readonly cause: string };

/** Asked before every statement: no promise, no cryptography. */
export interface CallerWatch {
  check(inForce: InForce, now: number): CallerCheck;
}

const known = new WeakMap<SubagentRecord, Identified>();

/** The same object while the record stays the same, for all of its sessions: deciders are kept by it. */
const identify = (subagent: SubagentRecord): Identified => {
  const { id, name, groups, owner, hold } = subagent;
  const identified = known.get(subagent) ?? {
    chain: [{ kind: 'subagent', id, name, groups, owner }],
    caller: { kind: 'subagent', id, name, onBehalfOf: [] },
    hold,
  };
  known.set(subagent, identified);
  return identified;
};

/** A session that a token opened. The token itself is gone. */
export const watchToken = (verified: Verified<SubagentRecord>): CallerWatch => {
  let lookedAt: InForce['identity'] | undefined;
  let good: CallerCheck | undefined;
  return {
    check(inForce, now) {
      if (good !== undefined && lookedAt === inForce.identity && now < verified.expiresAt) return good;
      const watched = tokenExpiryWatch(verified, inForce.identity, now);
      good = undefined;
      if (watched.kind === 'ended') return watched;
      lookedAt = inForce.identity;
      good = { kind: 'valid', identified: identify(watched.subagent) };
      return good;
    },
  };
};

/** A kept command that runs by id: the control plane saw the token, this proxy sees that the caller is still good. */
export const watchRecord = (kind: string, id: string): CallerWatch => {
  return {
    check(inForce) {
      const subagent = kind === 'subagent' ? inForce.identity.subagents.find((each) => each.id === id) : undefined;
      if (subagent === undefined) return { kind: 'ended', cause: 'subagent_removed' };
      if (subagent.disabled) return { kind: 'ended', cause: 'disabled' };
      return { kind: 'valid', identified: identify(subagent) };
    },
  };
};
