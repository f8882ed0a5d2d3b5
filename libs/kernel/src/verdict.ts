import type { AnswerMask, CopyOptions } from './mask.js';
import type { Permit } from './permit.js';
import type { Refusal } from './refusal.js';
import type { Tried } from './trial.js';

/**
 * The answer to a question. There is no `hold` here on purpose: a held command is one whose verdict takes longer, and a
 * session cannot tell the difference.
 */
export type Verdict = Allowed | Denied | Tried;

export interface Allowed {
  readonly kind: 'allow';
  readonly permit: Permit;
  /** Absent: every byte of the answer is forwarded as it came. */
  readonly mask?: AnswerMask;
  /** Absent: the answer may be as long as it is. */
  readonly limit?: AnswerLimit;
  /** Absent: the client may send as much data as it has. */
  readonly intake?: Intake;
}

/** How much of one command's answer may go to the client. Asked as it comes: what others use meanwhile counts too. */
export interface AnswerLimit {
  /** So much more is about to be shown. `false`: it is not, and nothing after it. */
  admit(rows: number, bytes: number): boolean;
  /** Once something was not admitted: what the client is told. */
  readonly refusal?: Refusal | undefined;
}

/** How much data one command may take from the client. */
export interface Intake {
  /** How the `nth` COPY of its text is written. Absent: where its rows end, or that each of them stays, cannot be said. */
  options(nth: number): CopyOptions | undefined;
  /** So many rows it has written, or is about to. `false`: too many, so none of what it still writes may stay. */
  admit(written: number): boolean;
  /** Once something was not admitted: what the client is told. */
  readonly refusal?: Refusal | undefined;
}

export interface Denied {
  readonly kind: 'deny';
  readonly refusal: Refusal;
}

/** Told to the client while its question is still open ("held for approval apr_..."). */
export interface Notice {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly facts?: Readonly<Record<string, string | number>>;
}
