import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { refuse } from '@sallyport/kernel';
import type { Protocol, Refusal } from '@sallyport/kernel';
import { defaultLimits } from '@sallyport/protocol-core';
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

export interface ClientListener {
  readonly server: Server;
  /** Connections, with a session or without. */
  readonly connections: number;
  /** Takes no more clients, and sends those away who have not logged in. */
  close(refusal: Refusal): void;
}

/** From the first byte to the token, and from the token to an open target. */
const tokenPatience = 15_000;
const loginPatience = 60_000;
/** Strangers who have not logged in. One more, and the one who hesitates longest has to go. */
const mostStrangers = 1_000;

const late = refuse('limit_exceeded', 'the login took too long');
const crowded = refuse('limit_exceeded', 'too many clients are logging in: this one took longest', {
  hint: 'Connect again.',
});

/** One listener: every connection is one session, and no session is another one's business. */
export const createListener = ({ gate, protocol, tls, report }: ListenInput): ClientListener => {
  /** Oldest first. */
  const strangers = new Set<{ terminate(refusal: Refusal): void }>();
  let connections = 0;
  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 }, (socket) => {
    connections += 1;
    if (strangers.size >= mostStrangers) {
      const [oldest] = strangers;
      if (oldest !== undefined) strangers.delete(oldest);
      oldest?.terminate(crowded);
    }
    const client = createClientPipe(socket, tls);
    const answerer = createAnswerer({
      gate,
      protocol: protocol.name,
      clientAddress: addressOf(socket),
      prove: proveByToken,
      grants: { kind: 'ask' },
      terminate: (refusal) => driven.terminate(refusal),
    });
    const within = (patience: number): NodeJS.Timeout =>
      setTimeout(() => {
        if (!answerer.opened) driven.terminate(late);
      }, patience);
    let timer = within(tokenPatience);
    const known = (): void => {
      strangers.delete(driven);
      clearTimeout(timer);
    };
    socket.once('close', () => {
      connections -= 1;
      known();
    });
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
        ask(id, question, inform) {
          if (question.kind === 'login') {
            clearTimeout(timer);
            timer = within(loginPatience);
          }
          return answerer.ask(id, question, inform);
        },
        dial: async () => {
          const dialled = await answerer.dial();
          if (dialled.kind === 'opened') known();
          return dialled;
        },
      },
      report: (error) => report(error, answerer.session),
    });
    strangers.add(driven);
  });
  return {
    server,
    get connections() {
      return connections;
    },
    close(refusal) {
      server.close();
      for (const stranger of [...strangers]) stranger.terminate(refusal);
    },
  };
};

const isLoopback = (address: string | undefined): boolean =>
  address !== undefined && /^(?:::ffff:)?127\.|^::1$/.test(address);

const addressOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress ?? 'unknown'}:${remotePort ?? 0}`;
