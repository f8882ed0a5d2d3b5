import type { Channel, QuestionId } from './ids.js';
import type { Refusal } from './refusal.js';
import type { Step } from './step.js';
import type { Notice, Verdict } from './verdict.js';

export type Side = 'client' | 'target';

/**
 * One client's conversation, sans-I/O: events in, steps out. No socket, promise, clock or logger. It can only ask; it
 * cannot know whether an answer came from a cache, a policy or a person who took nine minutes.
 */
export interface Session {
  /**
   * It reads no more of the client before the target has spoken, so the client's bytes may stay in their socket. Never
   * while a question is open: then it reads on (bounded), or a hang-up would not be noticed.
   */
  readonly stalled: boolean;
  feed(side: Side, bytes: Uint8Array, channel?: Channel): readonly Step[];
  answer(id: QuestionId, verdict: Verdict): readonly Step[];
  /** Say something to the client while question `id` is open. */
  inform(id: QuestionId, notice: Notice): readonly Step[];
  /** TLS is up on the client's side. */
  secured(alpn: string | undefined): readonly Step[];
  dialed(outcome: DialOutcome, channel?: Channel): readonly Step[];
  /** The target was told to stop, or could not be told: the answer to a `stop`. */
  stopped(): readonly Step[];
  /** A side will say no more. Told again when it is gone: until then it may still listen. */
  end(side: Side, channel?: Channel): readonly Step[];
  /** End the session from outside with the protocol's own error. */
  terminate(refusal: Refusal): readonly Step[];
}

export type DialOutcome =
  | { readonly kind: 'opened'; readonly greeting: TargetGreeting }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** What the target said at login, in the ticket's answer frame. */
export interface TargetGreeting {
  /** PostgreSQL: ParameterStatus values. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly transaction: 'idle' | 'open' | 'failed';
  /** Bytes that the target sent after it was ready, if any came along. */
  readonly trailing: Uint8Array;
}
