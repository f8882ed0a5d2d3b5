import type { Socket } from 'node:net';
import { connect } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { peerOf } from '@sallyport/pki';
import type { NodeCredentials, Peer } from '@sallyport/pki';
import type { ProxiesChunk } from '@sallyport/policy/bundle';
import { backoff } from '@sallyport/runtime';
import type { Logger } from '@sallyport/runtime';
import { createAgentWarmSocket } from '@sallyport/tunnel';
import type { AgentWarmSocket, WarmStep } from '@sallyport/tunnel';
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
  stop(): void;
}

interface Station {
  readonly address: ProxyAddress;
  readonly idle: Set<TLSSocket>;
  connecting: number;
  failures: number;
  timer: NodeJS.Timeout | undefined;
  left: boolean;
}

const connectTimeout = 10_000;
/** A proxy pings every 15 s: one that says nothing for longer is gone, whatever TCP believes. */
const silence = 45_000;

export function createWarmSockets({ credentials, dial, count, log }: WarmInput): WarmSockets {
  const stations = new Map<string, Station>();

  const fill = (station: Station): void => {
    if (station.timer !== undefined) return;
    while (!station.left && station.idle.size + station.connecting < count) open(station);
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

  const open = (station: Station): void => {
    station.connecting += 1;
    let waiting = true;
    const socket = dialProxy(station.address, credentials());
    const give = (reason: string): void => {
      if (!waiting) return;
      waiting = false;
      station.connecting -= 1;
      socket.destroy();
      failed(station, reason);
    };
    socket.setTimeout(connectTimeout, () => give('it does not answer'));
    socket.once('error', (error) => give((error as NodeJS.ErrnoException).code ?? error.message));
    socket.once('close', () => give('it hung up'));
    socket.once('secureConnect', () => {
      const peer = socket.authorized ? peerOf(socket.getPeerCertificate().raw) : undefined;
      if (peer?.kind !== 'proxy' || peer.name !== station.address.name || peer.tenant !== credentials().tenant)
        return give('its certificate is not that proxy’s');
      if (station.left) return give('it is not needed any more');
      waiting = false;
      station.connecting -= 1;
      station.failures = 0;
      attend(station, socket, peer);
    });
  };

  const attend = (station: Station, socket: TLSSocket, proxy: Peer): void => {
    const machine = createAgentWarmSocket();
    const gone = new AbortController();
    station.idle.add(socket);
    socket.setTimeout(silence, () => socket.destroy());
    const used = (): void => {
      if (station.idle.delete(socket)) fill(station);
    };
    const onData = (chunk: Buffer): void => perform(machine.feed(chunk));
    const onClose = (): void => {
      gone.abort();
      machine.end();
      // One that was lost while idle is not replaced at once: the proxy may be going away.
      if (station.idle.delete(socket)) failed(station, 'it hung up');
    };
    const perform = (steps: readonly WarmStep[]): void => {
      for (const step of steps) {
        if (step.kind === 'write') socket.write(step.bytes);
        else if (step.kind === 'close') socket.end();
        else if (step.kind === 'ticket') {
          used();
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
        hand(machine, socket, dialled, onData);
      } catch (error) {
        // A bug, or an opener that broke: this session ends, and no other.
        log.error({ err: error }, 'a ticket could not be served');
        socket.destroy();
      }
    };
    socket.on('data', onData);
    socket.on('error', () => undefined);
    socket.on('close', onClose);
  };

  const leave = (station: Station): void => {
    station.left = true;
    clearTimeout(station.timer);
    for (const socket of station.idle) socket.destroy();
    stations.delete(keyOf(station.address));
  };

  return {
    serve: (proxies) => {
      const wanted = new Set(proxies.map(keyOf));
      for (const station of [...stations.values()]) if (!wanted.has(keyOf(station.address))) leave(station);
      for (const address of proxies) {
        if (stations.has(keyOf(address))) continue;
        const station = {
          address,
          idle: new Set<TLSSocket>(),
          connecting: 0,
          failures: 0,
          timer: undefined,
          left: false,
        };
        stations.set(keyOf(address), station);
        fill(station);
      }
    },
    get idle() {
      let total = 0;
      for (const { idle } of stations.values()) total += idle.size;
      return total;
    },
    stop: () => {
      for (const station of [...stations.values()]) leave(station);
    },
  };
}

/** From here the socket carries the target's own protocol, byte for byte. */
function hand(
  machine: AgentWarmSocket,
  socket: Socket,
  { answer, target }: Dialled,
  onData: (chunk: Buffer) => void,
): void {
  if (target === undefined) return;
  const steps = machine.answer(answer, true);
  socket.off('data', onData);
  for (const step of steps) {
    if (step.kind === 'write') socket.write(step.bytes);
    else if (step.kind === 'raw') target.write(step.bytes);
    else if (step.kind === 'close') return void target.destroy();
  }
  splice(socket, target);
}

const keyOf = ({ name, host, port }: ProxyAddress): string => `${name} ${host}:${port}`;

function dialProxy({ host, port }: ProxyAddress, { certificate, privateKey, authorities }: NodeCredentials): TLSSocket {
  const socket = connect({
    host,
    port,
    ca: authorities,
    cert: certificate,
    key: privateKey,
    minVersion: 'TLSv1.3',
    // Who it is stands in its one name (SPIFFE), which the caller checks: addresses may be a load balancer's.
    checkServerIdentity: () => undefined,
  });
  socket.setNoDelay(true);
  socket.setKeepAlive(true, 15_000);
  return socket;
}
