import type {
  AnswerMask,
  CellMask,
  CommandQuestion,
  Note,
  OutcomeNote,
  Permit,
  Question,
  QuestionId,
  SessionContext,
  Side,
  Step,
  Verdict,
} from '@sallyport/kernel';
import { refuse } from '@sallyport/kernel';
import { defaultLimits } from '@sallyport/protocol-core';
import { postgres } from '../src/index.js';
import { createBackendDecoder, encodePassword, encodeStartup } from '../src/client.js';
import type { BackendMessage } from '../src/client.js';

// eslint-disable-next-line no-restricted-syntax -- the only mint outside of policy: tests have no policy
export const permit = (scope: 'login' | 'command'): Permit => ({ scope }) as Permit;

export const text = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString();
export const bytes = (value: string): Uint8Array => Uint8Array.from(Buffer.from(value));
export const join = (...pieces: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(pieces));

/** The same bytes, so many times. */
export const repeated = (count: number, piece: Uint8Array): Uint8Array => {
  const whole = new Uint8Array(count * piece.length);
  for (let at = 0; at < whole.length; at += piece.length) whole.set(piece, at);
  return whole;
};

/** A target's message. */
export const from = (letter: string, ...body: readonly (string | number[] | Uint8Array)[]): Uint8Array => {
  const whole = Buffer.concat(body.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))));
  const frame = Buffer.alloc(5 + whole.length);
  frame.write(letter, 'latin1');
  frame.writeInt32BE(whole.length + 4, 1);
  whole.copy(frame, 5);
  return Uint8Array.from(frame);
};
export const int16 = (value: number): number[] => [(value >> 8) & 0xff, value & 0xff];
export const int32 = (value: number): number[] => [
  (value >> 24) & 0xff,
  (value >> 16) & 0xff,
  (value >> 8) & 0xff,
  value & 0xff,
];
export const ready = (status = 'I'): Uint8Array => from('Z', status);
export const complete = (tag: string): Uint8Array => from('C', `${tag}\0`);
export const failure = (code: string, message = 'no', severity = 'ERROR'): Uint8Array =>
  from('E', `S${severity}\0V${severity}\0C${code}\0M${message}\0\0`);
export const row = (...values: readonly (string | Uint8Array | null)[]): Uint8Array =>
  from(
    'D',
    int16(values.length),
    ...values.flatMap((value) =>
      value === null ? [int32(-1)] : [int32(Buffer.byteLength(value)), typeof value === 'string' ? value : value],
    ),
  );
export const describeRow = (
  ...columns: readonly { name: string; relation?: number; attribute?: number; type?: number; binary?: boolean }[]
): Uint8Array =>
  from(
    'T',
    int16(columns.length),
    ...columns.flatMap(({ name, relation = 0, attribute = 0, type = 25, binary = false }) => [
      `${name}\0`,
      int32(relation),
      int16(attribute),
      int32(type),
      int16(-1),
      int32(-1),
      int16(binary ? 1 : 0),
    ]),
  );

export const context = (more: Partial<SessionContext> = {}): SessionContext => ({
  limits: defaultLimits,
  random: (length) => new Uint8Array(length).fill(7),
  digest: () => ({ update: () => undefined, done: () => new Uint8Array(32) }),
  loopback: true,
  tls: true,
  ...more,
});

export type Decide = (question: CommandQuestion) => Verdict | 'hold';
export const allow = (mask?: AnswerMask): Verdict => ({
  kind: 'allow',
  permit: permit('command'),
  ...(mask ? { mask } : {}),
});
export const deny = (message = 'not for you'): Verdict => ({ kind: 'deny', refusal: refuse('denied', message) });
export const denyMatching =
  (pattern: RegExp): Decide =>
  ({ text: sql }) =>
    pattern.test(sql) ? deny() : allow();

/** Masks the named columns (or, for COPY, column numbers), and leaves the rest. */
export const maskOf = (cells: Readonly<Record<string, CellMask>>, more: Partial<AnswerMask> = {}): AnswerMask => ({
  choose: ({ columns, copy }) => ({
    kind: 'mask',
    plan: {
      cells: columns.map(({ name }, index) => cells[copy ? String(index) : name]),
      masked: columns.flatMap(({ name }, index) => (cells[copy ? String(index) : name] ? [name || String(index)] : [])),
    },
  }),
  scrub: ({ fields }) => fields,
  ...more,
});

