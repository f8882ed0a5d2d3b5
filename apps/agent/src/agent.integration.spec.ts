import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { createServer } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { TicketAnswer } from '@sallyport/contracts';
import { peerOf } from '@sallyport/pki';
import type { NodeCredentials, Peer } from '@sallyport/pki';
import { startPostgres, until, untilRunning } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import { createNonceMemory, createProxyWarmSocket, encodeFrame } from '@sallyport/tunnel';
import type { WarmStep } from '@sallyport/tunnel';
import { connectionChunk, createTestAuthority, signedTicket, ticketFields } from '../testing/authority.js';
import type { TestAuthority } from '../testing/authority.js';
import { createCredentials } from './credentials/credentials.js';
import { createDial } from './dial.js';
import type { Dialled } from './dial.js';
import { createTargets } from './targets.js';
import { createWarmSockets } from './warm.js';
import type { WarmSockets } from './warm.js';

let postgres: TestPostgres;
let authority: TestAuthority;
let gate: NodeCredentials;
let agent: NodeCredentials;
beforeAll(async () => {
  authority = await createTestAuthority();
  gate = await authority.issue('proxy', 'gate-1');
  agent = await authority.issue('agent', 'agent-1');
  postgres = await startPostgres();
  await postgres.createDatabase('app');
});
afterAll(() => postgres.stop());

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

interface Gate {
  readonly port: number;
  /** Those that wait, oldest first. */
  readonly idle: TLSSocket[];
  readonly accepted: () => number;
  /** Of each that came, in order: it took up an earlier TLS session. */
  readonly resumed: readonly boolean[];
  stop(): void;
}

/** The proxy's end of the wire: a TLS listener that lets only certificates of the authority in. */
const startGate = async (
  credentials: NodeCredentials,
  { port = 0, drop = false }: { readonly port?: number; readonly drop?: boolean } = {},
): Promise<Gate> => {
  const { certificate: cert, privateKey: key, authorities: ca } = credentials;
  const all = new Set<TLSSocket>();
  const idle: TLSSocket[] = [];
  const resumed: boolean[] = [];
  let accepted = 0;
  const server = createServer(
    { cert, key, ca, requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.3', allowHalfOpen: true },
    (socket) => {
      accepted += 1;
      resumed.push(socket.isSessionReused());
      all.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        all.delete(socket);
        if (idle.includes(socket)) idle.splice(idle.indexOf(socket), 1);
      });
      if (drop || peerOf(socket.getPeerCertificate().raw)?.kind !== 'agent') return void socket.destroy();
      idle.push(socket);
      // Reads on, so that a hang-up is heard.
      socket.on('end', () => socket.end()).resume();
    },
  );
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const stop = (): void => {
    server.close();
    for (const socket of all) socket.destroy();
  };
  closers.push(stop);
  return { port: (server.address() as AddressInfo).port, idle, accepted: () => accepted, resumed, stop };
};

type Dial = (payload: Uint8Array, proxy: Peer, signal: AbortSignal) => Promise<Dialled>;

const startAgent = (port: number, { dial, count = 3 }: { readonly dial?: Dial; readonly count?: number } = {}) => {
  const logged: unknown[] = [];
  const keep = (...words: unknown[]): void => void logged.push(words);
  const log = { info: keep, warn: keep, error: keep };
  const targets = createTargets({
    credentials: createCredentials(undefined, {
      SALLYPORT_CREDENTIAL_BILLING_USER: postgres.user,
      SALLYPORT_CREDENTIAL_BILLING_PASSWORD: postgres.password,
    }),
    ca: undefined,
    connection: (name) => (name === 'billing' ? connectionChunk({ port: postgres.port }) : undefined),
  });
  const real = createDial({ agent: 'agent-1', targets, nonces: createNonceMemory(1_000), log });
  const warm: WarmSockets = createWarmSockets({ credentials: () => agent, dial: dial ?? real, count, log });
  closers.push(() => warm.stop());
  warm.serve([{ name: 'gate-1', host: '127.0.0.1', port }]);
  return { warm, logged };
};

