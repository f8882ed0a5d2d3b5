import type { Preview } from '@sallyport/contracts';
import type { Refusal } from '@sallyport/kernel';
import type { AllowDecision, HoldDecision } from '@sallyport/policy';
import type { Facts } from '@sallyport/sql';
import type { Desk } from './desk.js';
import type { NamedText } from './memory.js';
import type { Statement } from './statements.js';

/** A command that was read and judged, and is not refused. */
export interface Judged {
  readonly kind: 'judged';
  readonly desk: Desk;
  readonly statement: Statement;
  /** With names resolved: what it really does. */
  readonly facts: Facts;
  readonly decision: AllowDecision<'command'> | HoldDecision<'command'>;
  /** What the session has given names to, as far as this command runs it. */
  readonly behind: readonly NamedText[];
  readonly settings: Readonly<Record<string, string>>;
}

export type HeldJudged = Judged & { readonly decision: HoldDecision<'command'> };

/** What people are shown with a held command. */
export interface Shown {
  /** `undefined`: its policy owes none, or who agreed has seen it. */
  readonly preview: Preview | undefined;
  /** It ran, and waits to stay or be undone. */
  readonly ran: boolean;
}

export interface Refused {
  readonly kind: 'refused';
  readonly refusal: Refusal;
  readonly statement: Statement | undefined;
  readonly desk: Desk | undefined;
  readonly policies: readonly string[];
}
