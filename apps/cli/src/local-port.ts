import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { encodePassword } from '@sallyport/postgres';
import { Failure, exitCodes } from './failure.js';
import { openGate } from './gate.js';
import type { Gate } from './gate.js';
import { readFirstPacket, startupFor } from './startup.js';

export interface LocalPortOptions {
  readonly port: number;
  readonly gate: Gate;
  readonly connection: string;
  /** Asked for each connection, so that a token may be renewed in between. */
  readonly token: () => Promise<string>;
  readonly note: (text: string) => void;
}

/** A port on this machine for clients that cannot send a token: it adds the token and moves bytes from then on. */
export function openLocalPort(options: LocalPortOptions): Promise<Server> {
  const server = createServer({ noDelay: true, keepAlive: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    void attend(socket, options).catch((error: unknown) => {
      options.note(error instanceof Error ? error.message : 'a connection failed');
      socket.destroy();
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new Failure(`cannot listen on 127.0.0.1:${options.port}: ${error.code ?? error.message}`, {
          hint: 'choose another one with --port',
          exitCode: exitCodes.usage,
        }),
      ),
    );
    server.listen(options.port, '127.0.0.1', () => resolve(server));
  });
}

async function attend(client: Socket, { gate, connection, token }: LocalPortOptions): Promise<void> {
  const first = await firstPacket(client);
  if (first === undefined) return void client.destroy();
  const upstream = await openGate(gate);
  upstream.on('error', () => client.destroy());
  if (first.packet.kind === 'cancel') return void upstream.end(first.packet.bytes);
  upstream.write(startupFor(first.packet, connection));
  const asked = await firstMessage(upstream);
  // Anything but "send your password in clear text" (inside TLS) is the gate's own word to the client.
  if (asked.isPasswordRequest) upstream.write(encodePassword(await token()));
  else client.write(asked.bytes);
  if (first.rest.length > 0) upstream.write(first.rest);
  client.pipe(upstream);
  upstream.pipe(client);
  client.on('close', () => upstream.destroy());
  upstream.on('close', () => client.destroySoon());
}

interface First {
  readonly packet: Extract<ReturnType<typeof readFirstPacket>, { kind: 'startup' | 'cancel' }>;
  readonly rest: Buffer;
}

/** Answers requests for encryption with no (this is loopback) until the start-up or a cancel is there. */
function firstPacket(client: Socket): Promise<First | undefined> {
  return new Promise((resolve) => {
    let bytes = Buffer.alloc(0);
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

/** AuthenticationCleartextPassword: type R, length 8, code 3. */
const passwordRequest = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]);

function firstMessage(upstream: Socket): Promise<{ readonly isPasswordRequest: boolean; readonly bytes: Buffer }> {
  return new Promise((resolve) => {
    let bytes = Buffer.alloc(0);
    const done = (): void => {
      upstream.off('data', onData);
      upstream.off('close', done);
      upstream.pause();
      resolve({ isPasswordRequest: bytes.equals(passwordRequest), bytes });
    };
    const onData = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk]);
      if (bytes.length >= passwordRequest.length) done();
    };
    upstream.on('data', onData);
    upstream.once('close', done);
  });
}
