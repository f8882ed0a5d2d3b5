import { encodeBind, encodeDescribe, encodeExecute, encodeSync } from '@sallyport/postgres';
import type { BackendMessage } from '@sallyport/postgres';
import { encodeBound } from './bound.js';
import type { Case, Form } from './case.js';
import type { Answer, Session } from './session.js';

/** Sends a case in one form, in a transaction block that is rolled back; what was said of the statement itself, and of the rest. */
export async function send(session: Session, given: Case, form: Form): Promise<Sent> {
  const aside: Answer[] = [];
  if (!given.bare) aside.push(await session.ask(query('begin')));
  for (const statement of given.first) aside.push(await session.ask(query(statement)));
  const said = await sendAs[form](session, given, aside);
  const messages = said.flatMap((answer) => answer.messages);
  // It must be alive, whatever was said.
  const after = await session.ask(query('rollback'));
  const refused = aside.flatMap(({ messages }) =>
    messages.flatMap((message) => (message.type === 'error' ? [message.fields.get('M') ?? ''] : [])),
  );
  return { messages, refused, bytes: Buffer.concat([...aside, ...said, after].map(({ bytes }) => bytes)), after: after.messages };
}

export interface Sent {
  /** Of the statement. */
  readonly messages: readonly BackendMessage[];
  /** Everything that came, from BEGIN to ROLLBACK. */
  readonly bytes: Buffer;
  /** Errors of what came before it. */
  readonly refused: readonly string[];
  readonly after: readonly BackendMessage[];
}

type Sender = (session: Session, given: Case, aside: Answer[]) => Promise<readonly Answer[]>;

const extended =
  (format: 'text' | 'binary'): Sender =>
  async (session, { text, bound, between }, aside) => {
    // What comes in between takes the place of a statement without a name.
    const statement = between.length === 0 ? '' : 'corpus';
    const parse = frame('P', statement, '\0', text, '\0', typesOf(bound));
    const parameters = bound.map((each) => encodeBound(each, format));
    const rest = [
      encodeBind({ statement, parameters, resultFormats: [format] }),
      encodeDescribe('portal'),
      encodeExecute(),
      encodeSync(),
    ];
    if (between.length === 0) return [await session.ask(parse, ...rest)];
    const parsed = await session.ask(parse, encodeSync());
    for (const each of between) aside.push(await session.ask(query(each)));
    return [parsed, await session.ask(...rest)];
  };

const sendAs: Readonly<Record<Form, Sender>> = {
  slices: async (session, { text }) => [
    await session.ask(
      frame('P', '\0', text, '\0', Buffer.alloc(2)),
      encodeBind(),
      encodeDescribe('portal'),
      ...Array.from({ length: 3 }, () => encodeExecute('', 2)),
      encodeSync(),
    ),
  ],
  simple: async (session, { text }) => [await session.ask(query(text))],
  text: extended('text'),
  binary: extended('binary'),
  copy: async (session, { text }) => [await session.ask(query('copy (\n', text, '\n) to stdout'))],
  cursor: async (session, { text }) => {
    const declared = await session.ask(query('declare corpus cursor for ', text));
    if (declared.messages.some(({ type }) => type === 'error')) return [declared];
    return [declared, await session.ask(query('fetch all from corpus'))];
  },
};

/** How many, and which. */
const typesOf = (bound: Case['bound']): Buffer => {
  const into = Buffer.alloc(2 + 4 * bound.length);
  into.writeUInt16BE(bound.length);
  bound.forEach(({ type: { oid } }, at) => into.writeUInt32BE(oid, 2 + 4 * at));
  return into;
};

/** A simple query. */
export const query = (...parts: readonly (string | Buffer)[]): Uint8Array => frame('Q', ...parts, '\0');

/** By hand: a text may hold bytes that no encoder would write. */
const frame = (letter: string, ...parts: readonly (string | Buffer)[]): Uint8Array => {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(letter), length, body]);
};
