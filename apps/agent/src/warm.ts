import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect } from 'node:tls';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { peerOf } from '@sallyport/pki';
import type { NodeCredentials, Peer } from '@sallyport/pki';
import type { ProxiesChunk } from '@sallyport/policy/bundle';
import { backoff } from '@sallyport/runtime';
import type { Logger } from '@sallyport/runtime';
import { createAgentWarmSocket } from '@sallyport/tunnel';
import type { WarmStep } from '@sallyport/tunnel';
import type { Dialled } from './dial.js';
import { splice } from './splice.js';

type ProxyAddress = ProxiesChunk['proxies'][number];

export interface WarmInput {
  readonly credentials: () => NodeCredentials;
  readonly dial: (payload: Uint8Array, proxy: Peer, signal: AbortSignal) => Promise<Dialled>;
  /** Idle sockets that are kept at each proxy. */
  readonly count: number;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
}

/** Idle mTLS sockets at every proxy that the bundle names, each replaced as soon as it is used. */
export interface WarmSockets {
  serve(proxies: readonly ProxyAddress[]): void;
  /** Sockets that wait, over all proxies. */
  readonly idle: number;
  /** Sessions that are open, or being opened. */
  readonly sessions: number;
  /** Takes no new sessions, lets the open ones end within that many milliseconds, and ends those that do not. */
  drain(patience: number): Promise<void>;
  stop(): void;
}

/** The last TLS session with a proxy: under which certificate of ours it was made, and who showed which one then. */
interface Resumable {
  readonly session: Buffer;
  readonly certificate: string;
  readonly peer: Peer;
}

interface Station {
  readonly address: ProxyAddress;
  readonly idle: Set<TLSSocket>;
  /** Those of them that have stood long enough to prove something. */
  readonly proven: Set<TLSSocket>;
  readonly connecting: Set<TLSSocket>;
  /** Since a socket last stood: one that is taken and dropped at once proves nothing. */
  failures: number;
  resumable: Resumable | undefined;
  timer: NodeJS.Timeout | undefined;
  left: boolean;
}

const connectTimeout = 10_000;
/** A proxy pings every 15 s: one that says nothing for longer is gone, whatever TCP believes. */
const silence = 45_000;
/** A proxy that turns an agent away does so after the handshake (TLS 1.3): only a socket that stands counts. */
const proof = 1_000;
/** For the last words to a proxy that does not hang up by itself. */
const farewell = 5_000;

