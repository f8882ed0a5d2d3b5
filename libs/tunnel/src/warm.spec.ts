import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createAgentWarmSocket, createProxyWarmSocket, encodeFrame, maxPayload } from './index.js';
import type { FrameKind, WarmStep } from './index.js';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const frame = (kind: FrameKind, ...payload: number[]): Uint8Array => encodeFrame({ kind, payload: bytes(...payload) });
const plain = (steps: readonly WarmStep[]) =>
  steps.map((step) => {
    if (step.kind === 'close') return ['close', step.refusal?.code];
    return [step.kind, [...('bytes' in step ? step.bytes : step.payload)]];
  });

describe('the proxy’s end', () => {
  test('ticket, answer, raw; bytes behind the answer are the target’s', () => {
    const socket = createProxyWarmSocket();
    expect(plain(socket.ticket(bytes(1)))).toEqual([['write', [...frame('ticket', 1)]]]);
    expect(plain(socket.feed(Buffer.concat([frame('answer', 2), bytes(90, 91)])))).toEqual([['answer', [2]]]);
    expect(socket.feed(bytes(92))).toEqual([]);
    expect(plain(socket.open())).toEqual([['raw', [90, 91, 92]]]);
    expect(plain(socket.feed(frame('ping')))).toEqual([['raw', [...frame('ping')]]]);
    expect(socket.state).toBe('raw');
  });

  test('cut at every byte, the same answer and the same raw bytes', () => {
    const stream = Buffer.concat([frame('answer', 2, 3, 4), bytes(90, 91, 92)]);
    for (let cut = 0; cut <= stream.length; cut += 1) {
      const socket = createProxyWarmSocket();
      socket.ticket(bytes(1));
      const answers: WarmStep[] = [];
      const raw: number[] = [];
      const take = (steps: readonly WarmStep[]) => {
        for (const step of steps) {
          if (step.kind === 'answer') {
            answers.push(step);
            take(socket.open());
          } else if (step.kind === 'raw') raw.push(...step.bytes);
        }
      };
      take(socket.feed(stream.subarray(0, cut)));
      take(socket.feed(stream.subarray(cut)));
      expect(plain(answers)).toEqual([['answer', [2, 3, 4]]]);
      expect(raw).toEqual([90, 91, 92]);
    }
  });

  test('a ping that is not answered closes; one that is does not', () => {
    const socket = createProxyWarmSocket();
    expect(plain(socket.ping())).toEqual([['write', [...frame('ping')]]]);
    expect(socket.feed(frame('pong'))).toEqual([]);
    expect(socket.ping().length).toBe(1);
    expect(plain(socket.ping())).toEqual([['close', 'no_agent']]);
    expect(socket.state).toBe('closed');
  });

  test('a pong may cross with the ticket, once; no ping after the ticket', () => {
    const socket = createProxyWarmSocket();
    socket.ping();
    socket.ticket(bytes(1));
    expect(socket.ping()).toEqual([]);
    expect(plain(socket.feed(Buffer.concat([frame('pong'), frame('answer', 2)])))).toEqual([['answer', [2]]]);
    const other = createProxyWarmSocket();
    other.ticket(bytes(1));
    expect(plain(other.feed(frame('pong')))).toEqual([['close', 'protocol_violation']]);
  });

  test.each(['ticket', 'answer', 'ping', 'pong'] as const)('an agent that sends %s unasked is cut off', (kind) => {
    const socket = createProxyWarmSocket();
    expect(plain(socket.feed(frame(kind)))).toEqual([['close', 'protocol_violation']]);
    expect(socket.feed(frame(kind))).toEqual([]);
  });

  test('one socket, one ticket; too long a ticket is never sent', () => {
    const socket = createProxyWarmSocket();
    socket.ticket(bytes(1));
    expect(plain(socket.ticket(bytes(1)))).toEqual([['close', 'protocol_violation']]);
    expect(plain(createProxyWarmSocket().ticket(new Uint8Array(maxPayload + 1)))).toEqual([
      ['close', 'limit_exceeded'],
    ]);
  });

  test('not open before an answer; leaving before it is told', () => {
    const socket = createProxyWarmSocket();
    socket.ticket(bytes(1));
    expect(plain(socket.open())).toEqual([['close', 'protocol_violation']]);
    const left = createProxyWarmSocket();
    left.ticket(bytes(1));
    expect(plain(left.end())).toEqual([['close', 'target_unavailable']]);
    expect(left.end()).toEqual([]);
    expect(plain(createProxyWarmSocket().end())).toEqual([['close', undefined]]);
  });

  test('a flood behind the answer is bounded', () => {
    const socket = createProxyWarmSocket();
    socket.ticket(bytes(1));
    socket.feed(frame('answer'));
    let closed = false;
    for (let turn = 0; turn < 40 && !closed; turn += 1) closed = socket.feed(new Uint8Array(65536)).length > 0;
    expect(closed).toBe(true);
    expect(socket.state).toBe('closed');
  });
});

