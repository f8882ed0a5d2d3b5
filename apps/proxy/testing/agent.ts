import type { Duplex } from 'node:stream';
import { connect } from 'node:tls';
import { SignedTicket, TicketAnswer, TicketKind } from '@sallyport/contracts';
import type { NodeCredentials } from '@sallyport/pki';
import { createAgentWarmSocket, ticketBytes } from '@sallyport/tunnel';
import type { WarmStep } from '@sallyport/tunnel';
import { tlsMaterial } from '../src/node.js';
import type { TargetGreeting } from '@sallyport/kernel';
import { signedByPeer } from './authority.js';

export interface TestAgent {
  stop(): void;
}

/** How a target is opened; only a spec may hand in the real one, for the proxy itself never logs in to a target. */
export type OpenTarget = (target: {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly tls: 'disable';
  readonly parameters: Readonly<Record<string, string>>;
}) => Promise<{ readonly stream: Duplex; readonly greeting: TargetGreeting; cancel(): Promise<void> }>;

export interface TestAgentOptions {
  readonly port: number;
  readonly credentials: NodeCredentials;
  readonly target: { readonly host: string; readonly port: number; readonly user: string; readonly password: string };
  readonly open: OpenTarget;
  readonly warm?: number;
}

/** An agent in the test's process: real mTLS, real tickets, a real login at the target. */
export const startTestAgent = ({ port, credentials, target, open, warm = 2 }: TestAgentOptions): TestAgent => {
  const cancels = new Map<string, () => Promise<void>>();
  const sockets = new Set<Duplex>();
  let stopped = false;

  const dial = (): void => {
    if (stopped) return;
    const socket = connect({ host: '127.0.0.1', port, ...tlsMaterial(credentials) });
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    const machine = createAgentWarmSocket();
    let stream: Duplex | undefined;
    const perform = (steps: readonly WarmStep[]): void => {
      for (const step of steps) {
        if (step.kind === 'write') socket.write(step.bytes);
        else if (step.kind === 'raw') stream?.write(step.bytes);
        else if (step.kind === 'close') socket.end();
        else void answer(SignedTicket.decode(step.payload));
      }
    };
    const say = (outcome: NonNullable<TicketAnswer['outcome']>): void =>
      perform(machine.answer(TicketAnswer.encode({ outcome }).finish(), outcome.$case === 'opened'));

    const answer = async ({ ticket, signature }: SignedTicket): Promise<void> => {
      dial();
      if (ticket === undefined) return void socket.destroy();
      const { sessionId, kind, ...same } = ticket;
      const isOpen = kind === TicketKind.TICKET_KIND_OPEN;
      const fields = { ...same, session: sessionId, kind: isOpen ? 'open' : 'cancel' } as const;
      if (!signedByPeer(socket, ticketBytes(fields), signature)) return void socket.destroy();
      if (!isOpen) {
        await cancels.get(ticket.cancelHandle)?.();
        return say({ $case: 'cancelled', value: {} });
      }
      try {
        const opened = await open({
          host: target.host,
          port: target.port,
          user: target.user,
          password: target.password,
          database: ticket.database,
          tls: 'disable',
          parameters: ticket.parameters,
        });
        const { greeting } = opened;
        stream = opened.stream;
        cancels.set(ticket.id, () => opened.cancel());
        const value = {
          parameters: { ...greeting.parameters },
          protocolVersion: 196608,
          transaction: greeting.transaction,
          cancelHandle: ticket.id,
          trailing: Buffer.from(greeting.trailing),
        };
        say({ $case: 'opened', value });
        opened.stream.pipe(socket);
        opened.stream.on('error', () => socket.destroy());
        opened.stream.resume();
      } catch (error) {
        const message = error instanceof Error ? error.message : 'no target';
        say({ $case: 'notOpened', value: { code: 'target_unavailable', message } });
      }
    };
    socket.on('data', (bytes: Uint8Array) => perform(machine.feed(bytes)));
    socket.on('end', () => stream?.end());
    socket.on('close', () => stream?.destroy());
  };
  for (let count = 0; count < warm; count += 1) dial();
  return {
    stop() {
      stopped = true;
      for (const socket of sockets) socket.destroy();
    },
  };
};
