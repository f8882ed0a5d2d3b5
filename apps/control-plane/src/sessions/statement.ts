import type { StatementIntent, StatementOutcome, StatementRefused } from '@sallyport/audit';
import { z } from 'zod';
import { list } from '../http/answers.js';

/** One command of a session: what was decided, and what came of it. */
export const statementView = z
  .object({
    sequence: z.int(),
    at: z.string().meta({ format: 'date-time' }),
    command: z.string(),
    verdict: z.enum(['allowed', 'approved', 'tried', 'refused']),
    text: z.string().describe('With detectors applied.'),
    digest: z.string().describe('SHA-256 of the exact text and parameters.'),
    kinds: list(z.string()),
    tables: list(z.string()),
    policies: list(z.string()).describe('Ids of the policies that decided.'),
    policyVersion: z.int(),
    approval: z.string().nullable(),
    code: z.string().nullable().describe('Only of a refusal.'),
    reason: z.string().nullable().describe('Only of a refusal.'),
    status: z
      .literal(['completed', 'failed', 'unknown', null])
      .describe('`unknown` as long as no outcome is recorded; null for what never ran.'),
    tag: z.string().nullable(),
    error: z.string().nullable(),
    rows: z.int().nullable(),
    bytes: z.int().nullable(),
    duration: z.number().nullable().describe('Milliseconds from forwarding to the end of the answer.'),
    maskedColumns: list(z.string()),
    maskedCells: z.int(),
  })
  .meta({ id: 'Statement' });
export type StatementView = z.input<typeof statementView>;

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