describe('the agent’s end', () => {
  test('pong while idle, ticket, answer, raw', () => {
    const socket = createAgentWarmSocket();
    expect(plain(socket.feed(frame('ping')))).toEqual([['write', [...frame('pong')]]]);
    expect(plain(socket.feed(Buffer.concat([frame('ping'), frame('ticket', 1)])))).toEqual([
      ['write', [...frame('pong')]],
      ['ticket', [1]],
    ]);
    expect(socket.feed(bytes(80))).toEqual([]);
    expect(plain(socket.answer(bytes(2), true))).toEqual([
      ['write', [...frame('answer', 2)]],
      ['raw', [80]],
    ]);
    expect(plain(socket.feed(bytes(81)))).toEqual([['raw', [81]]]);
  });

  test('refused: the answer goes out, then the socket closes and hears nothing', () => {
    const socket = createAgentWarmSocket();
    socket.feed(Buffer.concat([frame('ticket', 1), bytes(80)]));
    expect(plain(socket.answer(bytes(2), false))).toEqual([
      ['write', [...frame('answer', 2)]],
      ['close', undefined],
    ]);
    expect(socket.feed(bytes(81))).toEqual([]);
  });

  test.each(['answer', 'pong'] as const)('a proxy that sends %s is cut off', (kind) => {
    expect(plain(createAgentWarmSocket().feed(frame(kind)))).toEqual([['close', 'protocol_violation']]);
  });

  test('an answer nobody asked for, or after the proxy left', () => {
    expect(plain(createAgentWarmSocket().answer(bytes(2), true))).toEqual([['close', 'protocol_violation']]);
    const socket = createAgentWarmSocket();
    socket.feed(frame('ticket', 1));
    socket.end();
    expect(socket.answer(bytes(2), true)).toEqual([]);
  });

  test('a second ticket is the client’s bytes, not a ticket', () => {
    const socket = createAgentWarmSocket();
    expect(plain(socket.feed(Buffer.concat([frame('ticket', 1), frame('ticket', 9)])))).toEqual([['ticket', [1]]]);
    expect(plain(socket.answer(bytes(2), true)).at(-1)).toEqual(['raw', [...frame('ticket', 9)]]);
  });
});

test('two ends, random chunks: what one writes raw the other reads raw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.integer({ min: 1, max: 7 }), fc.nat(3), (payload, size, pings) => {
      const proxy = createProxyWarmSocket();
      const agent = createAgentWarmSocket();
      const raw: number[] = [];
      const toProxy = (steps: readonly WarmStep[]) => {
        for (const step of steps)
          if (step.kind === 'write') chunked(step.bytes, (chunk) => fromAgent(proxy.feed(chunk)));
      };
      const toAgent = (steps: readonly WarmStep[]) => {
        for (const step of steps)
          if (step.kind === 'write') chunked(step.bytes, (chunk) => fromProxy(agent.feed(chunk)));
      };
      const fromProxy = (steps: readonly WarmStep[]) => {
        for (const step of steps) {
          if (step.kind === 'ticket') toProxy(agent.answer(bytes(1), true));
          else if (step.kind === 'raw') raw.push(...step.bytes);
          else toProxy([step]);
        }
      };
      const fromAgent = (steps: readonly WarmStep[]) => {
        for (const step of steps) if (step.kind === 'answer') proxy.open();
      };
      const chunked = (all: Uint8Array, use: (chunk: Uint8Array) => void) => {
        for (let at = 0; at < all.length; at += size) use(all.subarray(at, at + size));
      };
      for (let turn = 0; turn < pings; turn += 1) toAgent(proxy.ping());
      toAgent(proxy.ticket(bytes(5)));
      expect([proxy.state, agent.state]).toEqual(['raw', 'raw']);
      chunked(payload, (chunk) => fromProxy(agent.feed(chunk)));
      expect(raw).toEqual([...payload]);
    }),
  );
});
