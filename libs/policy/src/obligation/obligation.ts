/** What a satisfied policy obliges to, read from its annotations. */
export interface Obligations {
  /** Distinct humans who must agree before the command runs. */
  readonly approvals: number;
  readonly reason: string | undefined;
  readonly limits: readonly BudgetLimit[];
  readonly preview: boolean;
  readonly durable: boolean;
  readonly shadow: boolean;
}

export const budgetMeasures = ['rows', 'writes', 'statements', 'bytes'] as const;
/**
 * `rows` and `bytes` returned to the caller; `writes`: rows that were inserted, updated, deleted or merged; `statements`
 * that were sent to the target.
 */
export type BudgetMeasure = (typeof budgetMeasures)[number];

export interface BudgetLimit {
  readonly measure: BudgetMeasure;
  readonly limit: number;
  /** Length of the window, milliseconds. */
  readonly window: number;
}

/** Limits of one satisfied policy, kept per principal and connection; or of one login, kept over all connections. */
export interface Budget {
  /** Of a login: its id, which is in the place of the principal as well. */
  readonly policy: string;
  /** `Subagent::"etl"`. */
  readonly principal: string;
  readonly connection: string;
  readonly limits: readonly BudgetLimit[];
}
