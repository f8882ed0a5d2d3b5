import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { refuse } from '@sallyport/kernel';
import type { Protocol, Refusal } from '@sallyport/kernel';
import { defaultLimits } from '@sallyport/protocol-core';
import { createClientPipe } from './client-pipe.js';
import { createAnswerer } from './decide.js';
import { sha256 } from './digest.js';
import { drive } from './drive.js';
import type { Driven } from './drive.js';
import type { Gate } from './gate.js';
import { proveByToken } from './login.js';
import { createStrangers } from './strangers.js';
import type { StrangerLimits } from './strangers.js';

export interface ListenInput {
  readonly gate: Gate;
  readonly protocol: Protocol;
  /** What is shown to clients that ask for TLS. */
  readonly tls: () => SecureContext;
  readonly report: (error: unknown, session: string) => void;
  readonly limits: ListenLimits;
  /** Does something later, unless it is taken back. */
  readonly after?: (milliseconds: number, act: () => void) => () => void;
}

const afterAWhile = (milliseconds: number, act: () => void): (() => void) => {
  const timer = setTimeout(act, milliseconds);
  return () => clearTimeout(timer);
};

/** What somebody may use up who has not shown who it is. */
export interface ListenLimits extends StrangerLimits {
  /** From the first byte to the token, TLS and all, milliseconds. */
  readonly token: number;
  /** From the token to an open target, milliseconds. */
  readonly target: number;
}

export const loginPatience = { token: 15_000, target: 60_000 } as const;

/** The network; or a unix socket, where only this machine can be and TLS would protect nothing. */
export type Door = 'network' | 'local';

export interface ClientListener {
  /** A server that is to listen somewhere. All doors of one listener share what strangers may use up. */
  door(kind: Door): Server;
  /** Connections, with a session or without. */
  readonly connections: number;
  /** Takes no more clients, and sends those away who have not logged in. */
  close(refusal: Refusal): void;
}

const options = {
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: 30_000,
  // A client that has said all it will may still hear the answer.
  allowHalfOpen: true,
} as const;

const late = refuse('limit_exceeded', 'the login took too long');
const crowded = refuse('limit_exceeded', 'too many clients are logging in: this one took longest', {
  hint: 'Connect again.',
});

/** Every connection is one session, and no session is another one's business. */
export const createListener = ({
  gate,
  protocol,
  tls,
  report,
  limits,
  after = afterAWhile,
}: ListenInput): ClientListener => {
  const strangers = createStrangers<Driven>(limits);
  /** On their way in: strangers, and callers whose target is being opened. */
  const entering = new Set<Driven>();
  const servers: Server[] = [];
  let connections = 0;
  const take = (door: Door, socket: Socket): void => {
    connections += 1;
    const local = door === 'local';
    const client = createClientPipe(socket, tls);
    const answerer = createAnswerer({
      gate,
      protocol: protocol.name,
      clientAddress: local ? 'local' : addressOf(socket),
      prove: proveByToken,
      grants: { kind: 'ask' },
      terminate: (refusal) => driven.terminate(refusal),
    });
    const within = (patience: number): (() => void) =>
      after(patience, () => {
        if (!answerer.opened) driven.terminate(late);
      });
    let inTime = within(limits.token);
    const inside = (): void => {
      entering.delete(driven);
      inTime();
    };
    socket.once('close', () => {
      connections -= 1;
      known();
      inside();
    });
    const session = protocol.open({
      limits: defaultLimits,
      random: (length) => randomBytes(length),
      digest: sha256,
      loopback: local || isLoopback(socket.remoteAddress),
      tls: !local,
    });
    const driven = drive({
      session,
      client,
      answerer: {
        ...answerer,
        ask(id, question, inform) {
          if (question.kind === 'login') {
            inTime();
            inTime = within(limits.target);
          }
          return answerer.ask(id, question, inform);
        },
        dial: async () => {
          // It has shown who it is: a flood of others does not push it out.
          known();
          const dialled = await answerer.dial();
          if (dialled.kind === 'opened') inside();
          return dialled;
        },
      },
      report: (error) => report(error, answerer.session),
    });
    entering.add(driven);
    const address = local ? 'local' : (socket.remoteAddress ?? 'unknown');
    const known = strangers.admit(address, driven, (oldest) => oldest.terminate(crowded));
  };
  return {
    door(kind) {
      const server = createServer(options, (socket) => take(kind, socket));
      servers.push(server);
      return server;
    },
    get connections() {
      return connections;
    },
    close(refusal) {
      for (const server of servers) server.close();
      for (const each of [...entering]) each.terminate(refusal);
    },
  };
};

const isLoopback = (address: string | undefined): boolean =>
  address !== undefined && /^(?:::ffff:)?127\.|^::1$/.test(address);

const addressOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress ?? 'unknown'}:${remotePort ?? 0}`;
