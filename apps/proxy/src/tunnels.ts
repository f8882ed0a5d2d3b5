import type { TLSSocket } from 'node:tls';
import { refuse } from '@sallyport/kernel';
import type { Clock, Refusal, TargetGreeting } from '@sallyport/kernel';
import { SignedTicket, TicketAnswer, TicketKind } from '@sallyport/contracts';
import { createProxyWarmSocket, ticketBytes, ticketLifetime } from '@sallyport/tunnel';
import type { TicketFields, WarmStep } from '@sallyport/tunnel';
import { createSocketPipe } from './pipe.js';
import type { Pipe } from './pipe.js';

export interface OpenTarget {
  readonly connection: string;
  readonly database: string;
  readonly session: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** Names of the agents that serve the connection. */
  readonly agents: readonly string[];
}

export type OpenedTarget =
  | {
      readonly kind: 'opened';
      readonly agent: string;
      readonly greeting: TargetGreeting;
      readonly pipe: Pipe;
      /** Stops what this session runs at the target. */
      cancel(): Promise<void>;
    }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** Byte sockets to targets, through agents that dialled in and wait. */
export interface Tunnels {
  open(target: OpenTarget): Promise<OpenedTarget>;
  /** A TLS connection whose certificate names this agent, and what signs tickets for it. */
  admit(socket: TLSSocket, agent: string, sign: Sign): void;
  readonly agents: ReadonlyMap<string, number>;
  close(): void;
}

export interface TunnelsInput {
  readonly clock: Clock;
  readonly id: () => string;
  readonly random: (length: number) => Uint8Array;
  /** This proxy, as its certificate names it. */
  readonly proxy: () => string;
  /** How long a session waits for an agent that is there but has no socket free, milliseconds. */
  readonly patience?: number;
}

type Sign = (bytes: Uint8Array) => Uint8Array;

/** The agent dials and logs in within this. */
const answerTimeout = 20_000;
const pingInterval = 15_000;
/** An agent dials anew at once when a socket is used: one that has not for so long is gone. */
const presence = 15_000;
/** An agent that goes wild fills its own pool and no more. */
const mostWarm = 64;

interface Warm {
  readonly agent: string;
  readonly socket: TLSSocket;
  readonly sign: Sign;
  readonly machine: ReturnType<typeof createProxyWarmSocket>;
  onAnswer: ((payload: Uint8Array) => void) | undefined;
  onLost: ((refusal: Refusal | undefined) => void) | undefined;
  /** The pool listens no more: the socket is somebody's. */
  release(): void;
}

interface Waiting {
  readonly agents: readonly string[];
  settle(warm: Warm | undefined): void;
}

const nobody = refuse('no_agent', 'no agent is connected for this connection', {
  hint: 'The connection is known, but no agent that serves it has a socket free at this proxy.',
});

type Answered =
  | { readonly kind: 'answer'; readonly warm: Warm; readonly answer: TicketAnswer }
  /** The socket was no good: nothing was asked of the target. */
  | { readonly kind: 'lost'; readonly refusal: Refusal };

