import { refuse } from '@sallyport/kernel';
import type { CommandQuestion, Notice, Refusal } from '@sallyport/kernel';
import type { Gate } from './gate.js';
import { hold, unreachable } from './hold.js';
import type { Held } from './hold.js';
import type { HeldJudged, Shown } from './judged.js';
import { requestOf } from './request.js';

/** How a hold gets its humans' word: by asking for it, or by naming the approval that runs. */
export type Grants =
  { readonly kind: 'ask' } | { readonly kind: 'given'; readonly approval: string; readonly binding: Uint8Array };

export interface WordInput {
  readonly gate: Gate;
  readonly session: string;
  readonly database: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** How long the client wants a command held, milliseconds. */
  readonly hold: number | undefined;
  readonly grants: Grants;
}

/** Humans' word for a held command: asked for, or of the approval that runs. */
export const wordFor = async (
  { gate, session, database, parameters, grants, hold: patience }: WordInput,
  command: string,
  question: CommandQuestion,
  { desk, decision, settings: under, behind }: HeldJudged,
  wait: Shown & {
    readonly binding: Buffer;
    readonly inform: (notice: Notice) => void;
    readonly signal: AbortSignal;
    readonly stillHeld: () => Refusal | undefined;
  },
): Promise<Held> => {
  const { approvals } = gate;
  const { binding, preview, ran } = wait;
  if (grants.kind === 'given') {
    const { approval } = grants;
    const no = (refusal: Refusal): Held => ({ kind: 'refused', refusal, approval });
    if (!binding.equals(grants.binding)) return no(ran ? otherEffect : moved);
    const asked = { approvalId: approval, binding, sessionId: session, commandId: command };
    const answer = await approvals.redeem(asked).catch(() => undefined);
    if (answer === undefined) return no(unreachable);
    if (!answer.granted) {
      const code = answer.code === 'approval_denied' ? 'approval_denied' : 'approval_expired';
      return no(refuse(code, answer.message || 'the approval cannot be used'));
    }
    return { kind: 'redeemed', approval, approvers: answer.approvers };
  }
  const request = requestOf({
    session,
    command,
    question,
    desk,
    decision,
    binding,
    database,
    parameters,
    settings: under,
    behind,
    preview,
  });
  if (request.kind === 'refused') return { ...request, approval: undefined };
  const { clock } = gate;
  // Who knows best: the client when it gives up, then who registered the subagent, then the connection.
  const waits = patience ?? desk.identified.hold ?? desk.place.source.hold;
  // What was tried holds locks.
  const limit = ran ? Math.min(waits, gate.previews.hold) : waits;
  return hold({ clock, approvals, request: request.request, limit, ...wait });
};

export const moved = refuse(
  'denied',
  'policy or session changed while the command waited, so the approval is for another command',
  {
    hint: 'Nothing was executed. Send the command again to ask for a new approval.',
  },
);

const otherEffect = refuse('denied', 'what this command does now is not what was approved: it affects other rows', {
  hint: 'Nothing was executed. Send the command again to ask for a new approval.',
});