export function createWarmSockets({ credentials, dial, count, log }: WarmInput): WarmSockets {
  const stations = new Map<string, Station>();
  let draining = false;
  /** Every socket that stands: idle, being answered, or a session's. */
  const open = new Set<TLSSocket>();

  const fill = (station: Station): void => {
    if (station.timer !== undefined) return;
    // Where none stands, one asks whether the proxy is back before all of them do.
    const wanted = station.failures === 0 || station.proven.size > 0 ? count : 1;
    while (!station.left && station.idle.size + station.connecting.size < wanted) dialOne(station);
  };

  const failed = (station: Station, reason: string): void => {
    if (station.left || station.timer !== undefined) return;
    if (station.failures === 0) log.warn({ proxy: station.address.name, reason }, 'a proxy cannot be reached');
    const delay = backoff(station.failures++, { first: 100, most: 5_000, random: Math.random });
    station.timer = setTimeout(() => {
      station.timer = undefined;
      fill(station);
    }, delay);
  };

  const stands = (station: Station): void => {
    if (station.failures > 0) log.info({ proxy: station.address.name }, 'a proxy is reached again');
    station.failures = 0;
    fill(station);
  };

  const dialOne = (station: Station): void => {
    const own = credentials();
    const { certificate } = own;
    const resumable = station.resumable?.certificate === certificate ? station.resumable : undefined;
    const socket = dialProxy(station.address, own, resumable?.session);
    station.connecting.add(socket);
    const give = (reason: string): void => {
      if (!station.connecting.delete(socket)) return;
      socket.destroy();
      failed(station, reason);
    };
    socket.setTimeout(connectTimeout, () => give('it does not answer'));
    // Kept for the socket's whole life: what follows an error is 'close'.
    socket.on('error', (error) => give((error as NodeJS.ErrnoException).code ?? error.message));
    socket.once('close', () => give('it hung up'));
    socket.once('secureConnect', () => {
      const peer = socket.isSessionReused() ? resumable?.peer : certified(socket);
      if (peer?.kind !== 'proxy' || peer.name !== station.address.name || peer.tenant !== credentials().tenant)
        return give('its certificate is not that proxy’s');
      station.connecting.delete(socket);
      socket.on('session', (session) => (station.resumable = { session, certificate, peer }));
      attend(station, socket, peer);
    });
  };

  const attend = (station: Station, socket: TLSSocket, proxy: Peer): void => {
    const machine = createAgentWarmSocket();
    const gone = new AbortController();
    station.idle.add(socket);
    open.add(socket);
    socket.setTimeout(silence, () => socket.destroy());
    const standing = setTimeout(() => {
      station.proven.add(socket);
      stands(station);
    }, proof).unref();
    /** It waits no more. `false`: it did not. */
    const leaveIdle = (): boolean => {
      clearTimeout(standing);
      station.proven.delete(socket);
      return station.idle.delete(socket);
    };
    const onData = (chunk: Buffer): void => perform(machine.feed(chunk));
    // Before a session there is nothing that a proxy which says no more could still want to hear.
    const onEnd = (): void => void socket.destroy();
    const onClose = (): void => {
      open.delete(socket);
      gone.abort();
      machine.end();
      // One that was lost while idle is not replaced at once: the proxy may be going away.
      if (leaveIdle()) failed(station, 'it hung up');
    };
    const perform = (steps: readonly WarmStep[]): void => {
      for (const step of steps) {
        if (step.kind === 'write') socket.write(step.bytes);
        else if (step.kind === 'close') hangUp(socket, step.refusal !== undefined);
        else if (step.kind === 'ticket') {
          if (leaveIdle()) stands(station);
          socket.setTimeout(0);
          void answer(step.payload);
        }
      }
    };
    const answer = async (payload: Uint8Array): Promise<void> => {
      try {
        const dialled = await dial(payload, proxy, gone.signal);
        if (dialled.target === undefined) return perform(machine.answer(dialled.answer, false));
        if (gone.signal.aborted) return void dialled.target.destroy();
        const steps = machine.answer(dialled.answer, true);
        // It broke the rules while the target was dialled, or cannot be told: the target is nobody's.
        if (machine.state !== 'raw') {
          dialled.target.destroy();
          return void socket.destroy();
        }
        socket.off('data', onData).off('end', onEnd);
        hand(steps, socket, dialled.target);
      } catch (error) {
        // A bug, or an opener that broke: this session ends, and no other.
        log.error({ err: error }, 'a ticket could not be served');
        socket.destroy();
      }
    };
    socket.on('data', onData).on('end', onEnd).on('close', onClose);
  };

  const leave = (station: Station): void => {
    station.left = true;
    clearTimeout(station.timer);
    for (const socket of [...station.connecting, ...station.idle]) socket.destroy();
    stations.delete(keyOf(station.address));
  };

  const idle = (): number => [...stations.values()].reduce((total, station) => total + station.idle.size, 0);

  return {
    serve: (proxies) => {
      if (draining) return;
      const wanted = new Set(proxies.map(keyOf));
      for (const station of [...stations.values()]) if (!wanted.has(keyOf(station.address))) leave(station);
      for (const address of proxies) {
        if (stations.has(keyOf(address))) continue;
        const station = {
          address,
          idle: new Set<TLSSocket>(),
          proven: new Set<TLSSocket>(),
          connecting: new Set<TLSSocket>(),
          failures: 0,
          resumable: undefined,
          timer: undefined,
          left: false,
        };
        stations.set(keyOf(address), station);
        fill(station);
      }
    },
    get idle() {
      return idle();
    },
    get sessions() {
      return open.size - idle();
    },
    drain: async (patience) => {
      draining = true;
      for (const station of [...stations.values()]) leave(station);
      const end = performance.now() + patience;
      while (open.size > 0 && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 25));
      for (const socket of [...open]) socket.destroy();
    },
    stop: () => {
      for (const station of [...stations.values()]) leave(station);
      for (const socket of [...open]) socket.destroy();
    },
  };
}

/** From here the socket carries the target's own protocol, byte for byte; in one tick, so that no byte is lost. */
function hand(steps: readonly WarmStep[], socket: Socket, target: Duplex): void {
  for (const step of steps) {
    if (step.kind === 'write') socket.write(step.bytes);
    else if (step.kind === 'raw') target.write(step.bytes);
  }
  splice(socket, target);
}

function hangUp(socket: Socket, broken: boolean): void {
  if (broken) return void socket.destroy();
  socket.end();
  setTimeout(() => socket.destroy(), farewell).unref();
}

const keyOf = ({ name, host, port }: ProxyAddress): string => `${name} ${host}:${port}`;

const certified = (socket: TLSSocket): Peer | undefined =>
  socket.authorized ? peerOf(socket.getPeerCertificate().raw) : undefined;

/**
 * Takes up the last TLS session where there is one: nobody signs anything then, and the proxy reads no certificates, which
 * Node 24 never frees where a client shows them. Whoever can take it up is who was there then. A proxy that was started anew,
 * or has a new certificate, knows no session from before.
 */
function dialProxy(
  { host, port }: ProxyAddress,
  { certificate, privateKey, authorities }: NodeCredentials,
  session: Buffer | undefined,
): TLSSocket {
  const options: ConnectionOptions & { readonly allowHalfOpen: boolean } = {
    host,
    port,
    ca: authorities,
    cert: certificate,
    key: privateKey,
    minVersion: 'TLSv1.3',
    // A client that has said all it will may still hear the answer.
    allowHalfOpen: true,
    // Who it is stands in its one name (SPIFFE), which the caller checks: addresses may be a load balancer's.
    checkServerIdentity: () => undefined,
    ...(session === undefined ? {} : { session }),
  };
  const socket = connect(options);
  socket.setNoDelay(true);
  socket.setKeepAlive(true, 15_000);
  return socket;
}
