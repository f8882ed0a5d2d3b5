import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import {
  createBackendDecoder,
  encodeBind,
  encodeExecute,
  encodeParse,
  encodePassword,
  encodeQuery,
  encodeStartup,
  encodeSync,
} from '@sallyport/postgres';
import type { BackendMessage } from '@sallyport/postgres';
import { until } from '@sallyport/testing';

export interface RawParameter {
  readonly type: number;
  readonly format: 'text' | 'binary';
  readonly value: Uint8Array | null;
}

/** PostgreSQL message by message, for what no library lets a test choose: types and formats of parameters, pipelines. */
export interface RawClient {
  readonly socket: Socket;
  readonly heard: readonly BackendMessage[];
  send(...messages: readonly Uint8Array[]): void;
  /** Sends, and gives everything up to the next ReadyForQuery. */
  ask(...messages: readonly Uint8Array[]): Promise<readonly BackendMessage[]>;
  query(text: string): Promise<readonly BackendMessage[]>;
  run(text: string, ...parameters: readonly RawParameter[]): Promise<readonly BackendMessage[]>;
  /** Extended queries without waiting: each inner list shares a Sync. One answer per list. */
  pipeline(...groups: readonly (readonly string[])[]): Promise<readonly (readonly BackendMessage[])[]>;
  /** Waits for something to be said. */
  hears<M extends BackendMessage>(wanted: (message: BackendMessage) => message is M): Promise<M>;
  end(): void;
}

export interface RawLogin {
  readonly port: number;
  readonly password: string;
  readonly database?: string;
  readonly parameters?: Readonly<Record<string, string>>;
}

export const connectRaw = async ({ port, password, database = 'app', parameters }: RawLogin): Promise<RawClient> => {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  const decode = createBackendDecoder(16 * 1024 * 1024);
  const heard: BackendMessage[] = [];
  socket.on('data', (bytes: Uint8Array) => heard.push(...decode(bytes)));
  await once(socket, 'connect');
  const count = (): number => heard.filter(({ type }) => type === 'ready').length;
  const ask: RawClient['ask'] = async (...messages) => {
    const [from, ready] = [heard.length, count()];
    socket.write(Buffer.concat(messages));
    await until(() => count() > ready || socket.destroyed);
    return heard.slice(from);
  };
  await ask(encodeStartup({ ...parameters, user: 'billing', database }), encodePassword(password));
  return {
    socket,
    heard,
    send: (...messages) => void socket.write(Buffer.concat(messages)),
    ask,
    query: (text) => ask(encodeQuery(text)),
    run: (text, ...given) =>
      ask(
        encodeParse(
          text,
          '',
          given.map(({ type }) => type),
        ),
        encodeBind({ parameters: given.map(({ format, value }) => ({ format, value })) }),
        encodeExecute(),
        encodeSync(),
      ),
    async pipeline(...groups) {
      const [from, ready] = [heard.length, count()];
      const messages = groups.flatMap((texts) => [
        ...texts.flatMap((text) => [encodeParse(text), encodeBind(), encodeExecute()]),
        encodeSync(),
      ]);
      socket.write(Buffer.concat(messages));
      await until(() => count() >= ready + groups.length || socket.destroyed);
      const answers: BackendMessage[][] = [[]];
      for (const message of heard.slice(from)) {
        answers.at(-1)?.push(message);
        if (message.type === 'ready') answers.push([]);
      }
      return answers.slice(0, groups.length);
    },
    async hears(wanted) {
      let found = heard.find(wanted);
      await until(() => (found = heard.find(wanted)) !== undefined);
      if (found === undefined) throw new Error('not heard');
      return found;
    },
    end: () => void socket.end(),
  };
};

/** What an answer ended with: a tag, or the SQLSTATE of its error. */
export const endOf = (messages: readonly BackendMessage[]): string => {
  for (const message of messages) {
    if (message.type === 'error') return message.fields.get('C') ?? '';
    if (message.type === 'complete') return message.tag;
  }
  return 'nothing';
};
