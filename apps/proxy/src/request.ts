import { clip } from '@sallyport/audit';
import type { HeldRequest, Preview, RequestRequest } from '@sallyport/contracts';
import { refuse } from '@sallyport/kernel';
import type { CommandQuestion, Refusal } from '@sallyport/kernel';
import { requestWords } from '@sallyport/policy';
import type { HoldDecision, PolicyRequest } from '@sallyport/policy';
import { shapeOf } from '@sallyport/sql';
import type { Desk } from './desk.js';
import type { NamedText } from './memory.js';
import { showParameter, showStatement, showText } from './shown.js';

export interface RequestInput {
  readonly session: string;
  readonly command: string;
  readonly question: CommandQuestion;
  readonly desk: Desk;
  readonly decision: HoldDecision<'command'>;
  readonly binding: Buffer;
  readonly database: string;
  /** The session's start-up parameters, for when it is run by id. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, string>>;
  /** What names in it stand for. */
  readonly behind: readonly NamedText[];
  /** What it did when it was tried, where its policy owes that. */
  readonly preview: Preview | undefined;
}

/** An approver must be able to read all of it; the control plane takes no more than a few times as much. */
const longestHeld = 256 * 1024;
const longestShown = 1024 * 1024;
const mostParameters = 10_000;
const mostRequests = 1_000;
const longestEffect = 128 * 1024;
const longestReason = 2_048;
const mostMarks = 50;

const tooLong = {
  kind: 'refused',
  refusal: refuse('limit_exceeded', 'this command is too long to be held for an approval', {
    hint: 'People must be able to read what they agree to. Nothing was executed; split the command.',
  }),
} as const;

/** A held command as people are asked about it, and as it is kept. */
export const requestOf = (
  input: RequestInput,
):
  | { readonly kind: 'request'; readonly request: RequestRequest }
  | { readonly kind: 'refused'; readonly refusal: Refusal } => {
  const { session, command, question, desk, decision, binding, database, parameters, settings, behind } = input;
  const { preview } = input;
  const texts = [question.text, ...behind.map((each) => each.text)];
  const size = question.parameters.reduce(
    (sum, { value, length }) => sum + (length ?? value?.length ?? 0),
    bytesOf(texts),
  );
  if (size > longestHeld || question.parameters.length > mostParameters || decision.held.length > mostRequests)
    return tooLong;
  const shown = showStatement(question.text);
  const shownBehind = behind.map(({ name, text }) => ({ name: showText(name), text: showStatement(text) }));
  const shownParameters = question.parameters.map(showParameter);
  const effect = [...new Set(decision.held.map((held) => requestWords(held, desk.place.source.name, database)))].join(
    '; ',
  );
  const shownSize = bytesOf([
    shown.text,
    ...shownBehind.flatMap(({ name, text }) => [name.text, text.text]),
    ...shownParameters.map(({ text }) => text),
  ]);
  if (shownSize > longestShown || effect.length > longestEffect) return tooLong;
  const marks = [
    ...shown.marks,
    ...shownBehind.flatMap(({ name, text }) => text.marks.map((mark) => `${clip(name.text, 100)}: ${mark}`)),
    ...shownParameters.flatMap((parameter, index) => parameter.marks.map((mark) => `$${index + 1}: ${mark}`)),
  ];
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
      shape: shapeOf(question.text),
      policyVersion: source.policyVersion,
      policies: [...decision.policies],
      reason: clip(decision.reason, longestReason),
      approvalsNeeded: decision.approvals,
      effect,
      shownText: shown.text,
      shownParameters: shownParameters.map(({ text }) => text),
      held: decision.held.map(heldRequest),
      behind: shownBehind.map(({ name, text }) => ({ name: name.text, text: text.text })),
      preview,
      marks:
        marks.length > mostMarks
          ? [...marks.slice(0, mostMarks), `and ${marks.length - mostMarks} more marks like these`]
          : marks,
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

const bytesOf = (texts: readonly string[]): number => texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);

/** As it travels: every kind of object in the same four places. */
const heldRequest = ({ action, object }: PolicyRequest): HeldRequest => {
  const at = { action, kind: object.kind, schema: '', name: '', column: '' };
  switch (object.kind) {
    case 'connection':
    case 'database':
      return at;
    case 'schema':
      return { ...at, schema: object.schema };
    case 'table':
      return { ...at, schema: object.schema, name: object.table };
    case 'column':
      return { ...at, schema: object.schema, name: object.table, column: object.column };
    case 'function':
      return { ...at, schema: object.schema, name: object.name };
    case 'class':
      return { ...at, name: object.name };
  }
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
