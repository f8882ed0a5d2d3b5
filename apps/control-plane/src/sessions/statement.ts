import type { StatementIntent, StatementOutcome, StatementRefused } from '@sallyport/audit';

/** One command of a session: what was decided, and what came of it. */
export interface StatementView {
  readonly sequence: number;
  readonly at: string;
  readonly command: string;
  readonly verdict: 'allowed' | 'approved' | 'refused';
  readonly text: string;
  readonly digest: string;
  readonly kinds: readonly string[];
  readonly tables: readonly string[];
  readonly policies: readonly string[];
  readonly policyVersion: number;
  readonly approval: string | null;
  /** Only of a refusal. */
  readonly code: string | null;
  readonly reason: string | null;
  /** `unknown` as long as no outcome is recorded; null for what never ran. */
  readonly status: 'completed' | 'failed' | 'unknown' | null;
  readonly tag: string | null;
  readonly error: string | null;
  readonly rows: number | null;
  readonly bytes: number | null;
  readonly duration: number | null;
  readonly maskedColumns: readonly string[];
  readonly maskedCells: number;
}

/** Joins a decision with its outcome. A missing outcome is told as unknown, never left out. */
export function presentStatement(
  decided: StatementIntent | StatementRefused,
  outcome: StatementOutcome | undefined,
): StatementView {
  const refused = decided.type === 'statement.refused' ? decided : undefined;
  return {
    sequence: decided.sequence,
    at: new Date(decided.at).toISOString(),
    command: decided.command,
    verdict: decided.type === 'statement.refused' ? 'refused' : decided.verdict,
    text: decided.text,
    digest: decided.digest,
    kinds: decided.kinds,
    tables: decided.tables,
    policies: decided.policies,
    policyVersion: decided.policyVersion,
    approval: decided.approval ?? null,
    code: refused?.code ?? null,
    reason: refused?.reason ?? null,
    status: refused === undefined ? (outcome?.status ?? 'unknown') : null,
    tag: outcome?.tag ?? null,
    error: outcome?.error ?? null,
    rows: outcome?.rows ?? null,
    bytes: outcome?.bytes ?? null,
    duration: outcome?.duration ?? null,
    maskedColumns: outcome?.maskedColumns ?? [],
    maskedCells: outcome?.maskedCells ?? 0,
  };
}
