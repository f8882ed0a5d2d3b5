import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { refuse } from '@sallyport/kernel';
import type { Protocol } from '@sallyport/kernel';
import { defaultLimits } from '@sallyport/protocol-core';
import type { ListenAddress } from '@sallyport/runtime';
import { createClientPipe } from './client-pipe.js';
import { createAnswerer } from './decide.js';
import { drive } from './drive.js';
import type { Gate } from './gate.js';
import { proveByToken } from './login.js';

export interface ListenInput {
  readonly gate: Gate;
  readonly protocol: Protocol;
  /** What is shown to clients that ask for TLS. */
  readonly tls: () => SecureContext;
  readonly report: (error: unknown, session: string) => void;
}

/** From the first byte to an open target. */
const loginPatience = 60_000;
/** Strangers who have not logged in; more are not waited for. */
const mostStrangers = 1_000;

const late = refuse('limit_exceeded', 'the login took too long');

/** One listener: every connection is one session, and no session is another one's business. */
export const createListener = ({ gate, protocol, tls, report }: ListenInput): Server => {
  let strangers = 0;
  return createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 }, (socket) => {
    if (strangers >= mostStrangers) return void socket.destroy();
    strangers += 1;
    const client = createClientPipe(socket, tls);
    const answerer = createAnswerer({
      gate,
      protocol: protocol.name,
      clientAddress: addressOf(socket),
      prove: proveByToken,
      grants: { kind: 'ask' },
      terminate: (refusal) => driven.terminate(refusal),
    });
    const known = once(() => {
      strangers -= 1;
      clearTimeout(patience);
    });
    const patience = setTimeout(() => {
      if (!answerer.opened) driven.terminate(late);
    }, loginPatience);
    socket.once('close', known);
    const session = protocol.open({
      limits: defaultLimits,
      random: (length) => randomBytes(length),
      loopback: isLoopback(socket.remoteAddress),
      tls: true,
    });
    const driven = drive({
      session,
      client,
      answerer: {
        ...answerer,
        dial: async () => {
          const dialled = await answerer.dial();
          if (dialled.kind === 'opened') known();
          return dialled;
        },
      },
      report: (error) => report(error, answerer.session),
    });
  });
};

const once = (action: () => void): (() => void) => {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    action();
  };
};

const isLoopback = (address: string | undefined): boolean =>
  address !== undefined && /^(?:::ffff:)?127\.|^::1$/.test(address);

const addressOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress ?? 'unknown'}:${remotePort ?? 0}`;

/** The port that it listens on. */
export const listenOn = (server: Server, { host, port }: ListenAddress): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