/** Writes a ticket on the oldest idle socket, and gives the answer with what comes behind it. */
const bring = async (from: Gate, payload: Uint8Array, ahead: Uint8Array = new Uint8Array(0)) => {
  await until(() => from.idle.length > 0);
  const socket = from.idle.shift();
  if (socket === undefined) throw new Error('no socket waits');
  const machine = createProxyWarmSocket();
  const said: Buffer[] = [];
  const answered = Promise.withResolvers<TicketAnswer>();
  const perform = (steps: readonly WarmStep[]): void => {
    for (const step of steps) {
      if (step.kind === 'write') socket.write(step.bytes);
      else if (step.kind === 'raw') said.push(Buffer.from(step.bytes));
      else if (step.kind === 'answer') {
        const answer = TicketAnswer.decode(step.payload);
        if (answer.outcome?.$case === 'opened') perform(machine.open());
        answered.resolve(answer);
      } else if (step.kind === 'close') answered.reject(new Error('it hung up'));
    }
  };
  socket.on('data', (bytes: Buffer) => perform(machine.feed(bytes)));
  socket.on('end', () => perform(machine.end())).on('close', () => perform(machine.end()));
  perform(machine.ticket(payload));
  socket.write(ahead);
  const { outcome } = await answered.promise;
  return { outcome, socket, text: () => Buffer.concat(said).toString('latin1') };
};

const opening = (over = {}): Uint8Array => signedTicket(ticketFields(over), gate);
const queryMessage = (sql: string): Buffer => {
  const body = Buffer.from(`${sql}\0`);
  const head = Buffer.alloc(5);
  head.write('Q');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
};
const backends = async (): Promise<number> => {
  const admin = await postgres.connect('app');
  try {
    const { rows } = await admin.query<{ readonly n: number }>(
      `select count(*)::int as n from pg_stat_activity where datname = 'app' and pid <> pg_backend_pid()`,
    );
    return rows[0]?.n ?? -1;
  } finally {
    await admin.end();
  }
};

test('a password that was changed since a command printed it is asked for again, once', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-rotation-'));
  const [secret, runs] = [join(directory, 'secret'), join(directory, 'runs')];
  const admin = await postgres.connect('app');
  const rotate = async (password: string): Promise<void> => {
    await admin.query(`alter role rotating password '${password}'`);
    writeFileSync(secret, password);
  };
  await admin.query('create role rotating login');
  const credentials = createCredentials(
    `billing: { user: rotating, source: command, command: [/bin/sh, -c, "echo run >> ${runs}; cat ${secret}"], refresh: 1h }`,
    {},
  );
  const targets = createTargets({
    credentials,
    ca: undefined,
    connection: () => connectionChunk({ port: postgres.port }),
  });
  const open = async (): Promise<void> => {
    const { signal } = new AbortController();
    const { stream } = await targets.open({ connection: 'billing', database: 'app', parameters: {}, signal });
    stream.destroy();
  };
  const timesRun = (): number => readFileSync(runs, 'utf8').split('run').length - 1;
  await rotate('first');
  for (let at = 0; at < 3; at++) await open();
  expect(timesRun()).toBe(1);
  await rotate('second');
  await open();
  expect(timesRun()).toBe(2);
  await admin.query(`alter role rotating password 'nobody told'`);
  await expect(open()).rejects.toThrow('the target refused the credential');
  await expect(open()).rejects.toThrow('the target refused the credential');
  await admin.end();
  rmSync(directory, { recursive: true });
});

