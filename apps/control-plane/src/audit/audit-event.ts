import type { AuditEvent } from '@sallyport/audit';
import { z } from 'zod';
import type { AuditRecord } from '../db/generated/client.js';
import { list, moment } from '../http/answers.js';

export const auditTypes = [
  'session.opened',
  'login.refused',
  'statement.intent',
  'statement.refused',
  'statement.outcome',
  'session.closed',
  'alarm',
] as const satisfies readonly AuditEvent['type'][];

type Members = AuditEvent extends infer Event ? (Event extends AuditEvent ? keyof Event : never) : never;

const word = z.string().optional();
const count = z.int().optional();
const words = list(z.string()).optional();

/** Every member that an event can have; which of them it has depends on its type. */
const members = {
  id: z.string().describe('`session:sequence`, unique for ever.'),
  session: z.string(),
  sequence: z.int().describe('Without a gap within its session.'),
  type: z.enum(auditTypes),
  at: moment.describe("By the proxy's clock."),
  proxy: word,
  connection: word,
  database: word,
  caller: z.object({ kind: z.string(), id: z.string(), name: z.string(), onBehalfOf: list(z.string()) }).optional(),
  agent: word,
  clientAddress: word,
  application: word,
  cause: word.describe('Why a login was refused, or a session ended.'),
  claimed: z
    .object({ issuer: z.string(), subject: z.string() })
    .optional()
    .describe('What a refused token said of itself; nobody verified it.'),
  proved: z
    .object({ issuer: z.string(), subject: z.string(), claims: z.record(z.string(), z.string()) })
    .optional()
    .describe('Who it verifiably was, where nobody had bound that to a subagent. `issuer` is an id.'),
  command: word.describe('Joins an intent with its outcome, and with an alarm about it.'),
  text: word.describe('The statement, with detectors applied.'),
  digest: word.describe('SHA-256 of the exact text and parameters.'),
  kinds: words,
  tables: words,
  policyVersion: count,
  policies: words.describe('Ids of the policies that decided.'),
  verdict: word.describe(
    'Of an intent: `allowed`, `approved` or `tried`: run to be shown to approvers, and undone unless they agree.',
  ),
  approval: word,
  code: word,
  reason: word,
  status: word.describe('Of an outcome: `completed`, `failed` or `unknown`.'),
  tag: word,
  error: word,
  rows: count,
  bytes: count,
  duration: z.number().optional().describe('Milliseconds.'),
  maskedColumns: words,
  maskedCells: count,
  message: word,
} satisfies Readonly<Record<Members, z.ZodType>>;

/** Loose: evidence is shown as it was recorded, whatever version recorded it. */
export const auditEventView = z
  .looseObject({ ...members, receivedAt: moment.describe('By our clock.') })
  .meta({ id: 'AuditEvent' });
export type AuditEventView = z.input<typeof auditEventView>;

/** The event as it was recorded; times for people to read. */
export const presentEvent = (row: AuditRecord): AuditEventView => ({
  ...(row.content as object),
  id: row.id,
  session: row.sessionId,
  sequence: row.sequence,
  type: row.type as AuditEvent['type'],
  at: row.at,
  receivedAt: row.receivedAt,
});
