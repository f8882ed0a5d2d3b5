import { Metadata, status } from '@grpc/grpc-js';
import type { ClientReadableStream, ServiceError } from '@grpc/grpc-js';
import { ApprovalState } from '@sallyport/contracts';
import { refuse } from '@sallyport/kernel';
import type { Refusal } from '@sallyport/kernel';
import type {
  ApprovalsServiceClient,
  RedeemRequest,
  RedeemResponse,
  RequestRequest,
  RequestResponse,
  WatchResponse,
} from '@sallyport/contracts';

/** How a request for humans' word stands. `redeemed`: somebody else used it up. */
export type Standing =
  | { readonly kind: 'pending' }
  | { readonly kind: 'approved'; readonly approvers: readonly string[] }
  | { readonly kind: 'denied'; readonly reason: string }
  | { readonly kind: 'expired' }
  | { readonly kind: 'withdrawn' }
  | { readonly kind: 'redeemed' }
  /** The control plane cannot be asked. */
  | { readonly kind: 'unreachable' };

export type Asked =
  | {
      readonly kind: 'asked';
      readonly id: string;
      readonly standing: Standing;
      /** Milliseconds until nobody can say yes any more. */
      readonly expiresIn: number;
    }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** The control plane's word on held commands. Rejects only when it cannot be reached. */
export interface Approvals {
  request(request: RequestRequest): Promise<Asked>;
  /** Until it is settled or `stop` is called. `changed` hears the present state first. */
  watch(id: string, changed: (standing: Standing) => void): { stop(): void };
  redeem(request: RedeemRequest): Promise<RedeemResponse>;
  /**
   * This session waits no more: its client left, or `timeIsUp` on the wire and the approval lives on. Best effort: an
   * approval that nobody waits for expires by itself.
   */
  withdraw(id: string, session: string, timeIsUp: boolean): void;
}

const patience = 10_000;

/** `client`: the newest channel; certificates are renewed while holds last. */
export const createApprovals = (client: () => ApprovalsServiceClient): Approvals => ({
  request: async (request) => {
    try {
      const { approvalId, state, expiresIn } = await unary<RequestResponse>((done) =>
        client().request(request, ...deadline(), done),
      );
      return { kind: 'asked', id: approvalId, standing: standingOf(state, '', []), expiresIn };
    } catch (error) {
      const refusal = refusals.get((error as ServiceError).code);
      if (refusal === undefined) throw error;
      return { kind: 'refused', refusal };
    }
  },
  watch(id, changed) {
    let stopped = false;
    let stream: ClientReadableStream<WatchResponse> | undefined;
    let again: NodeJS.Timeout | undefined;
    const open = (): void => {
      stream = client().watch({ approvalId: id });
      stream.on('data', ({ state, reason, approvers }: WatchResponse) => {
        if (!stopped) changed(standingOf(state, reason, approvers));
      });
      // A control plane that restarts takes the stream with it; the approval lives on.
      const later = (): void => {
        stream = undefined;
        if (!stopped) again ??= setTimeout(reopen, 500);
      };
      stream.on('error', (error: ServiceError) => {
        // An approval that is not there will not come: nobody can say yes to it any more.
        if (error.code === status.NOT_FOUND && !stopped) {
          stopped = true;
          changed({ kind: 'expired' });
        } else later();
      });
      stream.on('end', later);
    };
    const reopen = (): void => {
      again = undefined;
      open();
    };
    open();
    return {
      stop() {
        stopped = true;
        clearTimeout(again);
        stream?.cancel();
      },
    };
  },
  redeem: (request) => unary<RedeemResponse>((done) => client().redeem(request, ...deadline(), done)),
  withdraw(approvalId, sessionId, timeIsUp) {
    client().withdraw({ approvalId, sessionId, timeIsUp }, ...deadline(), () => undefined);
  },
});

/** What the control plane says no to; anything else is no answer. */
const refusals: ReadonlyMap<status, Refusal> = new Map([
  [
    status.RESOURCE_EXHAUSTED,
    refuse('limit_exceeded', 'too many commands of this caller wait for people already', {
      hint: 'Nothing was executed. Wait until they are answered, or withdraw some.',
      facts: { retry_after: 60 },
    }),
  ],
  [
    status.NOT_FOUND,
    refuse('denied', 'the control plane does not know this caller or this connection any more', {
      hint: 'Nothing was executed.',
    }),
  ],
  [
    status.INVALID_ARGUMENT,
    refuse('limit_exceeded', 'this command cannot be held for an approval', {
      hint: 'The control plane does not take it: it is too long, or holds what cannot be kept. Nothing was executed.',
    }),
  ],
]);

const deadline = (): [Metadata, { deadline: number }] => [new Metadata(), { deadline: Date.now() + patience }];

const unary = <T>(call: (done: (error: ServiceError | null, response: T) => void) => unknown): Promise<T> =>
  new Promise((resolve, reject) => {
    call((error, response) => (error === null ? resolve(response) : reject(error)));
  });

const standingOf = (state: ApprovalState, reason: string, approvers: readonly string[]): Standing => {
  switch (state) {
    case ApprovalState.APPROVAL_STATE_APPROVED:
      return { kind: 'approved', approvers };
    case ApprovalState.APPROVAL_STATE_DENIED:
      return { kind: 'denied', reason };
    case ApprovalState.APPROVAL_STATE_EXPIRED:
      return { kind: 'expired' };
    case ApprovalState.APPROVAL_STATE_WITHDRAWN:
      return { kind: 'withdrawn' };
    case ApprovalState.APPROVAL_STATE_REDEEMED:
      return { kind: 'redeemed' };
    // What is not known is no word of a human.
    default:
      return { kind: 'pending' };
  }
};
