/** Exit codes of `sally`, after sysexits.h. 75 says: not now, the approval lives on, ask again. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 64,
  unavailable: 69,
  internal: 70,
  temporary: 75,
  denied: 77,
  config: 78,
  interrupted: 130,
} as const;

interface FailureDetails {
  /** What is wrong in particular, line by line. */
  readonly details?: readonly string[];
  /** What to do next. */
  readonly hint?: string;
  readonly exitCode?: number;
  /** The server's own stable code, for programs. */
  readonly code?: string;
}

/** What went wrong, why, and what to do next. The one error type of the CLI; main prints it and exits with its code. */
export class Failure extends Error {
  readonly details: readonly string[];
  readonly hint: string | undefined;
  readonly exitCode: number;
  readonly code: string | undefined;

  constructor(message: string, more: FailureDetails = {}) {
    super(message);
    this.name = 'Failure';
    this.details = more.details ?? [];
    this.hint = more.hint;
    this.exitCode = more.exitCode ?? exitCodes.failed;
    this.code = more.code;
  }
}

export const usage = (message: string, hint = 'add --help for usage and examples'): Failure =>
  new Failure(message, { exitCode: exitCodes.usage, hint });
