/**
 * Evidence. One event is one record; `id` makes redelivery harmless, `sequence` has no gap within its session. No event
 * ever holds a raw value of the target, a token or a credential; statement text is stored with detectors applied.
 */
export type AuditEvent =
  SessionOpened | LoginRefused | StatementIntent | StatementOutcome | StatementRefused | SessionClosed | AlarmRaised;

interface EventHead {
  /** `${session}:${sequence}`: unique for ever. */
  readonly id: string;
  readonly session: string;
  readonly sequence: number;
  /** Wall time, milliseconds since the epoch. */
  readonly at: number;
  readonly proxy: string;
}

export interface Caller {
  readonly kind: 'user' | 'subagent';
  readonly id: string;
  readonly name: string;
  /** Ids up the chain, nearest first. Empty for a chain of one. */
  readonly onBehalfOf: readonly string[];
}

export interface SessionOpened extends EventHead {
  readonly type: 'session.opened';
  readonly connection: string;
  readonly database: string;
  readonly caller: Caller;
  readonly agent: string;
  readonly clientAddress: string;
  readonly application: string;
}

export interface LoginRefused extends EventHead {
  readonly type: 'login.refused';
  readonly connection: string;
  readonly database: string;
  readonly clientAddress: string;
  /** Why, for the auditor; the caller only ever hears `unauthenticated`. */
  readonly cause: string;
  /** What the token said of itself, unverified: issuer and subject, bounded and escaped. */
  readonly claimed: { readonly issuer: string; readonly subject: string } | undefined;
  /** Who it verifiably is, where nobody bound that to a subagent: id of the issuer, subject, claims that a binding could name. */
  readonly proved?: ProvedIdentity;
}

export interface ProvedIdentity {
  readonly issuer: string;
  readonly subject: string;
  readonly claims: Readonly<Record<string, string>>;
}

interface StatementHead extends EventHead {
  readonly command: string;
  readonly connection: string;
  readonly database: string;
  readonly caller: Caller;
  /** Detectors applied. */
  readonly text: string;
  /** SHA-256 of the exact text and parameters, hex. */
  readonly digest: string;
  readonly kinds: readonly string[];
  /** `schema.table`, sorted. */
  readonly tables: readonly string[];
  readonly policyVersion: number;
  /** Ids of the policies that decided. */
  readonly policies: readonly string[];
}

/** Kept before the first byte goes to the target. */
export interface StatementIntent extends StatementHead {
  readonly type: 'statement.intent';
  /** `tried`: it runs, and is undone unless an intent with `approved` follows for the same command. */
  readonly verdict: 'allowed' | 'approved' | 'tried';
  readonly approval: string | undefined;
}

export interface StatementRefused extends StatementHead {
  readonly type: 'statement.refused';
  readonly code: string;
  readonly reason: string;
  readonly approval: string | undefined;
}

export interface StatementOutcome extends EventHead {
  readonly type: 'statement.outcome';
  readonly command: string;
  readonly status: 'completed' | 'failed' | 'unknown';
  readonly tag: string | undefined;
  readonly error: string | undefined;
  readonly rows: number;
  readonly bytes: number;
  /** Milliseconds from forwarding to the end of the answer. */
  readonly duration: number;
  readonly maskedColumns: readonly string[];
  readonly maskedCells: number;
}

export interface SessionClosed extends EventHead {
  readonly type: 'session.closed';
  readonly cause: string;
}

export interface AlarmRaised extends EventHead {
  readonly type: 'alarm';
  readonly code: string;
  readonly message: string;
  /** The command that it is about. */
  readonly command?: string | undefined;
}
