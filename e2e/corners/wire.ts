import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { createBackendDecoder, encodePassword, encodeStartup } from '@sallyport/postgres';
import type { BackendMessage } from '@sallyport/postgres';
import { until } from '@sallyport/testing';
import type { Way } from './scene.js';

/** PostgreSQL message by message, over a real socket: what no library lets a test choose. */
export interface Wire {
  readonly way: Way;
  readonly socket: Socket;
  readonly heard: readonly BackendMessage[];
  send(...messages: readonly Uint8Array[]): void;
  /** Sends, waits until what was answered reads like this, and gives it. */
  ask(shown: RegExp, ...messages: readonly Uint8Array[]): Promise<string>;
  /** Everything that was heard since the last `ask`, once it reads like this. */
  hears(shown: RegExp): Promise<string>;
  /** Everything up to the end of the connection. */
  end(): Promise<string>;
  /** What a cancel needs: the body of BackendKeyData. */
  readonly key: Uint8Array;
}

export interface WireOptions {
  readonly version?: number;
  readonly startup?: Readonly<Record<string, string>>;
  /** Do not log in: the start-up packet is sent, and what comes is the caller's. */
  readonly stranger?: boolean;
  /** A half-open socket: its end is ours to say. */
  readonly allowHalfOpen?: boolean;
}

/** A message is held whole to be decoded; longer ones have a test of their own. */
const longest = 64 * 1024 * 1024;
export const ready = /Z\(\w+\)$/;

export const dial = async (way: Way, allowHalfOpen = false): Promise<Socket> => {
  const { host, port, localAddress, path } = way;
  const place = path === undefined ? { host, port, ...(localAddress === undefined ? {} : { localAddress }) } : { path };
  const socket = connect({ ...place, allowHalfOpen });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
};

export const connectWire = async (way: Way, options: WireOptions = {}): Promise<Wire> => {
  const socket = await dial(way, options.allowHalfOpen);
  const decode = createBackendDecoder(longest);
  const heard: BackendMessage[] = [];
  let told = 0;
  let over = false;
  socket.on('data', (bytes: Uint8Array) => heard.push(...decode(bytes)));
  socket.once('end', () => (over = true)).once('close', () => (over = true));
  const since = (): string => transcript(heard.slice(told));
  const take = (): string => {
    const text = since();
    told = heard.length;
    return text;
  };
  const hears = async (shown: RegExp): Promise<string> => {
    await until(() => shown.test(since()) || over, `${way.name} says ${shown}`);
    return take();
  };
  const wire: Wire = {
    way,
    socket,
    heard,
    send: (...messages) => void socket.write(Buffer.concat(messages)),
    ask(shown, ...messages) {
      socket.write(Buffer.concat(messages));
      return hears(shown);
    },
    hears,
    async end() {
      await until(() => over, `${way.name} hangs up`);
      return take();
    },
    get key() {
      const found = heard.find((message) => message.type === 'other' && message.letter === 'K');
      return found?.type === 'other' ? found.body : new Uint8Array(0);
    },
  };
  socket.write(encodeStartup({ ...options.startup, user: way.user, database: 'app' }, options.version));
  if (options.stranger === true) return wire;
  await wire.hears(/R/);
  await wire.ask(ready, encodePassword(way.password));
  return wire;
};

/** What a server said, so that two servers can be held against each other: no numbers of processes, no source lines. */
export const transcript = (messages: readonly BackendMessage[]): string => messages.map(word).join(' ');

const word = (message: BackendMessage): string => {
  switch (message.type) {
    case 'row':
      return `D(${message.values.map((value) => (value === null ? 'NULL' : textOf(value))).join(',')})`;
    case 'description':
      return `T(${message.columns.map(({ name, type, format }) => `${name}:${type}${format === 'binary' ? 'b' : ''}`).join(',')})`;
    case 'complete':
      return `C(${message.tag})`;
    case 'error':
      return `E(${['V', 'C', 'M', 'D', 'H', 'P'].map((field) => message.fields.get(field) ?? '').join('|')})`;
    case 'notice':
      return `N(${message.fields.get('C') ?? ''}|${message.fields.get('M') ?? ''})`;
    case 'parameter':
      return `S(${message.name}=${message.value})`;
    case 'ready':
      return `Z(${message.transaction})`;
    case 'copyData':
      return `d(${textOf(message.data)})`;
    case 'other':
      // A notification begins with the number of the process that sent it.
      if (message.letter === 'A') return `A(${textOf(message.body.subarray(4)).split('\0').slice(0, 2).join(',')})`;
      return message.letter;
  }
};

const shownLength = 200;
const textOf = (bytes: Uint8Array): string => {
  const text = Buffer.from(bytes).toString();
  return text.length > shownLength ? `${text.slice(0, shownLength)}... ${text.length}` : text;
};

/** The codes of errors alone, where texts are the gateway's own. */
export const codesOf = (text: string): string => text.replace(/E\(\w+\|(\w{5})\|[^)]*\)/g, 'E($1)');
