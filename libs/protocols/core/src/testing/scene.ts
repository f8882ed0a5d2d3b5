import type { AnswerMask, Parameter, Protocol, Session } from '@sallyport/kernel';
import type { ScriptEvent } from './play.js';

/** One command in one mode of a protocol, with the conversation around it. The controls are tried on it. */
export interface Scene {
  readonly name: string;
  /** A login, and whatever must be there before. Nothing is on its way when it ends. */
  readonly before: readonly ScriptEvent[];
  readonly command: Uint8Array;
  /** What must be asked about before any of the command goes. */
  readonly asks: { readonly text: string; readonly parameters: readonly Pick<Parameter, 'value'>[] };
  /** What the target says when the command never came, as far as it hears anything at all. */
  readonly refused: readonly ScriptEvent[];
  /** The answer, and the client's part in it. */
  readonly rest: readonly ScriptEvent[];
  /** Rows that the answer shows or counts. */
  readonly rows: number;
  /** Hides `secret`, which the client sees where nothing is masked. */
  readonly mask?: AnswerMask;
  readonly secret?: Uint8Array;
  /** What only the rows behind the first one hold; absent where no rows come back. */
  readonly beyond?: Uint8Array;
  /** The same command, tried. Every scene of a mode that shows what a command would do has one. */
  readonly trial?: Trial | undefined;
}

/** What the target says to a command that is tried, and how that ends. */
export interface Trial {
  /** Up to where people are asked. */
  readonly asked: readonly ScriptEvent[];
  /** When they agreed. */
  readonly kept: readonly ScriptEvent[];
  /** When they did not. */
  readonly undone: readonly ScriptEvent[];
  /** What the client sees of the command once it is kept. */
  readonly answer: Uint8Array;
}

/** What a protocol hands over to be held to what it declares. */
export interface ControlSubject {
  readonly protocol: Protocol;
  /** Deterministic: the same randomness each time. */
  readonly open: () => Session;
  /** By the name of the mode. Every mode has at least one. */
  readonly scenes: Readonly<Record<string, readonly Scene[]>>;
  /** How a client asks for a cancel, on a connection of its own. */
  readonly cancel: (key: Uint8Array) => Uint8Array;
}
