import { clip } from '@sallyport/audit';
import type { RequestRequest } from '@sallyport/contracts';
import { refuse } from '@sallyport/kernel';
import type { CommandQuestion, Parameter, Refusal } from '@sallyport/kernel';
import { requestWords } from '@sallyport/policy';
import type { HoldDecision } from '@sallyport/policy';
import type { Desk } from './desk.js';
import { shownText } from './statements.js';
import type { Statement } from './statements.js';

export interface RequestInput {
  readonly session: string;
  readonly command: string;
  readonly question: CommandQuestion;
  readonly desk: Desk;
  readonly statement: Statement;
  readonly decision: HoldDecision<'command'>;
  readonly binding: Buffer;
  readonly database: string;
  /** The session's start-up parameters, for when it is run by id. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, string>>;
}

/** What the control plane keeps sealed has an end, and an approver cannot read more anyway. */
const longestHeld = 1024 * 1024;

/** A held command as people are asked about it, and as it is kept. */
export const requestOf = (
  input: RequestInput,
):
  | { readonly kind: 'request'; readonly request: RequestRequest }
  | { readonly kind: 'refused'; readonly refusal: Refusal } => {
  const { session, command, question, desk, statement, decision, binding, database, parameters, settings } = input;
  const size = question.parameters.reduce((sum, { value }) => sum + (value?.length ?? 0), question.text.length);
  if (size > longestHeld)
    return {
      kind: 'refused',
      refusal: refuse('limit_exceeded', 'this command is too long to be held for an approval'),
    };
  const { source } = desk.place;
  const { caller } = desk.identified;
  return {
    kind: 'request',
    request: {
      sessionId: session,
      commandId: command,
      callerKind: caller.kind,
      callerId: caller.id,
      onBehalfOf: [...caller.onBehalfOf],
      connection: source.name,
      database,
      binding,
      shape: statement.shape,
      policyVersion: source.policyVersion,
      policies: [...decision.policies],
      reason: decision.reason,
      approvalsNeeded: decision.approvals,
      effect: clip(decision.held.map((held) => requestWords(held, source.name, database)).join('; '), 2048),
      shownText: statement.shown,
      shownParameters: question.parameters.map(shownParameter),
      command: {
        connection: source.name,
        database,
        binding,
        text: question.text,
        extended: question.form === 'extended',
        parameters: question.parameters.map(({ type, format, value }) => ({
          type,
          binary: format === 'binary',
          value: value === null ? undefined : Buffer.from(value),
        })),
        startup: startupOf(parameters, settings),
      },
    },
  };
};

/** What a client may set at start-up, as it is now: a session that runs it by id reads it as this one did. */
const startupOf = (
  parameters: Readonly<Record<string, string>>,
  settings: Readonly<Record<string, string>>,
): Record<string, string> => {
  const startup: Record<string, string> = { ...parameters };
  for (const name of ['DateStyle', 'IntervalStyle', 'TimeZone'])
    if (settings[name.toLowerCase()]) startup[name] = settings[name.toLowerCase()] ?? '';
  const path = settings['search_path'] ?? '';
  if (path !== '') startup['search_path'] = path.split('\n').map(quoted).join(', ');
  return startup;
};

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

const shownBytes = 64;

/** For people, with detectors applied. Common binary forms are read, others shown as hex. */
const shownParameter = ({ type, format, value }: Parameter): string => {
  if (value === null) return 'NULL';
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.length);
  if (format === 'text' || textual.has(type)) return clip(shownText(bytes.toString('utf8')), 1024);
  if (type === 20 && bytes.length === 8) return bytes.readBigInt64BE().toString();
  if (type === 23 && bytes.length === 4) return String(bytes.readInt32BE());
  if (type === 21 && bytes.length === 2) return String(bytes.readInt16BE());
  if (type === 16 && bytes.length === 1) return bytes[0] === 0 ? 'false' : 'true';
  const rest = bytes.length - shownBytes;
  return `\\x${bytes.subarray(0, shownBytes).toString('hex')}${rest > 0 ? ` (${rest} more bytes)` : ''}`;
};

/** Types whose binary form is their text: text, varchar, bpchar, name, json, unknown. */
const textual = new Set([25, 1043, 1042, 19, 114, 705]);
