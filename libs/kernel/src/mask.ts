import type { Refusal } from './refusal.js';

/** One column of an answer, as the target described it. */
export interface AnswerColumn {
  readonly name: string;
  /** Where the value comes from, if the target says so (PostgreSQL: table OID and attribute number). */
  readonly origin: { readonly relation: number; readonly attribute: number } | undefined;
  /** The target's own type number (PostgreSQL: type OID). 0: not told (COPY). */
  readonly type: number;
  readonly format: 'text' | 'binary';
}

/** What one column does to its cells. The call decides; the other two say the same sooner, where it is easy to say. */
export interface CellMask {
  /** New bytes for a cell, `null` for NULL, or the very same object when nothing changes. Never called with NULL. */
  (value: Uint8Array): Uint8Array | null;
  /** `true`: the value in bytes[from, to) stays as it is. `false`: nothing is said. */
  readonly spares?: (bytes: Uint8Array, from: number, to: number) => boolean;
  /**
   * Writes what is shown instead of bytes[from, to) to `into[at]`, where there is room for the value and `quickRoom` bytes
   * more. Returns its length, which may not be the value's own, or -1: nothing is said.
   */
  readonly writes?: (bytes: Uint8Array, from: number, to: number, into: Uint8Array, at: number) => number;
}

export const quickRoom = 16;

/** What happens to each cell of one answer. `undefined` cells are copied as they are. */
export interface MaskPlan {
  readonly cells: readonly (CellMask | undefined)[];
  /** Names of the masked columns, for evidence. */
  readonly masked: readonly string[];
}

export type MaskChoice =
  | { readonly kind: 'clear' }
  | { readonly kind: 'mask'; readonly plan: MaskPlan }
  /** `alarm`: somebody should hear of it. */
  | { readonly kind: 'refuse'; readonly refusal: Refusal; readonly alarm?: true };

/** A message of the target's own before it is shown to the client. A `setting` is one that the target reports. */
export interface TargetMessage {
  readonly kind: 'error' | 'notice' | 'notification' | 'setting';
  /** SQLSTATE or the like. Empty where there is none. */
  readonly code: string;
  readonly fields: ReadonlyMap<string, string>;
}

/** How the rows of a COPY to or from the client are written, as its statement says. Delimiter, quote and escape are single bytes. */
export interface CopyOptions {
  readonly format: 'text' | 'csv' | 'binary';
  readonly header: boolean;
  readonly delimiter: number;
  /** What stands for NULL. */
  readonly null: Uint8Array;
  /** Only csv. */
  readonly quote?: number;
  /** Only csv; the quote where it is absent. */
  readonly escape?: number;
}

/**
 * How one command's answer is masked. The protocol knows frames, this knows content: neither knows the other's business.
 * Pure: the same columns give the same choice.
 */
export interface AnswerMask {
  /**
   * Called once per described answer. `result` counts the answers of one command text (a simple query may hold several
   * statements), `copy` says that columns come without names, types or origins.
   */
  choose(answer: {
    readonly result: number;
    readonly columns: readonly AnswerColumn[];
    readonly copy: boolean;
  }): MaskChoice;
  /**
   * How answer `result`, a COPY, writes its rows: the frames do not tell text from csv. Where this is absent, a text COPY
   * that is to be masked is refused. Binary COPY needs none.
   */
  copyOptions?(result: number): CopyOptions | undefined;
  /** Fields to show instead; the same map when nothing is to be hidden. */
  scrub(message: TargetMessage): ReadonlyMap<string, string>;
}
