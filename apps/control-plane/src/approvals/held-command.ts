import type { RequestRequest } from '@sallyport/contracts';
import type { PolicyRequest, RequestObject } from '@sallyport/policy';
import { z } from 'zod';
import { keepable as text } from './keepable.js';
import { previewSchema } from './preview.js';

const id = text(64).min(1);
const named = text(255);

const longestShown = 2 * 1024 * 1024;
const longestKept = 512 * 1024;

const together = (values: readonly { readonly length: number }[]): number =>
  values.reduce((sum, { length }) => sum + length, 0);
const atMost = (most: number) => (values: readonly { readonly length: number }[]) => together(values) <= most;

/** A name of the catalog, as the kinds of objects have them. */
const heldRequest = z.strictObject({
  action: text(64).min(1),
  kind: z.enum(['connection', 'database', 'schema', 'table', 'column', 'function', 'class']),
  schema: named,
  name: named,
  column: named,
});

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array);

/** Every field has an end: a proxy is one of ours, and may still be wrong. */
const requestRequest = z.object({
  sessionId: id,
  commandId: id,
  callerKind: z.literal('subagent'),
  callerId: id,
  onBehalfOf: z.array(id).max(16),
  connection: named.min(1),
  database: named.min(1),
  binding: bytes.refine(({ length }) => length === 32, 'is no SHA-256'),
  shape: text(128),
  policyVersion: z.number().int().min(0).max(2_147_483_647),
  policies: z.array(text(512)).max(1_000),
  reason: text(8_192),
  approvalsNeeded: z.number().int().min(1).max(100),
  effect: text(512 * 1024),
  shownText: text(longestShown),
  shownParameters: z.array(text(longestShown)).max(65_535).refine(atMost(longestShown), 'are too long'),
  held: z.array(heldRequest).max(1_000),
  behind: z
    .array(z.strictObject({ name: text(512), text: text(longestShown) }))
    .max(1_000)
    .refine((all) => together(all.flatMap(({ name, text: shown }) => [name, shown])) <= longestShown, 'are too long'),
  marks: z.array(text(2_048)).max(100),
  preview: previewSchema.optional(),
  command: z.object({
    connection: named,
    database: named,
    binding: bytes,
    text: text(longestKept),
    extended: z.boolean(),
    parameters: z
      .array(z.object({ type: z.number(), binary: z.boolean(), value: bytes.optional() }))
      .max(65_535)
      .refine((all) => together(all.map(({ value }) => value ?? [])) <= longestKept, 'are too long'),
    startup: z
      .record(text(64), text(8_192))
      .refine((startup) => Object.keys(startup).length <= 64, 'has too many parameters'),
  }),
});

export type HeldCommand = RequestRequest & { readonly command: NonNullable<RequestRequest['command']> };

export type ReadCommand =
  { readonly kind: 'held'; readonly held: HeldCommand } | { readonly kind: 'refused'; readonly field: string };

export function readHeldCommand(request: RequestRequest): ReadCommand {
  const read = requestRequest.safeParse(request);
  if (!read.success) {
    const [issue] = read.error.issues;
    return { kind: 'refused', field: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'is not valid'}` };
  }
  const { command } = request;
  // What is kept to be run is what is asked for.
  const isSame =
    command !== undefined &&
    command.connection === request.connection &&
    command.database === request.database &&
    command.binding.equals(request.binding);
  return isSame
    ? { kind: 'held', held: { ...request, command } }
    : { kind: 'refused', field: 'command: is not the command that is asked for' };
}

/** As policy asks for it. @throws when it was never read by `readHeldCommand` */
export const policyRequestsOf = (held: unknown): readonly PolicyRequest[] =>
  z
    .array(heldRequest)
    .parse(held)
    .map((request) => ({ action: request.action, object: objectOf(request) }));

const objectOf = ({ kind, schema, name, column }: z.infer<typeof heldRequest>): RequestObject => {
  switch (kind) {
    case 'connection':
    case 'database':
      return { kind };
    case 'schema':
      return { kind, schema };
    case 'table':
      return { kind, schema, table: name };
    case 'column':
      return { kind, schema, table: name, column };
    case 'function':
      return { kind, schema, name };
    case 'class':
      return { kind, name };
  }
};

/** Texts behind the names in a command, as they were kept. */
export const namedTextsOf = (behind: unknown): readonly { readonly name: string; readonly text: string }[] =>
  z.array(z.strictObject({ name: z.string(), text: z.string() })).parse(behind);
