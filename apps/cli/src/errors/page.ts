/** What stands under one code: for the person, or the program, that met it. */
export interface ErrorPage {
  readonly what: string;
  readonly why: string;
  readonly next: string;
}

/** A finer cause below a code: only the auditor, the log or the answer's DETAIL names it. */
export interface Cause {
  readonly why: string;
  readonly next: string;
}

export type Pages<Code extends string = string> = Readonly<Record<Code, ErrorPage>>;
export type Causes<Code extends string = string> = Readonly<Record<Code, Cause>>;