export const createTunnels = ({ clock, id, random, proxy, patience = 5_000 }: TunnelsInput): Tunnels => {
  const pools = new Map<string, Warm[]>();
  /** When an agent last had a socket here, by the monotonic clock. */
  const seen = new Map<string, number>();
  /** Sessions for which no socket was free, in the order in which they came. */
  const waiting = new Set<Waiting>();
  let turn = 0;

  const drop = (warm: Warm): void => {
    seen.set(warm.agent, clock.monotonic());
    const rest = (pools.get(warm.agent) ?? []).filter((each) => each !== warm);
    if (rest.length === 0) pools.delete(warm.agent);
    else pools.set(warm.agent, rest);
  };

  const perform = (warm: Warm, steps: readonly WarmStep[]): void => {
    for (const step of steps) {
      if (step.kind === 'write') warm.socket.write(step.bytes);
      else if (step.kind === 'answer') warm.onAnswer?.(step.payload);
      else if (step.kind === 'close') {
        drop(warm);
        warm.socket.destroy();
        warm.onLost?.(step.refusal);
      }
    }
  };

  const ticketFor = (
    { agent, sign }: Warm,
    fields: Omit<TicketFields, 'id' | 'issuedAt' | 'expiresAt' | 'nonce' | 'proxy' | 'agent'>,
  ): Uint8Array => {
    const issuedAt = Math.trunc(clock.now());
    const ticket: TicketFields = {
      ...fields,
      agent,
      id: id(),
      issuedAt,
      expiresAt: issuedAt + ticketLifetime,
      nonce: random(24),
      proxy: proxy(),
    };
    const { session, kind, cancelHandle, ...same } = ticket;
    return SignedTicket.encode({
      ticket: {
        ...same,
        kind: kind === 'open' ? TicketKind.TICKET_KIND_OPEN : TicketKind.TICKET_KIND_CANCEL,
        sessionId: session,
        parameters: { ...ticket.parameters },
        nonce: Buffer.from(ticket.nonce),
        cancelHandle: cancelHandle ?? '',
      },
      signature: Buffer.from(sign(ticketBytes(ticket))),
    }).finish();
  };

  /** Takes a socket out of the pool and asks once. */
  const ask = (warm: Warm, payload: Uint8Array): Promise<Answered> =>
    new Promise((resolve) => {
      const timer = setTimeout(
        () => lost(refuse('target_unavailable', 'the agent did not answer in time')),
        answerTimeout,
      );
      const settle = (answered: Answered): void => {
        clearTimeout(timer);
        warm.onAnswer = undefined;
        warm.onLost = undefined;
        resolve(answered);
      };
      const lost = (refusal: Refusal | undefined): void => {
        settle({ kind: 'lost', refusal: refusal ?? refuse('no_agent', 'the agent hung up') });
        perform(warm, warm.machine.close());
      };
      warm.onLost = lost;
      warm.onAnswer = (bytes) => {
        const answer = readAnswer(bytes);
        if (answer === undefined) lost(refuse('target_unavailable', 'the agent answered with what is no answer'));
        else settle({ kind: 'answer', warm, answer });
      };
      drop(warm);
      // It may have died between being chosen and being asked.
      if (warm.machine.state !== 'idle') return lost(undefined);
      perform(warm, warm.machine.ticket(payload));
    });

  const take = (agent: string): Warm | undefined =>
    pools.get(agent)?.find(({ machine, socket }) => machine.state === 'idle' && socket.writable);

  /** The next socket of one of these agents, for those who wait in a burst of logins. `undefined`: none came. */
  const next = (agents: readonly string[]): Promise<Warm | undefined> => {
    const since = clock.monotonic() - presence;
    if (!agents.some((agent) => (seen.get(agent) ?? -Infinity) >= since)) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const settle = (warm: Warm | undefined): void => {
        clearTimeout(timer);
        waiting.delete(self);
        resolve(warm);
      };
      const self: Waiting = { agents, settle };
      const timer = setTimeout(() => settle(undefined), patience);
      waiting.add(self);
    });
  };

  const cancel = async (agent: string, target: OpenTarget, cancelHandle: string): Promise<void> => {
    if (cancelHandle === '') return;
    const warm = take(agent) ?? (await next([agent]));
    if (warm === undefined) return;
    const { connection, database, session } = target;
    const payload = ticketFor(warm, { kind: 'cancel', connection, database, session, parameters: {}, cancelHandle });
    const answered = await ask(warm, payload);
    if (answered.kind === 'answer') perform(warm, warm.machine.close());
  };

  const opened = (warm: Warm, answer: OpenedAnswer, target: OpenTarget): OpenedTarget => {
    const { socket, machine, agent } = warm;
    // Nothing is read until the session listens; what came behind the answer belongs to the session.
    socket.pause();
    warm.release();
    const pipe = createSocketPipe(socket);
    const ahead = machine.open().flatMap((step) => (step.kind === 'raw' ? [step.bytes] : []));
    return {
      kind: 'opened',
      agent,
      greeting: {
        parameters: answer.parameters,
        transaction: answer.transaction === 'open' || answer.transaction === 'failed' ? answer.transaction : 'idle',
        trailing: Buffer.concat([answer.trailing, ...ahead]),
      },
      pipe,
      cancel: () => cancel(agent, target, answer.cancelHandle).catch(() => undefined),
    };
  };

  const ping = setInterval(() => {
    for (const warm of [...pools.values()].flat()) perform(warm, warm.machine.ping());
  }, pingInterval);
  ping.unref();

  return {
    admit(socket, agent, sign) {
      const pool = pools.get(agent) ?? [];
      if (pool.length >= mostWarm) return void socket.destroy();
      const data = (bytes: Uint8Array): void => perform(warm, warm.machine.feed(bytes));
      const end = (): void => perform(warm, warm.machine.end());
      const warm: Warm = {
        agent,
        socket,
        sign,
        machine: createProxyWarmSocket(),
        onAnswer: undefined,
        onLost: undefined,
        release: () => void socket.off('data', data).off('end', end).off('close', end),
      };
      pools.set(agent, [...pool, warm]);
      socket.setNoDelay(true);
      socket.setKeepAlive(true, 30_000);
      // What follows an error is 'close'.
      socket.on('error', () => undefined);
      socket.on('data', data).on('end', end).on('close', end);
      const first = [...waiting].find(({ agents }) => agents.includes(agent));
      if (first === undefined) return;
      drop(warm);
      first.settle(warm);
    },
    async open(target) {
      let refusal = nobody;
      const start = turn++;
      // Each agent is asked once: one that is there and cannot open the target may have a neighbour that can.
      const left = target.agents.map((_, index) => target.agents[(start + index) % target.agents.length] ?? '');
      while (left.length > 0) {
        const warm = left.map(take).find((each) => each !== undefined) ?? (await next(left));
        if (warm === undefined) break;
        const { connection, database, session, parameters } = target;
        const asked = await ask(warm, ticketFor(warm, { kind: 'open', connection, database, session, parameters }));
        // A socket that died while it waited says nothing of the agent: the next one is tried.
        if (asked.kind === 'lost' && asked.refusal.code === 'no_agent') continue;
        if (asked.kind === 'answer' && asked.answer.outcome?.$case === 'opened')
          return opened(warm, asked.answer.outcome.value, target);
        if (asked.kind === 'answer') perform(warm, warm.machine.close());
        refusal = asked.kind === 'lost' ? asked.refusal : notOpened(asked.answer.outcome);
        left.splice(left.indexOf(warm.agent), 1);
      }
      return { kind: 'refused', refusal };
    },
    get agents() {
      return new Map([...pools].map(([agent, pool]) => [agent, pool.length]));
    },
    close() {
      clearInterval(ping);
      for (const each of [...waiting]) each.settle(undefined);
      for (const warm of [...pools.values()].flat()) perform(warm, warm.machine.close());
    },
  };
};

type Outcome = TicketAnswer['outcome'];
type OpenedAnswer = Extract<Outcome, { $case: 'opened' }>['value'];

const readAnswer = (bytes: Uint8Array): TicketAnswer | undefined => {
  try {
    const answer = TicketAnswer.decode(bytes);
    return answer.outcome === undefined ? undefined : answer;
  } catch {
    return undefined;
  }
};

/** The agent's own words and its stable cause, bounded: they are written for the caller and hold no secret. */
const notOpened = (outcome: Outcome): Refusal => {
  const { message = '', code = '' } = outcome?.$case === 'notOpened' ? outcome.value : {};
  const said = message === '' ? 'the agent could not open the target' : message.slice(0, 500);
  return refuse('target_unavailable', said, /^[a-z_]{1,40}$/.test(code) ? { facts: { cause: code } } : {});
};
