import type { AnswerColumn, AnswerMask } from './mask.js';
import type { Permit } from './permit.js';
import type { AnswerLimit } from './verdict.js';

/**
 * Run it so that all of it can be undone, keep its answer back, and ask again with what it did: nothing of it stays, and
 * nobody sees it, before that question is answered. A session that cannot do this asks at once, and has run nothing.
 */
export interface Tried {
  readonly kind: 'try';
  readonly permit: Permit;
  readonly mask?: AnswerMask;
  readonly limit?: AnswerLimit;
  readonly order: TrialOrder;
}

export interface TrialOrder {
  /** Milliseconds that it may wait for what others have locked. */
  readonly lockTimeout: number;
  /** Milliseconds that it may run. */
  readonly runTimeout: number;
  /** Milliseconds after which the target gives it up by itself, should nobody be heard of. */
  readonly idleTimeout: number;
  /** Rows of these are shown. */
  readonly tables: readonly TrialTable[];
}

export interface TrialTable {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly string[];
  /** Rows as they were: of what is updated or deleted. */
  readonly before: boolean;
  /** Rows as they would be: of what is inserted or updated. */
  readonly after: boolean;
}

/** What came of it. */
export type Attempt = Attempted | { readonly kind: 'impossible'; readonly why: string };

export interface Attempted {
  readonly kind: 'ran';
  /** Every table in which a row changed, by whatever did it: triggers and cascades too. */
  readonly tables: readonly TriedTable[];
  /** Raw: nobody may see them unmasked. */
  readonly samples: readonly TriedSample[];
  /** What is not shown, and why. */
  readonly remarks: readonly string[];
}

export interface TriedTable {
  readonly schema: string;
  readonly name: string;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

export interface TriedSample {
  readonly table: TrialTable;
  readonly after: boolean;
  readonly columns: readonly AnswerColumn[];
  readonly rows: readonly (readonly (Uint8Array | null)[])[];
}