/** A session with its client and target in memory. */
export class Rig {
  readonly session;
  readonly steps: Step[] = [];
  readonly questions: Question[] = [];
  open: QuestionId | undefined;
  private readonly decode = createBackendDecoder(1 << 26);

  constructor(
    private readonly decide: Decide = () => allow(),
    more: Partial<SessionContext> = {},
    private readonly login: Verdict = { kind: 'allow', permit: permit('login') },
  ) {
    this.session = postgres.open(context(more));
  }

  /** In a loop, never by recursion: one chunk may hold ten thousand questions. There is one question at a time. */
  perform(steps: readonly Step[]): this {
    for (let next = steps; next.length > 0;) {
      let answered: readonly Step[] = [];
      for (const step of next) {
        this.steps.push(step);
        if (step.kind !== 'ask') continue;
        this.questions.push(step.question);
        const verdict = step.question.kind === 'command' ? this.decide(step.question) : this.login;
        if (verdict === 'hold') this.open = step.id;
        else answered = this.session.answer(step.id, verdict);
      }
      next = answered;
    }
    return this;
  }
  feed(side: Side, ...pieces: readonly Uint8Array[]): this {
    for (const piece of pieces) this.perform(this.session.feed(side, piece));
    return this;
  }
  client(...pieces: readonly Uint8Array[]): this {
    return this.feed('client', join(...pieces));
  }
  target(...pieces: readonly Uint8Array[]): this {
    return this.feed('target', join(...pieces));
  }
  verdict(verdict: Verdict): this {
    const { open } = this;
    this.open = undefined;
    return this.perform(this.session.answer(open ?? -1, verdict));
  }

  /** Logged in, with nothing recorded yet. */
  begin(parameters: Readonly<Record<string, string>> = {}, version?: number): this {
    this.client(encodeStartup({ user: 'billing', database: 'app', ...parameters }, version), encodePassword('token'));
    const greeting = {
      parameters: { client_encoding: 'UTF8', standard_conforming_strings: 'on', server_version: '18.4' },
      transaction: 'idle',
      trailing: new Uint8Array(0),
    } as const;
    this.perform(this.session.dialed({ kind: 'opened', greeting }));
    this.said();
    return this.forget();
  }
  forget(): this {
    this.steps.length = 0;
    this.questions.length = 0;
    return this;
  }

  get toTarget(): Uint8Array {
    return join(...this.steps.flatMap((step) => (step.kind === 'toTarget' ? [step.bytes] : [])));
  }
  get toClient(): Uint8Array {
    return join(...this.steps.flatMap((step) => (step.kind === 'toClient' ? [step.bytes] : [])));
  }
  get letters(): string {
    return lettersOf(this.toTarget);
  }
  get notes(): readonly Note[] {
    return this.steps.flatMap((step) => (step.kind === 'note' ? [step.note] : []));
  }
  get outcomes(): readonly OutcomeNote[] {
    return this.notes.flatMap((note) => (note.kind === 'outcome' ? [note] : []));
  }
  get closed(): string | undefined {
    const close = this.steps.find(({ kind }) => kind === 'close');
    return close?.kind === 'close' ? close.cause : undefined;
  }
  /** What the client heard since it was asked the last time. */
  said(): readonly BackendMessage[] {
    const heard = this.decode(this.toClient);
    return heard;
  }
  /** The client's view in short: `T D C(SELECT 1) E(42501) Z(I)`. */
  get heard(): string {
    return summary(createBackendDecoder(1 << 26)(this.toClient));
  }
}

export const summary = (messages: readonly BackendMessage[]): string =>
  messages
    .map((message) => {
      switch (message.type) {
        case 'row':
          return `D(${message.values.map((value) => (value === null ? 'NULL' : text(value))).join(',')})`;
        case 'description':
          return 'T';
        case 'complete':
          return `C(${message.tag})`;
        case 'error':
          return `E(${message.fields.get('C') ?? ''})`;
        case 'notice':
          return `N(${message.fields.get('M') ?? ''})`;
        case 'parameter':
          return `S(${message.name})`;
        case 'ready':
          return `Z(${message.transaction})`;
        case 'copyData':
          return `d(${text(message.data)})`;
        case 'other':
          return message.letter;
      }
    })
    .join(' ');

/** The types of typed messages, in order. */
export const lettersOf = (stream: Uint8Array): string => {
  const view = Buffer.from(stream);
  let letters = '';
  for (let at = 0; at < view.length; at += 1 + view.readInt32BE(at + 1)) letters += String.fromCharCode(view[at] ?? 0);
  return letters;
};
