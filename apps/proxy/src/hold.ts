import { refuse } from '@sallyport/kernel';
import type { Clock, Notice, Refusal } from '@sallyport/kernel';
import type { RequestRequest } from '@sallyport/contracts';
import type { Approvals, Asked, Standing } from './approvals.js';

/** Humans' word, redeemed: it is for this one command, now. */
export interface Redeemed {
  readonly kind: 'redeemed';
  readonly approval: string;
  readonly approvers: readonly string[];
}

export type Held =
  Redeemed | { readonly kind: 'refused'; readonly refusal: Refusal; readonly approval: string | undefined };

export interface HoldInput {
  /** Only its monotonic side counts: nobody sets it. */
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly approvals: Approvals;
  readonly request: RequestRequest;
  /** Milliseconds that the command may wait on the wire. */
  readonly limit: number;
  readonly inform: (notice: Notice) => void;
  /** The client left, or cancelled. */
  readonly signal: AbortSignal;
  /** Policy and caller may have changed while people thought about it. A refusal here spends no grant. */
  readonly stillHeld: () => Refusal | undefined;
}

/** How long to wait before asking again, seconds; told to the caller, who is a program. */
const retryAfter = 30;

export const unreachable = refuse('policy_unavailable', 'this command needs an approval, and nobody can be asked now', {
  hint: 'The control plane is not reachable. Nothing was executed; send the command again later.',
});
export const cancelled = refuse('approval_withdrawn', 'the held command was cancelled', {
  hint: 'Nothing was executed.',
});

/**
 * A command waits for people, at most `limit`. It ends with a grant that is used up here, or with a refusal that tells a
 * program what to do next. The approval outlives the wait: the same command sent again redeems it.
 */
export const hold = async (input: HoldInput): Promise<Held> => {
  const { clock, approvals, request, limit, inform, signal, stillHeld } = input;
  const since = clock.monotonic();
  let asked: Asked;
  try {
    asked = await approvals.request(request);
  } catch {
    return { kind: 'refused', refusal: unreachable, approval: undefined };
  }
  if (asked.kind === 'refused') return { ...asked, approval: undefined };
  const { id: approval, expiresIn } = asked;
  const expired = (): boolean => clock.monotonic() - since >= expiresIn;
  const refused = (refusal: Refusal): Held => ({ kind: 'refused', refusal, approval });
  const leave = (): Held => {
    approvals.withdraw(approval, request.sessionId, false);
    return refused(cancelled);
  };
  if (signal.aborted) return leave();

  let standing = asked.standing;
  if (standing.kind === 'pending') {
    inform({
      code: 'held',
      message: `held for approval ${approval}`,
      hint: `${request.reason}. Approve: sally approvals approve ${approval}`,
      facts: { approval, approvals_needed: request.approvalsNeeded, hold: Math.ceil(limit / 1000) },
    });
    standing = await settled(approvals, approval, Math.min(limit, expiresIn + 1), signal);
    if (signal.aborted) return leave();
    if (standing.kind === 'pending' && !expired()) approvals.withdraw(approval, request.sessionId, true);
  }
  // Whatever was said: a word that comes after the end is none.
  if ((standing.kind === 'pending' || standing.kind === 'approved') && expired()) standing = { kind: 'expired' };
  if (standing.kind !== 'approved') return refused(refusalFor(standing, approval));

  const changed = stillHeld();
  if (changed !== undefined) return refused(changed);
  try {
    const { binding, sessionId, commandId } = request;
    const answer = await approvals.redeem({ approvalId: approval, binding, sessionId, commandId });
    if (!answer.granted)
      return refused(
        refuse(
          answer.code === 'approval_denied' ? 'approval_denied' : 'approval_expired',
          `approval ${approval} cannot be used: ${answer.message || answer.code || 'used up'}`,
          {
            hint: 'Send the command again to ask for a new approval.',
            facts: { approval },
          },
        ),
      );
    return { kind: 'redeemed', approval, approvers: answer.approvers };
  } catch {
    // Whether the grant was spent is not known; what is certain is that nothing ran.
    return refused(unreachable);
  }
};

/** The last that was heard when it is settled, when time is up, or when nobody waits any more. */
const settled = (approvals: Approvals, id: string, limit: number, signal: AbortSignal): Promise<Standing> =>
  new Promise((resolve) => {
    let last: Standing = { kind: 'pending' };
    const finish = (): void => {
      clearTimeout(timer);
      watch.stop();
      signal.removeEventListener('abort', finish);
      resolve(last);
    };
    const timer = setTimeout(finish, limit);
    signal.addEventListener('abort', finish, { once: true });
    const watch = approvals.watch(id, (standing) => {
      last = standing;
      // Whoever watches may hear the present state before it has what stops it.
      if (standing.kind !== 'pending') queueMicrotask(finish);
    });
  });

const refusalFor = (standing: Exclude<Standing, { kind: 'approved' }>, approval: string): Refusal => {
  switch (standing.kind) {
    case 'pending':
      return refuse('approval_pending', `approval ${approval} is still pending`, {
        hint: `Nothing was executed. When it is approved, send the same command again, or: sally approvals run ${approval}`,
        facts: { approval, retry_after: retryAfter },
      });
    case 'denied':
      return refuse('approval_denied', `denied by an approver${standing.reason === '' ? '' : `: ${standing.reason}`}`, {
        facts: { approval },
      });
    case 'expired':
      return refuse('approval_expired', `approval ${approval} has expired`, {
        hint: 'Send the command again to ask for a new approval.',
        facts: { approval },
      });
    case 'withdrawn':
      return refuse('approval_withdrawn', `approval ${approval} was withdrawn`, { facts: { approval } });
    case 'redeemed':
      return refuse('approval_expired', `approval ${approval} was already used`, {
        hint: 'Send the command again to ask for a new approval.',
        facts: { approval },
      });
    case 'unreachable':
      return unreachable;
  }
};
