import type { Channel, QuestionId } from './ids.js';
import type { Permit } from './permit.js';
import type { Question } from './question.js';
import type { Refusal } from './refusal.js';

/** What a session wants done. Steps are performed in order. */
export type Step =
  | { readonly kind: 'toClient'; readonly bytes: Uint8Array }
  | { readonly kind: 'toTarget'; readonly bytes: Uint8Array; readonly permit: Permit; readonly channel?: Channel }
  /** From here the session consumes no client bytes of this channel until the answer comes; it buffers, bounded. */
  | { readonly kind: 'ask'; readonly id: QuestionId; readonly question: Question; readonly channel?: Channel }
  /** Open the target; the driver answers with `dialed`. */
  | { readonly kind: 'dial'; readonly permit: Permit; readonly channel?: Channel }
  /** Start TLS on the client's side as a server; `unread` bytes belong to the handshake. The driver answers `secured`. */
  | { readonly kind: 'secure'; readonly unread: Uint8Array; readonly alpn: readonly string[] }
  /** A cancel that carries this key is meant for this session. */
  | { readonly kind: 'cancellable'; readonly key: Uint8Array }
  /**
   * What the target runs for this session is to be stopped. The driver says `stopped` when the target was told, or could
   * not be: until then nothing new goes there, or the wrong command could be hit.
   */
  | { readonly kind: 'stop' }
  | { readonly kind: 'note'; readonly note: Note }
  /** Flush what was written before, then close both sides. */
  | { readonly kind: 'close'; readonly cause: CloseCause };

export type CloseCause = 'client_left' | 'target_left' | 'refused' | 'finished';

/** What a session saw happen; evidence and the decider's memory hang on these. */
export type Note =
  | OutcomeNote
  /** The protocol itself gave or took a name that the command language shares (PostgreSQL: Parse, Bind and Close). */
  | { readonly kind: 'named'; readonly of: 'statement' | 'portal'; readonly name: string }
  /** Something a person should hear of: the target or the client broke a rule, with the command where it is about one. */
  | { readonly kind: 'alarm'; readonly refusal: Refusal; readonly question?: QuestionId };

/** How an allowed command (phase `run`) ended. Exactly one per allowed command, in order. */
export interface OutcomeNote {
  readonly kind: 'outcome';
  readonly question: QuestionId;
  readonly status: 'completed' | 'failed' | 'unknown';
  /** Rows returned to the client, or affected where the target counts them. */
  readonly rows: number;
  /** Of these, rows that went to the client. */
  readonly returned: number;
  /** Rows that the target counted as inserted, updated, deleted or merged. */
  readonly written: number;
  /** Bytes of answer sent to the client. */
  readonly bytes: number;
  /** The target's own words for success, e.g. `DELETE 3`; of a several-statement text, the last. */
  readonly tag?: string;
  /** The target's error code where it failed. */
  readonly error?: string;
  readonly maskedColumns: readonly string[];
  readonly maskedCells: number;
}
