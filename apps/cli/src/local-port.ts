import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { causeOf } from './cause.js';
import { Failure, exitCodes } from './failure.js';
import { logIn } from './gate-login.js';
import { openGate } from './gate.js';
import type { Gate } from './gate.js';
import { type FirstPacket, fatalError, readFirstPacket, startupFor } from './startup.js';
import type { TokenSource } from './token-source.js';

export interface LocalPortOptions {
  readonly port: number;
  readonly gate: Gate;
  readonly connection: string;
  /** Asked for each connection, so that a token may be renewed in between. */
  readonly token: TokenSource;
  readonly note: (text: string) => void;
}

export interface LocalPort {
  readonly port: number;
  /** Ends every connection, and resolves when all are gone. */
  close(): Promise<void>;
}

/** A port on this machine for clients that cannot send a token: it adds the token and moves bytes from then on. */
export async function openLocalPort(options: LocalPortOptions): Promise<LocalPort> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.once('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
  };
  const server = createServer({ noDelay: true, keepAlive: true }, (client) => {
    keep(client);
    void attend(client, options, keep).catch((error: unknown) => {
      const failure = error instanceof Failure ? error : new Failure('the connection failed');
      options.note(failure.message);
      client.end(fatalError(failure));
    });
  });
  server.listen(options.port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw new Failure(`cannot listen on 127.0.0.1:${options.port}: ${causeOf(cause).reason}`, {
      hint: 'choose another one with --port, or leave it out: any free one is taken then',
      exitCode: exitCodes.usage,
    });
  }
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

async function attend(
  client: Socket,
  { gate, connection, token }: LocalPortOptions,
  keep: (socket: Socket) => Socket,
): Promise<void> {
  const first = await firstPacket(client);
  if (first === undefined) return void client.destroy();
  const { packet, rest } = first;
  const secret = packet.kind === 'startup' ? await token() : '';
  const upstream = keep(await openGate(gate));
  client.once('close', () => upstream.destroy());
  upstream.once('close', () => client.destroySoon());
  if (client.destroyed) return void upstream.destroy();
  if (packet.kind === 'cancel') return void upstream.end(packet.bytes);
  upstream.write(startupFor(packet, connection));
  const said = await logIn(upstream, secret);
  if (said.length > 0) client.write(said);
  if (rest.length > 0) upstream.write(rest);
  client.pipe(upstream);
  upstream.pipe(client);
}

interface First {
  readonly packet: Extract<FirstPacket, { kind: 'startup' | 'cancel' }>;
  readonly rest: Buffer;
}

/** Answers requests for encryption with no (this is loopback) until the start-up or a cancel is there. */
function firstPacket(client: Socket): Promise<First | undefined> {
  return new Promise((resolve) => {
    let bytes: Buffer = Buffer.alloc(0);
    const done = (first: First | undefined): void => {
      client.off('data', onData);
      client.pause();
      resolve(first);
    };
    const onData = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk]);
      for (;;) {
        const packet = readFirstPacket(bytes);
        switch (packet.kind) {
          case 'incomplete':
            return;
          case 'invalid':
            return done(undefined);
          case 'encryption':
            bytes = bytes.subarray(packet.length);
            client.write('N');
            break;
          case 'cancel':
            return done({ packet, rest: Buffer.alloc(0) });
          case 'startup':
            return done({ packet, rest: bytes.subarray(packet.length) });
        }
      }
    };
    client.on('data', onData);
    client.once('close', () => done(undefined));
  });
}
