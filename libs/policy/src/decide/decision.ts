import { refuse } from '@sallyport/kernel';
import type { Refusal } from '@sallyport/kernel';
import type { SqlObject } from '@sallyport/sql';
import type { Budget } from '../obligation/obligation.js';

/** What a request is about: a place inside one connection, in one database. */
export type RequestObject =
  SqlObject | { readonly kind: 'connection' } | { readonly kind: 'class'; readonly name: string };

/** One (action, resource) pair of the set that a command becomes. */
export interface PolicyRequest {
  readonly action: string;
  readonly object: RequestObject;
}

/** What the clock and the session add to a decision. */
export interface DecisionContext {
  /** Milliseconds since the epoch. Decisions see it cut to the minute. */
  readonly now: number;
  /** The database that the session is connected to. */
  readonly database: string;
}

declare const decided: unique symbol;

/** Only a decider makes decisions: permits are minted from them. */
interface Proof {
  readonly [decided]: true;
}

/** `connect`: may this session open. `command`: may this command run. */
export type Subject = 'connect' | 'command';

interface Decided<S extends Subject> {
  readonly subject: S;
  /** Ids of the policies that made it so: the forbids, the permits that hold, or all satisfied permits. */
  readonly policies: readonly string[];
  /** Policies that are only watched, and what they would have done. */
  readonly shadow: readonly ShadowFinding[];
  /** Ids of policies whose condition failed to evaluate. A permit is skipped then, a forbid denies. */
  readonly errors: readonly string[];
  readonly durable: boolean;
  readonly preview: boolean;
  readonly budgets: readonly Budget[];
}

interface Allow<S extends Subject> extends Decided<S> {
  readonly kind: 'allow';
  readonly approvals: 0;
  readonly reason: undefined;
}

interface Hold<S extends Subject> extends Decided<S> {
  readonly kind: 'hold';
  /** Distinct humans who must agree. */
  readonly approvals: number;
  readonly reason: string;
  /** What an approver must be permitted to `approve`. */
  readonly held: readonly PolicyRequest[];
}

interface Deny<S extends Subject> extends Decided<S> {
  readonly kind: 'deny';
  readonly approvals: 0;
  readonly code: 'denied' | 'unknown';
  /** For the caller. */
  readonly reason: string;
  readonly hint: string | undefined;
}

export type AllowDecision<S extends Subject = Subject> = Allow<S> & Proof;
export type HoldDecision<S extends Subject = Subject> = Hold<S> & Proof;
export type DenyDecision<S extends Subject = Subject> = Deny<S> & Proof;
export type Decision<S extends Subject = Subject> = AllowDecision<S> | HoldDecision<S> | DenyDecision<S>;

export interface ShadowFinding {
  readonly policy: string;
  readonly would: 'allow' | 'hold' | 'deny';
  readonly reason: string | undefined;
}

export const refusalOf = (decision: DenyDecision): Refusal =>
  refuse(decision.code, decision.reason, decision.hint === undefined ? {} : { hint: decision.hint });

/** The one place where a decision gets its proof of origin. Not exported from the room. */
export const prove = <D extends Allow<Subject> | Hold<Subject> | Deny<Subject>>(decision: D): D & Proof =>
  Object.freeze(decision) as D & Proof;
