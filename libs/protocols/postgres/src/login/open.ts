import type { TargetGreeting } from '@sallyport/kernel';
import type { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import { checkServerIdentity } from 'node:tls';
import type { ConnectionOptions } from 'node:tls';
import pg from 'pg';
import { LoginError, loginError } from './error.js';
import { LoginWatch, unreadable } from './watch.js';

export interface TargetOptions {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  /** `require` encrypts and trusts whoever answers; `verify-full` also proves who that is. */
  readonly tls: 'disable' | 'require' | 'verify-full';
  readonly ca?: string | undefined;
  /** The name in the target's certificate, where it is not the host. */
  readonly servername?: string | undefined;
  /** Start-up parameters, allow-listed by the session that they came through. */
  readonly parameters?: Readonly<Record<string, string>> | undefined;
  readonly connectTimeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface OpenedTarget {
  /** Logged in and idle; paused, so that no byte is lost. */
  readonly stream: Duplex;
  readonly greeting: TargetGreeting;
  /** Ask the target, on a connection of its own, to cancel what this one runs. */
  cancel(): Promise<void>;
}

/** What is used of the library's insides: its connection, and where its start-up packet is made. */
interface LibraryClient {
  readonly connection: EventEmitter & { readonly stream: Duplex };
  getStartupConf: () => Readonly<Record<string, string>>;
  password: string | null;
  readonly connectionParameters: { password: string | null };
}
interface LibraryConnection extends EventEmitter {
  readonly stream: Duplex;
  connect(port: number, host: string): void;
  requestSsl(): void;
  cancel(processId: number, secret: number): void;
}

/** A hundred times PostgreSQL's own default of 4,096 would keep a core busy for a second: a target may not ask for it. */
const mostScramIterations = 100_000;
const defaultTimeoutMs = 10_000;

export const openTarget = async (options: TargetOptions): Promise<OpenedTarget> => {
  options.signal?.throwIfAborted();
  const { host, port, database, user, password } = options;
  const client = new pg.Client({
    host,
    port,
    database,
    user,
    password,
    ssl: tlsOptions(options),
    connectionTimeoutMillis: options.connectTimeoutMs ?? defaultTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 30_000,
    // Named here, so that the environment of the process has no say.
    ...{ scramMaxIterations: mostScramIterations, sslnegotiation: 'postgres', options: ' ' },
  });
  const library = client as unknown as LibraryClient;
  // The library sends a few parameters by name; here it is exactly those that were allowed. It adds client_encoding itself.
  const { client_encoding: _always, ...parameters } = options.parameters ?? {};
  library.getStartupConf = () => ({ ...parameters, user, database });
  // After the login its stream belongs to somebody else: what befalls it then is theirs to hear.
  client.on('error', () => undefined);
  try {
    return await login(client, library, options);
  } catch (error) {
    library.connection.stream.destroy();
    throw options.signal?.aborted
      ? new LoginError('unreachable', 'opening the target was given up')
      : loginError(error);
  } finally {
    library.password = null;
    library.connectionParameters.password = null;
  }
};

/** How a target is reached: what is kept while a session lives holds no password. */
type Way = Pick<TargetOptions, 'host' | 'port' | 'tls' | 'ca' | 'servername' | 'connectTimeoutMs'>;

const wayTo = ({ host, port, tls, ca, servername, connectTimeoutMs }: TargetOptions): Way => ({
  host,
  port,
  tls,
  ca,
  servername,
  connectTimeoutMs,
});

const login = async (client: pg.Client, library: LibraryClient, options: TargetOptions): Promise<OpenedTarget> => {
  const { connection } = library;
  const way = wayTo(options);
  const watch = new LoginWatch(options.tls === 'verify-full');
  const heard = { parameters: {} as Record<string, string>, status: 'I', processId: 0, secret: 0 };
  let trailing: Uint8Array = new Uint8Array(0);
  let broken: LoginError | undefined;
  const listen = (): void => {
    const { stream } = connection;
    const answers = stream.listeners('data') as ((chunk: Buffer) => void)[];
    const done = (): void => void stream.removeAllListeners('data');
    done();
    // What is thrown out of a socket's event would end the whole process.
    stream.on('data', (chunk: Buffer) => {
      try {
        const { messages, rest } = watch.push(chunk);
        if (rest !== undefined) {
          trailing = new Uint8Array(rest);
          stream.pause();
          done();
        }
        if (messages.length > 0) for (const answer of answers) answer.call(stream, Buffer.from(messages));
      } catch (error) {
        broken = error instanceof LoginError ? error : new LoginError('target_error', unreadable);
        done();
        stream.destroy(broken);
      }
    });
  };
  if (options.tls === 'disable') connection.once('connect', listen);
  else connection.once('sslconnect', listen);
  connection.on('parameterStatus', (message: { parameterName: string; parameterValue: string }) => {
    heard.parameters[message.parameterName] = message.parameterValue;
  });
  connection.on('backendKeyData', (message: { processID: number; secretKey: number }) => {
    heard.processId = message.processID;
    heard.secret = message.secretKey;
  });
  connection.once('readyForQuery', (message: { status: string }) => {
    heard.status = message.status;
  });
  const abort = (): void => void connection.stream.destroy(new Error('aborted'));
  options.signal?.addEventListener('abort', abort, { once: true });
  try {
    await client.connect();
  } catch (error) {
    throw broken ?? error;
  } finally {
    options.signal?.removeEventListener('abort', abort);
  }
  if (!watch.ready) throw new LoginError('target_error', unreadable);
  const transaction = heard.status === 'T' ? 'open' : heard.status === 'E' ? 'failed' : 'idle';
  return {
    stream: connection.stream,
    greeting: { parameters: heard.parameters, transaction, trailing },
    cancel: () => cancel(way, heard.processId, heard.secret),
  };
};

const tlsOptions = ({ tls, ca, servername, host }: Way): ConnectionOptions | false => {
  switch (tls) {
    case 'disable':
      return false;
    case 'require':
      return { rejectUnauthorized: false };
    case 'verify-full':
      return {
        rejectUnauthorized: true,
        ...(ca === undefined ? {} : { ca }),
        checkServerIdentity: (_name, certificate) => checkServerIdentity(servername ?? host, certificate),
      };
  }
};

/** Under the same TLS rules: the key is a secret too. The target answers by hanging up. */
const cancel = async (options: Way, processId: number, secret: number): Promise<void> => {
  const Connection = pg.Connection as unknown as new (config: object) => LibraryConnection;
  const connection = new Connection({ ssl: tlsOptions(options), sslNegotiation: 'postgres' });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(
    () => reject(new LoginError('unreachable', 'the target did not take the cancel in time')),
    options.connectTimeoutMs ?? defaultTimeoutMs,
  );
  connection.on('error', (error: unknown) => reject(loginError(error)));
  connection.once('end', () => resolve());
  const send = (): void => {
    // Nothing that the target says to it is read.
    connection.stream.removeAllListeners('data').resume();
    connection.cancel(processId, secret);
  };
  connection.once('connect', options.tls === 'disable' ? send : () => connection.requestSsl());
  connection.once('sslconnect', send);
  connection.connect(options.port, options.host);
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    connection.stream.destroy();
  }
};
