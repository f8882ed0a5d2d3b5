/** Every stable code with which Sallyport refuses; each has one page in docs/errors.md. */
export const refusalCodes = [
  'unauthenticated', // login refused; always the same words, whatever the cause
  'denied', // policy says no
  'approval_pending', // the hold limit passed, the approval lives on
  'approval_denied', // a human said no
  'approval_expired',
  'approval_withdrawn',
  'policy_stale', // no contact with the control plane for longer than policy.maxStaleness
  'policy_unavailable', // no valid bundle, or the decision could not be made
  'audit_unavailable', // evidence cannot be kept, so nothing may run
  'unreadable', // the command does not parse
  'unknown', // it parses, and holds something that is not modelled
  'unmaskable', // the answer cannot be proved masked
  'answer_mismatch', // the target describes another answer than was proved
  'unsupported', // a feature this gateway does not carry
  'protocol_violation',
  'limit_exceeded', // a length, count or time bound
  'state_drift', // session state moved in a way that cannot be followed
  'no_agent', // no agent is connected for the connection
  'target_unavailable', // the agent could not open the target
  'session_ended', // ended by an admin, a revocation or a shutdown
  'internal',
] as const;
export type RefusalCode = (typeof refusalCodes)[number];

/**
 * What a caller is told when a command does not run. Texts here are for the caller: they never hold a raw value of the
 * target, a credential or a path. `facts` is the machine-readable part (approval id, retry-after ...).
 */
export interface Refusal {
  readonly code: RefusalCode;
  readonly message: string;
  readonly hint?: string;
  readonly facts?: Readonly<Record<string, string | number>>;
  /** Where in the command's text, in characters from 1. */
  readonly position?: number;
  /** The target would have said so itself: what its own error would have ended there, an open transaction, is ended. */
  readonly failsAtTarget?: true;
}

export const refuse = (code: RefusalCode, message: string, more: Omit<Refusal, 'code' | 'message'> = {}): Refusal => ({
  code,
  message,
  ...more,
});
