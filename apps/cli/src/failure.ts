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

/** Stable codes of what `sally` itself says; docs/errors.md has an entry for each. */
export const failureCodes = {
  failed: exitCodes.failed,
  usage: exitCodes.usage,
  unreachable: exitCodes.unavailable,
  gate_unreachable: exitCodes.unavailable,
  gate_without_tls: exitCodes.unavailable,
  gate_untrusted: exitCodes.unavailable,
  bug: exitCodes.internal,
  not_yet: exitCodes.temporary,
  not_permitted: exitCodes.denied,
  not_set_up: exitCodes.config,
  interrupted: exitCodes.interrupted,
} as const satisfies Readonly<Record<string, number>>;
export type FailureCode = keyof typeof failureCodes;

/** Where nothing finer was said. */
const codeOf = (exitCode: number): FailureCode =>
  (Object.keys(failureCodes) as FailureCode[]).find((code) => failureCodes[code] === exitCode) ?? 'failed';

interface FailureDetails {
  /** What is wrong in particular, line by line. */
  readonly details?: readonly string[];
  /** What to do next. */
  readonly hint?: string;
  readonly exitCode?: number;
  /** The server's own stable code, or one of `failureCodes`; by default that of the exit code. */
  readonly code?: string;
}

/** What went wrong, why, and what to do next. The one error type of the CLI; main prints it and exits with its code. */
export class Failure extends Error {
  readonly details: readonly string[];
  readonly hint: string | undefined;
  readonly exitCode: number;
  readonly code: string;

  constructor(message: string, more: FailureDetails = {}) {
    super(message);
    this.name = 'Failure';
    this.details = more.details ?? [];
    this.hint = more.hint;
    this.exitCode = more.exitCode ?? exitCodes.failed;
    this.code = more.code ?? codeOf(this.exitCode);
  }
}

export const usage = (message: string, hint = 'add --help for usage and examples'): Failure =>
  new Failure(message, { exitCode: exitCodes.usage, hint });
