import type { BackendMessage } from '@sallyport/postgres';
import { findCanary } from './canaries.js';
import type { Case, Expected, Form } from './case.js';
import type { Sent } from './send.js';

export interface Judged {
  readonly given: Case;
  readonly form: Form;
  readonly expected: Expected;
  readonly gate: Sent;
  /** What the target says to the same statement itself. */
  readonly direct: Sent | undefined;
  /** Of its outputs, for COPY tells none. */
  readonly names: readonly string[];
}

/** What is wrong with what a caller was told. */
export function judge({ given, form, expected, gate, direct, names }: Judged): readonly string[] {
  const canary = findCanary(gate.bytes);
  return [
    ...(canary === undefined ? [] : [`${canary.value} came, ${canary.form}`]),
    ...gate.refused.map((each) => `before it: ${each}`),
    ...(stateOf(gate.after) === 'idle' ? [] : ['the session is not what it was after ROLLBACK']),
    ...judgeVerdict({ given, form, expected, gate, direct, names }),
  ];
}

function judgeVerdict({ given, form, expected, gate, direct, names }: Judged): readonly string[] {
  const outcome = outcomeOf(gate.messages);
  switch (expected.verdict) {
    case 'allow':
      return judgeAllowed({ given, form, names }, outcome, outcomeOf(direct?.messages ?? []));
    case 'deny':
    case 'hold':
      return judgeRefused(given, expected, gate.messages);
    case 'fail':
      return codeOf(outcome) === expected.code && outcome.rows.length === 0
        ? []
        : [`it did not fail with ${expected.code}: ${shown(outcome)}`];
  }
}

const codeOf = ({ errors }: Outcome): string => errors[0]?.get('C') ?? 'no error';

const codes = { hold: 'SP001' } as const;

function judgeRefused(
  given: Case,
  expected: Extract<Expected, { verdict: 'deny' | 'hold' }>,
  messages: readonly BackendMessage[],
): readonly string[] {
  const code = expected.verdict === 'hold' ? codes.hold : expected.code;
  const outcome = outcomeOf(messages);
  const [error] = outcome.errors;
  if (error === undefined) return [`it was not refused: ${shown(outcome)}`];
  // Only a gateway's DETAIL is JSON: what the target refuses has reached it.
  const ours = /^\{"code":/.test(error.get('D') ?? '');
  // What the server would not read either ends the block, as it would there.
  const fails = error.has('P') || code === '22021';
  const open = given.bare ? 'idle' : fails ? 'failed' : 'open';
  const state = stateOf(messages);
  return [
    ...(error.get('C') === code ? [] : [`${error.get('C')} instead of ${code}: ${error.get('M')}`]),
    ...(ours ? [] : [`the target said it: ${error.get('M')}`]),
    ...(error.get('S') === 'ERROR' && outcome.errors.length === 1 ? [] : [`it is not one ERROR: ${shown(outcome)}`]),
    ...(outcome.rows.length + outcome.tags.filter((tag) => tag !== 'DECLARE CURSOR').length === 0 ? [] : [`something ran: ${shown(outcome)}`]),
    ...(state === open ? [] : [`the transaction is ${state} instead of ${open}`]),
  ];
}

function judgeAllowed(
  { given, form, names }: Pick<Judged, 'given' | 'form' | 'names'>,
  gate: Outcome,
  direct: Outcome,
): readonly string[] {
  if (codeOf(gate) !== codeOf(direct)) return [`${codeOf(gate)} instead of ${codeOf(direct)}: ${shown(gate)}`];
  if (given.varies) return [];
  const problems: string[] = [];
  const same = (what: string, left: readonly unknown[], right: readonly unknown[]): void => {
    if (JSON.stringify(left) !== JSON.stringify(right))
      problems.push(`${what}: ${JSON.stringify(left)} instead of ${JSON.stringify(right)}`);
  };
  same('columns', gate.columns, direct.columns);
  same('tags', gate.tags, direct.tags);
  same('number of rows', [gate.rows.length], [direct.rows.length]);
  gate.rows.forEach((cells, row) => {
    const truth = direct.rows[row] ?? [];
    if (cells.length !== truth.length) problems.push(`row ${row + 1} has ${cells.length} cells`);
    cells.forEach((cell, at) => {
      const name = names[at];
      const masked = given.masked.includes(String(at + 1)) || (name !== undefined && given.masked.includes(name));
      const raw = truth[at] ?? null;
      if (masked ? raw !== null && cell === raw : cell !== raw)
        problems.push(`row ${row + 1}, ${name ?? at + 1}: ${masked ? 'clear' : `"${text(cell)}" instead of "${text(raw)}"`}`);
    });
  });
  if (given.rows.length > 0 && form !== 'binary')
    same('rows', gate.rows.map((cells) => cells.map(text).join(' | ')), given.rows);
  return problems;
}

/** Cells as Latin-1, so that bytes are compared; NULL is null. */
interface Outcome {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
  readonly tags: readonly string[];
  readonly errors: readonly ReadonlyMap<string, string>[];
}

const outcomeOf = (messages: readonly BackendMessage[]): Outcome => ({
  columns: messages.flatMap((message) => (message.type === 'description' ? message.columns.map(({ name }) => name) : [])),
  rows: [
    ...messages.flatMap((message) =>
      message.type === 'row' ? [message.values.map((value) => (value === null ? null : Buffer.from(value).toString('latin1')))] : [],
    ),
    ...Buffer.concat(messages.flatMap((message) => (message.type === 'copyData' ? [message.data] : [])))
      .toString('latin1')
      .split('\n')
      .slice(0, -1)
      .map((line) => line.split('\t').map((cell) => (cell === '\\N' ? null : cell))),
  ],
  tags: messages.flatMap((message) => (message.type === 'complete' ? [message.tag] : [])),
  errors: messages.flatMap((message) => (message.type === 'error' ? [message.fields] : [])),
});

const stateOf = (messages: readonly BackendMessage[]): string => {
  const last = messages.at(-1);
  return last?.type === 'ready' ? last.transaction : 'over';
};

const text = (cell: string | null): string => (cell === null ? 'NULL' : Buffer.from(cell, 'latin1').toString());

const shown = ({ rows, tags, errors }: Outcome): string =>
  [...rows.map((cells) => cells.map(text).join('|')), ...tags, ...errors.map((error) => `${error.get('C')} ${error.get('M')}`)]
    .join('; ')
    .slice(0, 300);

/** Of the outputs, where it tells. */
export const namesOf = ({ messages }: Sent): readonly string[] => outcomeOf(messages).columns;
