import { once } from 'node:events';
import { connect } from 'node:net';
import { createBackendDecoder, encodeCopyFail, encodePassword, encodeStartup } from '@sallyport/postgres';
import type { BackendMessage } from '@sallyport/postgres';

/** A way to the target: direct, or through the gateway by a connection's name. */
export interface Way {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** The target lets in whoever comes from here, without a password. */
  readonly localAddress?: string;
  readonly startup?: Readonly<Record<string, string>>;
  /** Who sends data to a COPY sends it along; otherwise it gets none. */
  readonly loads?: boolean;
}

/** What was said up to ReadyForQuery. */
export interface Answer {
  readonly messages: readonly BackendMessage[];
  /** As they came, of everything. */
  readonly bytes: Buffer;
}

/** One session over a real socket, question by question. */
export interface Session {
  ask(...messages: readonly Uint8Array[]): Promise<Answer>;
  end(): void;
}

const longest = 64 * 1024 * 1024;

export async function openSession(way: Way): Promise<Session> {
  const { port, localAddress, loads = false } = way;
  const socket = connect({ host: '127.0.0.1', port, noDelay: true, ...(localAddress === undefined ? {} : { localAddress }) });
  const decode = createBackendDecoder(longest);
  let messages: BackendMessage[] = [];
  let chunks: Buffer[] = [];
  let settle: (() => void) | undefined;
  let over = false;
  const isOver = (): void => {
    over = true;
    settle?.();
  };
  socket.on('error', isOver).on('close', isOver);
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    messages.push(...decode(chunk));
    // COPY from here: nothing is sent.
    if (asksForData(messages) && !loads) socket.write(encodeCopyFail('the corpus sends none'));
    if (messages.at(-1)?.type === 'ready' || asksForPassword(messages)) settle?.();
  });
  await once(socket, 'connect');
  const ask: Session['ask'] = async (...asked) => {
    messages = [];
    chunks = [];
    const said = new Promise<void>((resolve) => (settle = resolve));
    socket.write(Buffer.concat(asked));
    if (!over) await said;
    const answer = { messages, bytes: Buffer.concat(chunks) };
    if (over) throw new Error(`the session has ended: ${answer.bytes.toString('latin1')}`);
    return answer;
  };
  const greeting = await ask(encodeStartup({ ...way.startup, user: way.user, database: way.database }));
  if (asksForPassword(greeting.messages)) await ask(encodePassword(way.password));
  return { ask, end: () => socket.destroy() };
}

const asksForData = (messages: readonly BackendMessage[]): boolean => {
  const last = messages.at(-1);
  return last?.type === 'other' && last.letter === 'G';
};

/** AuthenticationCleartextPassword: what comes next is the client's to say. */
const asksForPassword = (messages: readonly BackendMessage[]): boolean => {
  const last = messages.at(-1);
  return last?.type === 'other' && last.letter === 'R' && last.body[3] === 3;
};
