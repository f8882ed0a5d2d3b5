import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { connect } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { SignedTicket, TicketAnswer, TicketKind } from '@sallyport/contracts';
import { tlsMaterial } from './node.js';
import { listen, systemClock } from '@sallyport/runtime';
import { createAgentWarmSocket, ticketBytes } from '@sallyport/tunnel';
import type { WarmStep } from '@sallyport/tunnel';
import { until } from '@sallyport/testing';
import { createTestAuthority, signedByPeer } from '../testing/authority.js';
import type { TestAuthority, TestNode } from '../testing/authority.js';
import { createTunnelServer } from './tunnel-listener.js';
import { createTunnels } from './tunnels.js';
import type { OpenTarget, OpenedTarget, Tunnels } from './tunnels.js';

let authority: TestAuthority;
beforeAll(async () => {
  authority = await createTestAuthority();
});

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

const start = async ({
  mostStrangers,
  ...more
}: { readonly patience?: number; readonly mostStrangers?: number } = {}): Promise<{
  readonly tunnels: Tunnels;
  readonly port: number;
  readonly node: TestNode;
}> => {
  const node = await authority.node('gate-1');
  let count = 0;
  const tunnels = createTunnels({
    clock: systemClock,
    id: () => `tkt_${(count += 1)}`,
    random: (length) => randomBytes(length),
    proxy: () => node.name,
    ...more,
  });
  const { server, renewed } = createTunnelServer({
    tunnels,
    node,
    ...(mostStrangers === undefined ? {} : { mostStrangers }),
  });
  node.onRenewed(renewed);
  const port = await listen(server, {
    variable: 'SALLYPORT_TUNNEL_LISTEN',
    address: { host: '127.0.0.1', port: 0 },
    report: () => undefined,
  });
  closers.push(
    () => tunnels.close(),
    () => void server.close(),
  );
  return { tunnels, port, node };
};

type Reply = (ticket: SignedTicket, socket: TLSSocket) => TicketAnswer | 'hang up';

/** One warm socket of an agent; what comes after `opened` is echoed. */
const dial = async (
  port: number,
  name: string,
  reply: Reply,
  kind: 'agent' | 'proxy' = 'agent',
): Promise<TLSSocket> => {
  const tls = tlsMaterial(await authority.issue(kind, name));
  const socket = connect({ host: '127.0.0.1', port, ...tls });
  closers.push(() => socket.destroy());
  socket.on('error', () => undefined);
  const machine = createAgentWarmSocket();
  const perform = (steps: readonly WarmStep[]): void => {
    for (const step of steps) {
      if (step.kind === 'write') socket.write(step.bytes);
      else if (step.kind === 'raw') socket.write(Buffer.from(`echo ${Buffer.from(step.bytes).toString()}`));
      else if (step.kind === 'close') socket.end();
      else if (step.kind === 'ticket') {
        const answer = reply(SignedTicket.decode(step.payload), socket);
        if (answer === 'hang up') socket.destroy();
        else perform(machine.answer(TicketAnswer.encode(answer).finish(), answer.outcome?.$case === 'opened'));
      }
    }
  };
  socket.on('data', (bytes: Uint8Array) => perform(machine.feed(bytes)));
  await once(socket, 'secureConnect');
  return socket;
};

const opened = (trailing = ''): TicketAnswer => ({
  outcome: {
    $case: 'opened',
    value: {
      parameters: { server_version: '18' },
      protocolVersion: 196608,
      transaction: 'idle',
      cancelHandle: 'h1',
      trailing: Buffer.from(trailing),
    },
  },
});
const notOpened = (message: string, code = 'unreachable'): TicketAnswer => ({
  outcome: { $case: 'notOpened', value: { code, message } },
});
const target = (...agents: readonly string[]): OpenTarget => ({
  connection: 'billing',
  database: 'app',
  session: 'ses_1',
  parameters: { application_name: 'x' },
  agents,
});

/** As an agent checks it: by the key of the certificate at the other end of this very socket. */
const isSigned = ({ ticket, signature }: SignedTicket, socket: TLSSocket): boolean => {
  if (ticket === undefined) return false;
  const { sessionId, kind, ...same } = ticket;
  const isOpen = kind === TicketKind.TICKET_KIND_OPEN;
  const fields = { ...same, session: sessionId, kind: isOpen ? 'open' : 'cancel' } as const;
  return signedByPeer(socket, ticketBytes(fields), signature);
};

