import { decodeUtf8, encodeUtf8 } from '@sallyport/kernel';
import { z } from 'zod';
import { canonicalJson } from './canonical.js';
import type { AuditEvent } from './event.js';
import { auditLimits } from './limits.js';

const word = z.string().max(auditLimits.word);
const name = word.min(1);
const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const words = z.array(word).max(auditLimits.list);
const optional = word.optional();

const isShort = (members: Readonly<Record<string, string>>): boolean => Object.keys(members).length <= 64;

const head = { id: name, session: name, sequence: count, at: count, proxy: name };
const caller = z.strictObject({ kind: z.enum(['user', 'subagent']), id: name, name: word, onBehalfOf: words });
const statement = {
  ...head,
  command: name,
  connection: word,
  database: word,
  caller,
  text: z.string().max(auditLimits.text),
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  kinds: words,
  tables: words,
  policyVersion: count,
  policies: words,
};

const kinds = [
  z.strictObject({
    ...head,
    type: z.literal('session.opened'),
    connection: word,
    database: word,
    caller,
    agent: word,
    clientAddress: word,
    application: word,
  }),
  z.strictObject({
    ...head,
    type: z.literal('login.refused'),
    connection: word,
    database: word,
    clientAddress: word,
    cause: word,
    claimed: z.strictObject({ issuer: word, subject: word }).optional(),
    proved: z
      .strictObject({ issuer: name, subject: name, claims: z.record(name, word).refine(isShort) })
      .exactOptional(),
  }),
  z.strictObject({
    ...statement,
    type: z.literal('statement.intent'),
    verdict: z.enum(['allowed', 'approved', 'tried']),
    approval: optional,
  }),
  z.strictObject({
    ...statement,
    type: z.literal('statement.refused'),
    code: name,
    reason: word,
    approval: optional,
  }),
  z.strictObject({
    ...head,
    type: z.literal('statement.outcome'),
    command: name,
    status: z.enum(['completed', 'failed', 'unknown']),
    tag: optional,
    error: optional,
    rows: count,
    bytes: count,
    duration: z.number().min(0).max(Number.MAX_SAFE_INTEGER),
    maskedColumns: words,
    maskedCells: count,
  }),
  z.strictObject({ ...head, type: z.literal('session.closed'), cause: word }),
  z.strictObject({ ...head, type: z.literal('alarm'), code: name, message: word, command: name.optional() }),
] as const;

const eventSchema = z
  .discriminatedUnion('type', kinds)
  .refine((event) => event.id === `${event.session}:${event.sequence}`, 'id is not session:sequence');

/** The members of each type of event in canonical order, each with its name as JSON has it. */
const members = new Map(
  kinds.map(({ shape }) => [
    shape.type.value,
    Object.keys(shape)
      .sort()
      .map((name) => [name, `${canonicalJson(name)}:`] as const),
  ]),
);

const spell = (value: unknown): string =>
  typeof value === 'string' && value.isWellFormed() ? JSON.stringify(value) : canonicalJson(value);

/**
 * Spells events as `canonicalJson` does. One session's events have most of their members in common, so what was spelled
 * for the last one is taken again: every statement pays for this twice.
 */
export const createSpeller = (): ((event: AuditEvent) => string) => {
  const last = new Map<AuditEvent['type'], { readonly values: unknown[]; readonly texts: string[] }>();
  return (event) => {
    const names = members.get(event.type);
    if (names === undefined) return canonicalJson(event);
    const before = last.get(event.type) ?? { values: [], texts: [] };
    last.set(event.type, before);
    let text = '';
    for (let index = 0; index < names.length; index += 1) {
      const [name = '', label = ''] = names[index] ?? [];
      const value = (event as unknown as Readonly<Record<string, unknown>>)[name];
      if (value === undefined) continue;
      if (before.values[index] !== value) {
        before.texts[index] = label + spell(value);
        before.values[index] = value;
      }
      text += (text === '' ? '{' : ',') + (before.texts[index] ?? '');
    }
    return `${text}}`;
  };
};

/** Canonical bytes: the spool, the wire and every digest use these and no others. */
export const encodeEvent = (event: AuditEvent): Uint8Array => encodeUtf8(canonicalJson(event));

export type EventRead =
  { readonly kind: 'event'; readonly event: AuditEvent } | { readonly kind: 'refused'; readonly reason: string };

/**
 * Strict: bounded, UTF-8, one of the known types with its fields and no others, in canonical form. The reason names the
 * place and never a value.
 */
export const decodeEvent = (bytes: Uint8Array): EventRead => {
  if (bytes.length > auditLimits.event) return refused('too long');
  const text = decodeUtf8(bytes);
  if (text === undefined) return refused('not UTF-8');
  // Before the parser, which recurses.
  if (isTooDeep(text)) return refused('too deep');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refused('not JSON');
  }
  const parsed = eventSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return refused(
      `${
        issue?.path
          .map((step) => String(step))
          .slice(0, 4)
          .join('.') || 'event'
      }: ${issue?.code ?? 'invalid'}`,
    );
  }
  // A repeated member, another order or another spelling of a number would have other bytes and so another digest.
  return spelled(value) === text ? { kind: 'event', event: parsed.data as AuditEvent } : refused('not canonical');
};

const refused = (reason: string): EventRead => ({ kind: 'refused', reason });

const spelled = (value: unknown): string | undefined => {
  try {
    return canonicalJson(value);
  } catch {
    return undefined;
  }
};

const isTooDeep = (text: string): boolean => {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index += 1) {
    const sign = text.charCodeAt(index);
    if (inString) {
      if (sign === 0x5c) index += 1;
      else if (sign === 0x22) inString = false;
    } else if (sign === 0x22) inString = true;
    else if (sign === 0x7b || sign === 0x5b) {
      depth += 1;
      if (depth > 8) return true;
    } else if (sign === 0x7d || sign === 0x5d) depth -= 1;
  }
  return false;
};
