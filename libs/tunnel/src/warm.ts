import { refuse } from '@sallyport/kernel';
import type { Refusal } from '@sallyport/kernel';
import { createFrameDecoder, encodeFrame, maxPayload } from './frame.js';
import type { Frame } from './frame.js';

/**
 * Both ends of one warm socket, sans-I/O. The agent dials; the proxy takes the socket when it needs it.
 *
 *     proxy: idle -> ticketed -> raw | closed        agent: idle -> ticketed -> raw | closed
 *
 * Keep-alive (ping, pong) only lives in `idle`: once a ticket is on its way the socket belongs to one session.
 */
export type WarmState = 'idle' | 'ticketed' | 'raw' | 'closed';

export type WarmStep =
  | { readonly kind: 'write'; readonly bytes: Uint8Array }
  /** To the agent: a ticket came. Check it, dial, then call `answer`. */
  | { readonly kind: 'ticket'; readonly payload: Uint8Array }
  /** To the proxy: the agent's answer. Read it, then call `open` or `close`. */
  | { readonly kind: 'answer'; readonly payload: Uint8Array }
  /** The target's own bytes (at the proxy) or the client's (at the agent). */
  | { readonly kind: 'raw'; readonly bytes: Uint8Array }
  | { readonly kind: 'close'; readonly refusal: Refusal | undefined };

interface WarmEnd {
  readonly state: WarmState;
  feed(bytes: Uint8Array): readonly WarmStep[];
  /** The other end hung up. */
  end(): readonly WarmStep[];
}

export interface ProxyWarmSocket extends WarmEnd {
  /** Called by a timer while idle. Closes a socket whose last ping nobody answered. */
  ping(): readonly WarmStep[];
  /** Takes the socket for one session. Only once, only while idle. */
  ticket(payload: Uint8Array): readonly WarmStep[];
  /** The answer says opened: bytes that came behind it are the target's, and are handed out now. */
  open(): readonly WarmStep[];
  /** The answer says anything else, or cannot be read. */
  close(): readonly WarmStep[];
}

export interface AgentWarmSocket extends WarmEnd {
  /** `opened`: from here the socket is raw, and bytes that the client sent ahead are handed out. */
  answer(payload: Uint8Array, opened: boolean): readonly WarmStep[];
}

/** Bytes of a client that are kept at the agent between ticket and answer; an honest proxy sends none. */
const heldBytes = 1024 * 1024;
const nothing: readonly WarmStep[] = [];

/** State and rules that both ends share; `onFrame` is what differs. */
const createEnd = (onFrame: (frame: Frame, machine: Machine) => readonly WarmStep[]): Machine => {
  const decoder = createFrameDecoder();
  let held = 0;
  const machine: Machine = {
    state: 'idle',
    paused: false,
    violate: (message) => machine.finish(refuse('protocol_violation', message)),
    finish(refusal) {
      if (machine.state === 'closed') return nothing;
      machine.state = 'closed';
      decoder.rest();
      return [{ kind: 'close', refusal }];
    },
    turnRaw() {
      machine.state = 'raw';
      const rest = decoder.rest();
      return rest.length === 0 ? nothing : [{ kind: 'raw', bytes: rest }];
    },
    feed(bytes) {
      if (machine.state === 'closed' || bytes.length === 0) return nothing;
      if (machine.state === 'raw') return [{ kind: 'raw', bytes }];
      decoder.push(bytes);
      if (machine.paused) return hold(bytes.length);
      const steps: WarmStep[] = [];
      while (!machine.paused && isFramed(machine)) {
        const read = decoder.read();
        if (read.kind === 'incomplete') break;
        steps.push(...(read.kind === 'refused' ? machine.finish(read.refusal) : onFrame(read.frame, machine)));
      }
      return steps;
    },
  };
  const hold = (count: number): readonly WarmStep[] => {
    held += count;
    return held > heldBytes ? machine.finish(refuse('limit_exceeded', 'too much came before the answer')) : nothing;
  };
  return machine;
};

interface Machine {
  state: WarmState;
  /** No frame may follow: what comes now is kept for the raw state. */
  paused: boolean;
  violate(message: string): readonly WarmStep[];
  finish(refusal: Refusal | undefined): readonly WarmStep[];
  turnRaw(): readonly WarmStep[];
  feed(bytes: Uint8Array): readonly WarmStep[];
}

const isFramed = (machine: Machine): boolean => machine.state === 'idle' || machine.state === 'ticketed';

const empty = new Uint8Array(0);
const hungUp = (machine: Machine): readonly WarmStep[] =>
  machine.finish(
    machine.state === 'ticketed'
      ? refuse('target_unavailable', 'the other end of the tunnel left before it answered')
      : undefined,
  );

export const createProxyWarmSocket = (): ProxyWarmSocket => {
  let unanswered = false;
  const machine = createEnd((frame, { state, violate }) => {
    // A pong may cross with the ticket: it answers a ping that was sent while idle, once.
    if (frame.kind === 'pong' && unanswered) {
      unanswered = false;
      return nothing;
    }
    if (frame.kind !== 'answer' || state !== 'ticketed') return violate(`a ${frame.kind} frame where none is due`);
    machine.paused = true;
    return [{ kind: 'answer', payload: frame.payload }];
  });
  return {
    get state() {
      return machine.state;
    },
    feed: machine.feed,
    end: () => hungUp(machine),
    ping() {
      if (machine.state !== 'idle') return nothing;
      if (unanswered) return machine.finish(refuse('no_agent', 'the agent did not answer a keep-alive'));
      unanswered = true;
      return [{ kind: 'write', bytes: encodeFrame({ kind: 'ping', payload: empty }) }];
    },
    ticket(payload) {
      if (machine.state !== 'idle') return machine.violate('this socket is taken');
      if (payload.length > maxPayload) return machine.finish(refuse('limit_exceeded', 'the ticket is too long'));
      machine.state = 'ticketed';
      return [{ kind: 'write', bytes: encodeFrame({ kind: 'ticket', payload }) }];
    },
    open: () =>
      machine.paused && machine.state === 'ticketed' ? machine.turnRaw() : machine.violate('nothing was answered yet'),
    close: () => machine.finish(undefined),
  };
};

export const createAgentWarmSocket = (): AgentWarmSocket => {
  const machine = createEnd((frame, { state, violate }) => {
    if (state !== 'idle') return violate(`a ${frame.kind} frame where none is due`);
    if (frame.kind === 'ping') return [{ kind: 'write', bytes: encodeFrame({ kind: 'pong', payload: empty }) }];
    if (frame.kind !== 'ticket') return violate(`a ${frame.kind} frame where none is due`);
    machine.state = 'ticketed';
    machine.paused = true;
    return [{ kind: 'ticket', payload: frame.payload }];
  });
  return {
    get state() {
      return machine.state;
    },
    feed: machine.feed,
    end: () => hungUp(machine),
    answer(payload, opened) {
      // The proxy may have left while the target was being dialled.
      if (machine.state === 'closed') return nothing;
      if (machine.state !== 'ticketed') return machine.violate('nobody asked');
      if (payload.length > maxPayload) return machine.finish(refuse('limit_exceeded', 'the answer is too long'));
      const written: WarmStep = { kind: 'write', bytes: encodeFrame({ kind: 'answer', payload }) };
      return [written, ...(opened ? machine.turnRaw() : machine.finish(undefined))];
    },
  };
};