const wordOf = (result: OpenedTarget): string => (result.kind === 'opened' ? result.agent : result.refusal.code);

describe('tunnels', () => {
  test('a signed ticket opens a warm socket, and then bytes flow', async () => {
    const { tunnels, port } = await start();
    const tickets: SignedTicket[] = [];
    const good: boolean[] = [];
    await dial(port, 'a', (signed, socket) => {
      tickets.push(signed);
      good.push(isSigned(signed, socket));
      return opened('ahead');
    });
    await until(() => tunnels.agents.get('a') === 1);
    const result = await tunnels.open(target('a'));
    expect(result).toMatchObject({
      kind: 'opened',
      agent: 'a',
      greeting: { transaction: 'idle', parameters: { server_version: '18' } },
    });
    expect(good).toEqual([true]);
    expect(tickets[0]?.ticket).toMatchObject({
      connection: 'billing',
      database: 'app',
      sessionId: 'ses_1',
      proxy: 'gate-1',
      agent: 'a',
    });
    if (result.kind !== 'opened') return;
    expect(Buffer.from(result.greeting.trailing).toString()).toBe('ahead');
    const heard: string[] = [];
    result.pipe.attach({
      data: (bytes) => heard.push(Buffer.from(bytes).toString()),
      drain: () => undefined,
      end: () => heard.push('end'),
    });
    result.pipe.write(Buffer.from('hello'));
    await until(() => heard.length > 0);
    expect(heard).toEqual(['echo hello']);
    expect(tunnels.agents.size).toBe(0);
  });

  test('no agent, and agents of other connections, are the same', async () => {
    const { tunnels, port } = await start();
    await dial(port, 'other', () => opened());
    await until(() => tunnels.agents.size === 1);
    expect(wordOf(await tunnels.open(target('a')))).toBe('no_agent');
  });

  test('a certificate of another kind does not come in', async () => {
    const { tunnels, port } = await start();
    const socket = await dial(port, 'gate-2', () => opened(), 'proxy');
    await once(socket, 'close');
    expect(tunnels.agents.size).toBe(0);
  });

  test('strangers who show no certificate fill their own places and no agent’s, and leave none taken behind', async () => {
    const { tunnels, port } = await start({ mostStrangers: 5 });
    const strangers = Array.from({ length: 8 }, () => connectTcp(port, '127.0.0.1').on('error', () => undefined));
    closers.push(() => strangers.forEach((each) => each.destroy()));
    await until(() => strangers.filter(({ closed }) => closed).length === 3);
    for (const each of strangers) each.destroy();
    // Each way to leave, often: shaken hands, none, and a certificate of somebody else.
    for (let round = 0; round < 12; round++) {
      const agent = await dial(port, 'a', () => opened());
      await until(() => tunnels.agents.get('a') === 1);
      agent.destroy();
      await until(() => tunnels.agents.size === 0);
      const silent = connectTcp(port, '127.0.0.1').on('error', () => undefined);
      await once(silent, 'connect');
      silent.destroy();
      const wrong = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }).on('error', () => undefined);
      await until(() => wrong.closed);
    }
    await dial(port, 'a', () => opened());
    await until(() => tunnels.agents.get('a') === 1);
  });

  test('one agent that cannot open the target gives way to the next', async () => {
    const { tunnels, port } = await start({ patience: 50 });
    await dial(port, 'a', () => notOpened('connection refused'));
    await dial(port, 'b', () => opened());
    await until(() => tunnels.agents.size === 2);
    expect(wordOf(await tunnels.open(target('a', 'b')))).toBe('b');
    expect(await tunnels.open(target('a', 'b'))).toMatchObject({ refusal: { code: 'no_agent' } });
  });

  test.each([
    ['unreachable', { cause: 'unreachable' }],
    ['', undefined],
    ['a\nb', undefined],
    ['x'.repeat(41), undefined],
  ])(
    'the agent’s words for a target that is down reach the caller; its cause %j where it is one',
    async (code, facts) => {
      const { tunnels, port } = await start();
      await dial(port, 'a', () => notOpened('connection refused', code));
      await until(() => tunnels.agents.size === 1);
      const answer = await tunnels.open(target('a'));
      expect(answer).toEqual({
        kind: 'refused',
        refusal: {
          code: 'target_unavailable',
          message: 'connection refused',
          ...(facts === undefined ? {} : { facts }),
        },
      });
    },
  );

  test('a socket that dies under the ticket is lost, and the session is told', async () => {
    const { tunnels, port } = await start();
    await dial(port, 'a', () => 'hang up');
    await until(() => tunnels.agents.size === 1);
    expect(wordOf(await tunnels.open(target('a')))).toBe('target_unavailable');
  });

  test('a cancel goes to the agent of the session, with its handle', async () => {
    const { tunnels, port } = await start();
    const seen: (SignedTicket['ticket'] | undefined)[] = [];
    const reply: Reply = ({ ticket }) => {
      seen.push(ticket);
      return ticket?.kind === TicketKind.TICKET_KIND_CANCEL ? { outcome: { $case: 'cancelled', value: {} } } : opened();
    };
    await dial(port, 'a', reply);
    await dial(port, 'a', reply);
    await until(() => tunnels.agents.get('a') === 2);
    const result = await tunnels.open(target('a'));
    if (result.kind === 'opened') result.cancel();
    await until(() => seen.length === 2);
    expect(seen[1]).toMatchObject({ kind: TicketKind.TICKET_KIND_CANCEL, cancelHandle: 'h1', sessionId: 'ses_1' });
  });

  test('more clients than sockets wait for the next one; what an agent left for good is not waited for', async () => {
    const { tunnels, port } = await start();
    const socket = await dial(port, 'a', () => opened());
    await until(() => tunnels.agents.get('a') === 1);
    const first = tunnels.open(target('a'));
    const second = tunnels.open(target('b', 'a'));
    const third = tunnels.open(target('a'));
    expect(wordOf(await first)).toBe('a');
    const told: string[] = [];
    void second.then(() => told.push('second'));
    void third.then(() => told.push('third'));
    await dial(port, 'a', () => opened());
    expect(wordOf(await second)).toBe('a');
    await dial(port, 'a', () => opened());
    expect(wordOf(await third)).toBe('a');
    expect(told).toEqual(['second', 'third']);
    socket.destroy();
    expect(wordOf(await tunnels.open(target('c')))).toBe('no_agent');
  });

  test('an agent that does not come back in time is told as one that is not there', async () => {
    const { tunnels, port } = await start({ patience: 50 });
    await dial(port, 'a', () => opened());
    await until(() => tunnels.agents.get('a') === 1);
    await tunnels.open(target('a'));
    expect(wordOf(await tunnels.open(target('a')))).toBe('no_agent');
  });

  test('a cancel waits for a socket too', async () => {
    const { tunnels, port } = await start();
    const cancelled: string[] = [];
    const reply: Reply = ({ ticket }) => {
      if (ticket?.kind !== TicketKind.TICKET_KIND_CANCEL) return opened();
      cancelled.push(ticket.cancelHandle);
      return { outcome: { $case: 'cancelled', value: {} } };
    };
    await dial(port, 'a', reply);
    await until(() => tunnels.agents.get('a') === 1);
    const result = await tunnels.open(target('a'));
    if (result.kind === 'opened') result.cancel();
    await dial(port, 'a', reply);
    await until(() => cancelled.length === 1);
    expect(cancelled).toEqual(['h1']);
  });

  test('after a renewal, sockets that wait are asked with the key that their end knows, new ones with the new one', async () => {
    const { tunnels, port, node } = await start();
    const asked: string[] = [];
    const dialUnder = async (certificate: string): Promise<void> => {
      await dial(port, 'a', (signed, socket) => {
        if (!isSigned(signed, socket)) return notOpened('bad ticket');
        asked.push(certificate);
        return opened();
      });
    };
    const { certificate: first } = node.credentials;
    await dialUnder(first);
    await dialUnder(first);
    await until(() => tunnels.agents.get('a') === 2);
    await node.renew();
    expect(wordOf(await tunnels.open(target('a')))).toBe('a');
    await node.renew();
    const { certificate: last } = node.credentials;
    await dialUnder(last);
    await until(() => tunnels.agents.get('a') === 2);
    expect(wordOf(await tunnels.open(target('a')))).toBe('a');
    expect(wordOf(await tunnels.open(target('a')))).toBe('a');
    expect(asked).toEqual([first, first, last]);
    expect(first).not.toBe(last);
  });
});