describe('the agent, between a proxy and a target', () => {
  test('keeps its sockets ready, and replaces the one that is used', async () => {
    const proxy = await startGate(gate);
    const { warm } = startAgent(proxy.port);
    await until(() => proxy.idle.length === 3 && warm.idle === 3);
    await bring(proxy, opening());
    await until(() => proxy.idle.length === 3 && warm.idle === 3);
    expect(proxy.accepted()).toBe(4);
  });

  test('answers keep-alives', async () => {
    const proxy = await startGate(gate);
    startAgent(proxy.port, { count: 1 });
    await until(() => proxy.idle.length === 1);
    const [socket] = proxy.idle;
    if (socket === undefined) throw new Error('no socket waits');
    socket.write(encodeFrame({ kind: 'ping', payload: new Uint8Array(0) }));
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    expect(bytes).toEqual(Buffer.from(encodeFrame({ kind: 'pong', payload: new Uint8Array(0) })));
  });

  test('a ticket opens the target; from then on bytes flow, large answers whole', async () => {
    const proxy = await startGate(gate);
    startAgent(proxy.port);
    const { outcome, socket, text } = await bring(proxy, opening({ parameters: { application_name: 'etl' } }));
    expect(outcome).toMatchObject({
      $case: 'opened',
      value: { transaction: 'idle', parameters: { application_name: 'etl', server_encoding: 'UTF8' } },
    });
    expect(JSON.stringify(outcome)).not.toContain(postgres.password);
    socket.write(queryMessage(`select repeat('x', 1000) || 'end' || n from generate_series(1, 3000) n`));
    await until(() => text().includes('SELECT 3000'));
    expect(text().match(/x{1000}end\d+/g)).toHaveLength(3000);
  });

  test('what the proxy wrote before the answer came reaches the target', async () => {
    const proxy = await startGate(gate);
    startAgent(proxy.port);
    const { text } = await bring(proxy, opening(), queryMessage(`select 'ahead of time'`));
    await until(() => text().includes('ahead of time'));
  });

  test('a proxy that has said all it will still hears the answer', async () => {
    const proxy = await startGate(gate);
    startAgent(proxy.port);
    const { socket, text } = await bring(proxy, opening());
    // Its readable side ends with the target's, not with its own last word.
    socket.removeAllListeners('end');
    socket.end(queryMessage(`select 'late' || 'ly' from pg_sleep(0.2)`));
    await until(() => text().includes('lately'));
    if (!socket.closed) await once(socket, 'close');
  });

  test('a second ticket cancels what the first one’s session runs; a forged handle does not', async () => {
    const proxy = await startGate(gate);
    startAgent(proxy.port);
    const session = await bring(proxy, opening());
    if (session.outcome?.$case !== 'opened') throw new Error('not opened');
    session.socket.write(queryMessage('select pg_sleep(20)'));
    const watching = await postgres.connect();
    await untilRunning(watching, 'pg_sleep(20)');
    await watching.end();
    const cancel = async (cancelHandle: string) =>
      (await bring(proxy, opening({ kind: 'cancel', cancelHandle }))).outcome?.$case;
    expect(await cancel('0'.repeat(32))).toBe('cancelled');
    await delay(200);
    expect(session.text()).toBe('');
    expect(await cancel(session.outcome.value.cancelHandle)).toBe('cancelled');
    await until(() => session.text().includes('57014'));
    session.socket.write(queryMessage(`select 'still here'`));
    await until(() => session.text().includes('still here'));
  });

  test('a refused ticket is answered, and its socket is closed', async () => {
    const proxy = await startGate(gate);
    startAgent(proxy.port);
    const { outcome, socket } = await bring(proxy, opening({ database: 'postgres' }));
    expect(outcome).toMatchObject({ $case: 'notOpened', value: { code: 'not_served' } });
    socket.end();
    if (!socket.closed) await once(socket, 'close');
  });

  test('a proxy that vanishes takes its sessions with it, and gets its sockets when it is back', async () => {
    const proxy = await startGate(gate);
    const { warm } = startAgent(proxy.port);
    const { socket } = await bring(proxy, opening());
    socket.write(queryMessage('select 1'));
    await until(() => proxy.idle.length === 3);
    expect(await backends()).toBeGreaterThanOrEqual(1);
    proxy.stop();
    await until(() => warm.idle === 0);
    for (let tries = 0; (await backends()) > 0; tries += 1) {
      if (tries > 30) throw new Error('the target’s session outlives the proxy');
      await delay(100);
    }
    const again = await startGate(gate, { port: proxy.port });
    await until(() => again.idle.length === 3);
    expect((await bring(again, opening())).outcome?.$case).toBe('opened');
  });

  const dialling = () => {
    const signals: AbortSignal[] = [];
    const opened = Promise.withResolvers<Dialled>();
    const target = new PassThrough();
    const dial: Dial = (_payload, _proxy, signal) => {
      signals.push(signal);
      return opened.promise;
    };
    return { signals, target, dial, open: () => opened.resolve({ answer: new Uint8Array(0), target }) };
  };

  test('a proxy that vanishes while a target is dialled leaves no target behind', async () => {
    const proxy = await startGate(gate);
    const { signals, target, dial, open } = dialling();
    startAgent(proxy.port, { count: 1, dial });
    const bringing = bring(proxy, opening()).catch(() => 'hung up');
    await until(() => signals.length === 1);
    proxy.stop();
    await until(() => signals[0]?.aborted === true);
    open();
    await until(() => target.destroyed);
    expect(await bringing).toBe('hung up');
  });

  test('a proxy that floods while a target is dialled does not get it', async () => {
    const proxy = await startGate(gate);
    const { signals, target, dial, open } = dialling();
    startAgent(proxy.port, { count: 1, dial });
    const bringing = bring(proxy, opening(), Buffer.alloc(2 * 1024 * 1024)).catch(() => 'hung up');
    await until(() => signals[0]?.aborted === true);
    open();
    await until(() => target.destroyed);
    expect(await bringing).toBe('hung up');
  });

  test('a ticket that makes the opener throw ends its own socket, and no other', async () => {
    const proxy = await startGate(gate);
    const { warm } = startAgent(proxy.port, { count: 2, dial: () => Promise.reject(new TypeError('a bug')) });
    await expect(bring(proxy, opening())).rejects.toThrow('it hung up');
    await until(() => warm.idle === 2 && proxy.idle.length === 2);
  });

  test('a frame that is none ends the socket', async () => {
    const proxy = await startGate(gate);
    startAgent(proxy.port, { count: 1 });
    await until(() => proxy.idle.length === 1);
    const [socket] = proxy.idle;
    socket?.write('GET / HTTP/1.1\r\n\r\n');
    await until(() => socket?.closed === true);
  });

  test('a proxy is shown certificates where it or the agent has new ones, else the last session is taken up', async () => {
    const first = await startGate(gate);
    startAgent(first.port, { count: 1 });
    const dropped = async (proxy: Gate): Promise<void> => {
      const [socket] = proxy.idle;
      const before = proxy.accepted();
      socket?.destroy();
      await until(() => proxy.accepted() > before && proxy.idle.length === 1);
    };
    await until(() => first.idle.length === 1);
    await dropped(first);
    expect(first.resumed).toEqual([false, true]);
    const former = agent;
    try {
      agent = await authority.issue('agent', 'agent-1');
      await dropped(first);
      await dropped(first);
    } finally {
      agent = former;
    }
    expect(first.resumed).toEqual([false, true, false, true]);
    first.stop();
    const second = await startGate(gate, { port: first.port });
    await until(() => second.idle.length === 1);
    await dropped(second);
    expect(second.resumed).toEqual([false, true]);
  });

  test('a proxy that takes sockets and drops them is not dialled in a storm', async () => {
    const proxy = await startGate(gate, { drop: true });
    const since = performance.now();
    startAgent(proxy.port, { count: 8 });
    await until(() => proxy.accepted() >= 12);
    // The first eight, then one at a time, further and further apart: no machine is too slow to wait this long.
    expect(performance.now() - since).toBeGreaterThan(50 + 100 + 200 + 400);
  });

  const impostors: readonly (readonly [string, () => Promise<NodeCredentials>])[] = [
    ['an agent’s certificate', () => authority.issue('agent', 'gate-1')],
    ['another proxy’s certificate', () => authority.issue('proxy', 'gate-2')],
    ['another tenant’s certificate', () => authority.issue('proxy', 'gate-1', 'other')],
    ['a certificate of another authority', async () => (await createTestAuthority()).issue('proxy', 'gate-1')],
  ];
  test.each(impostors)('%s at the proxy’s address gets no socket', async (_what, make) => {
    const impostor = await startGate({ ...(await make()), authorities: agent.authorities });
    const { warm, logged } = startAgent(impostor.port);
    await until(() => logged.length > 0);
    await delay(150);
    expect(warm.idle).toBe(0);
    expect(JSON.stringify(logged)).toContain('a proxy cannot be reached');
  });

  test('a proxy that is not served any more loses its idle sockets and keeps its sessions', async () => {
    const proxy = await startGate(gate);
    const { warm } = startAgent(proxy.port);
    const { socket, text } = await bring(proxy, opening());
    await until(() => proxy.idle.length === 3);
    warm.serve([]);
    await until(() => proxy.idle.length === 0);
    socket.write(queryMessage(`select 'goes on'`));
    await until(() => text().includes('goes on'));
    warm.stop();
    await until(() => socket.closed || socket.readableEnded);
  });
});
