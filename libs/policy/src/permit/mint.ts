import type { ApprovalId, Permit } from '@sallyport/kernel';
import { approversMissing } from '../approve/approver.js';
import type { AllowDecision, HoldDecision } from '../decide/decision.js';
import type { PrincipalChain } from '../principal.js';

/** The only file of the product that makes permits; lint bans the cast everywhere else. */
const mint = (scope: Permit['scope']): Permit => Object.freeze({ scope }) as Permit;

/** For the bytes of start-up and housekeeping of one session. */
export const mintLoginPermit = (decision: AllowDecision<'connect'>): Permit => {
  assertKind(decision.kind === 'allow' && decision.subject === 'connect');
  return mint('login');
};

/** For exactly one command. */
export const mintCommandPermit = (decision: AllowDecision<'command'>): Permit => {
  assertKind(decision.kind === 'allow' && decision.subject === 'command');
  return mint('command');
};

/** For a held command that is tried first: it can be undone as long as nobody has said yes to it. */
export const mintTrialPermit = (decision: HoldDecision<'command'>): Permit => {
  assertKind(decision.kind === 'hold' && decision.subject === 'command' && decision.preview);
  return mint('command');
};

/** Humans' word for one command, redeemed at the control plane, which gives it out once. */
export interface Grant {
  readonly approval: ApprovalId;
  /** SHA-256 of what was approved (see `bindingOf`). */
  readonly binding: Uint8Array;
  /** User ids of those who agreed. */
  readonly approvers: readonly string[];
}

export interface ExpectedGrant {
  /** SHA-256 of what is about to run. */
  readonly binding: Uint8Array;
  readonly chain: PrincipalChain;
}

export type ApprovedPermit =
  { readonly kind: 'permit'; readonly permit: Permit } | { readonly kind: 'refused'; readonly reason: string };

/** For exactly one held command, whose grant is for this very command and whose approvers are enough, again counted here. */
export const mintApprovedPermit = (
  decision: HoldDecision<'command'>,
  grant: Grant,
  expected: ExpectedGrant,
): ApprovedPermit => {
  assertKind(decision.kind === 'hold' && decision.subject === 'command');
  if (!sameBytes(grant.binding, expected.binding)) {
    return { kind: 'refused', reason: 'the approval is for another command' };
  }
  const missing = approversMissing({
    needed: decision.approvals,
    approvers: grant.approvers,
    chain: expected.chain,
    owners: [],
  });
  if (missing > 0) return { kind: 'refused', reason: `${missing} more approvals are needed` };
  return { kind: 'permit', permit: mint('command') };
};

const sha256Length = 32;

const sameBytes = (left: Uint8Array, right: Uint8Array): boolean =>
  left.length === sha256Length && right.length === sha256Length && left.every((byte, index) => byte === right[index]);

/** The compiler sees to it already; this is for callers that went around the compiler. */
const assertKind = (holds: boolean): void => {
  if (!holds) throw new TypeError('a permit was asked for without a decision that grants it');
};
