/** Exit codes of `sally`, after sysexits.h. 75 says: not now, the approval lives on, ask again. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 64,
  unavailable: 69,
  temporary: 75,
  denied: 77,
  config: 78,
} as const;

/** What went wrong, why, and what to do next. The one error type of the CLI; main prints it and exits with its code. */
export class Failure extends Error {
  readonly exitCode: number;
  readonly hint: string | undefined;

  constructor(message: string, more: { readonly hint?: string; readonly exitCode?: number } = {}) {
    super(message);
    this.name = 'Failure';
    this.hint = more.hint;
    this.exitCode = more.exitCode ?? exitCodes.failed;
  }
}
