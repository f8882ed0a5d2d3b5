import type { QuestionId } from './ids.js';
import type { Attempt } from './trial.js';

/** What a protocol session may ask. It holds protocol facts only; SQL facts and policy are added by who answers. */
export type Question = LoginQuestion | CommandQuestion | TriedQuestion | CancelQuestion;

/** Who are you, and may you open this connection? */
export interface LoginQuestion {
  readonly kind: 'login';
  /** By convention the user name is the connection. */
  readonly connection: string;
  /** By convention the password is the token. Never logged, never recorded. */
  readonly credential: string;
  readonly database: string;
  /** Allow-listed start-up parameters, forwarded to the agent in the ticket. */
  readonly parameters: Readonly<Record<string, string>>;
  /** How long the client wants its commands held at most, milliseconds: it knows when it gives up itself. */
  readonly hold?: number;
}

/** A bound parameter: its bytes as the client sent them, and how they are to be read. */
export interface Parameter {
  readonly type: number;
  readonly format: 'text' | 'binary';
  readonly value: Uint8Array | null;
  /** It was too long to be kept: `value` is the SHA-256 of so many bytes that went by. */
  readonly length?: number;
}

/**
 * May this command run? `prepare` only asks whether it could (never held, nothing runs, no outcome follows); `run` asks
 * for the real thing, with its parameters, every time.
 */
export interface CommandQuestion {
  readonly kind: 'command';
  readonly phase: 'prepare' | 'run';
  readonly form: 'simple' | 'extended';
  readonly text: string;
  readonly parameters: readonly Parameter[];
  readonly state: TargetState;
  /** Outside of a transaction block, commands of one group take effect together or not at all. */
  readonly group: number;
}

/** A command that was to be tried was: may it stay? Allowed, it is kept, or runs now if it was not tried; else nothing of it is. */
export interface TriedQuestion {
  readonly kind: 'tried';
  /** The question that was answered with `try`. */
  readonly of: QuestionId;
  readonly attempt: Attempt;
}

/** What the target last said of the session's state, as far as it changes what a command means. */
export interface TargetState {
  readonly database: string;
  readonly transaction: 'idle' | 'open' | 'failed';
  /** Reported server parameters (PostgreSQL: ParameterStatus), names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** A cancel that came on a connection of its own. The key was made by this gateway. */
export interface CancelQuestion {
  readonly kind: 'cancel';
  readonly key: Uint8Array;
}
