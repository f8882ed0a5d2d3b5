import { randomBytes } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunCommand } from '@sallyport/contracts';
import { refuse } from '@sallyport/kernel';
import type { Clock } from '@sallyport/kernel';
import { createBudgetLedger } from '@sallyport/policy';
import {
  createMetrics,
  listen,
  mintId,
  openSpool,
  parseAddress,
  parseAddresses,
  parseDuration,
  parseSize,
  startHealthServer,
  watchLoopDelay,
} from '@sallyport/runtime';
import type { ListenAddress, Logger, Shutdown } from '@sallyport/runtime';
import { createApprovals } from './approvals.js';
import { openBudgetJournal } from './budget-journal.js';
import { createBudgetSharing } from './budget-sharing.js';
import { createBundleFile } from './bundle-file.js';
import { createChannels } from './channels.js';
import { clientContext } from './client-tls.js';
import type { ProxyConfig } from './config.js';
import { createControl } from './control.js';
import type { Control } from './control.js';
import { createEvidence } from './evidence.js';
import type { Gate } from './gate.js';
import { drainSessions, farewell } from './drain.js';
import { createListener, loginPatience } from './listen.js';
import type { ClientListener } from './listen.js';
import { listenLocally } from './local-socket.js';
import type { Node } from './node.js';
import { protocols } from './protocols.js';
import { runKept } from './run.js';
import { createRuns } from './runs.js';
import { createSessions } from './sessions.js';
import { createShipper } from './ship.js';
import { createMoves } from './moves.js';
import { createReader } from './reader.js';
import { createStatements } from './statements.js';
import type { Analyses } from './statements.js';
import { createTunnelServer } from './tunnel-listener.js';
import { createTunnels } from './tunnels.js';

export interface ComposeInput {
  readonly config: ProxyConfig;
  readonly node: Node;
  readonly analyses: Analyses;
  readonly clock: Clock;
  readonly log: Logger;
  readonly shutdown: Shutdown;
  /** One of several workers, which share the places where clients connect. */
  readonly worker?: { readonly cancelElsewhere: (key: Uint8Array, from: string) => void } | undefined;
}

export interface RunningProxy {
  readonly gate: Gate;
  readonly control: Control;
  readonly ports: { readonly postgres: number; readonly tunnel: number; readonly health: number };
  /** Reads the certificate for clients again. */
  reload(): void;
}

/** Where the clients of one protocol connect. */
interface Places {
  readonly listen: string;
  readonly sockets: string | undefined;
}

const version = '0.1.0';

/** The whole proxy, top to bottom: what keeps, what knows, what decides, what listens. */
export const compose = async (input: ComposeInput): Promise<RunningProxy> => {
  const { config, node, analyses, clock, log, shutdown } = input;
  const state = config.SALLYPORT_STATE_DIRECTORY;
  const metrics = createMetrics();
  const report = (err: unknown, session: string): void => log.error({ err, session }, 'a session ended by a failure');
  const listenerBroke = (err: Error): void => log.error({ err }, 'a listener could not take a connection; it goes on');
  let tls = clientContext(config, node);

  // The control plane, and what is kept for it.
  const channels = createChannels(config.SALLYPORT_CONTROL_PLANE, () => node.credentials);
  shutdown.add('channels', channels.close);
  const damaged = metrics.counter('sallyport_evidence_damaged_total', 'Places on disk where evidence was damaged.');
  const spool = openSpool({
    directory: join(state, 'spool'),
    limit: parseSize(config.SALLYPORT_SPOOL_LIMIT),
    onDamage: (damage) => {
      damaged.add();
      log.error(damage, 'evidence was damaged on disk; what is left of it is kept aside, the rest is shipped');
    },
  });
  shutdown.add('spool', () => spool.close());
  const shipper = createShipper({
    spool,
    client: () => channels.evidence,
    setAside: ({ id, content }, reason) => {
      const path = join(state, 'refused-evidence.jsonl');
      appendFileSync(path, `${content.toString('utf8')}\n`, { mode: 0o600, flush: true });
      log.error({ id, reason }, 'the control plane can never take this record; it is kept in refused-evidence.jsonl');
    },
    log,
  });
  shutdown.add('shipper', shipper.stop);
  const evidence = createEvidence({
    store: shipper,
    report: (err) => log.error({ err }, 'evidence cannot be kept: statements are refused'),
  });
  shutdown.add('evidence', evidence.close);
  const refusedBundles = metrics.counter('sallyport_bundles_refused_total', 'Bundles that were not taken.');
  const control = createControl({
    clock,
    file: createBundleFile(state),
    client: () => channels.configuration,
    renewChannel: channels.renewed,
    alarm: () => refusedBundles.add(),
    trust: { tenant: () => node.tenant, verify: node.verify },
    log,
  });
  shutdown.add('control', control.stop);

  // What budgets have left, here and everywhere.
  const budgets = createBudgetLedger();
  const { counted, journal } = await openBudgetJournal(
    {
      directory: state,
      now: clock.now(),
      mint: () => randomBytes(16).toString('hex'),
      onDamage: (lines) => log.error({ lines }, 'some of what budgets were used was damaged on disk'),
    },
    () => ({ own: budgets.own('all', clock.now()), others: budgets.others(clock.now()) }),
  );
  budgets.restore(counted.own, clock.now());
  budgets.learn(counted.others, clock.now());
  const sharing = createBudgetSharing({
    ledger: budgets,
    journal,
    life: counted.life,
    clock,
    send: control.reportBudgets,
    log,
  });
  shutdown.add('budgets', sharing.stop);

  // The way to targets.
  const tunnels = createTunnels({
    clock,
    id: () => mintId('tkt'),
    random: (length) => randomBytes(length),
    proxy: () => node.name,
  });
  shutdown.add('tunnels', tunnels.close);

  const reader = createReader();
  shutdown.add('reader', reader.close);

  // What every session shares.
  const gate: Gate = {
    clock,
    configuration: control,
    statements: createStatements(analyses),
    reader,
    // Who could not be told of them has not read them either.
    moves: createMoves({ monotonic: () => control.assured }),
    evidence,
    approvals: createApprovals(() => channels.approvals),
    tunnels,
    sessions: createSessions(input.worker?.cancelElsewhere),
    budgets,
    alarms: metrics.counter(
      'sallyport_alarms_total',
      'Broken rules of a protocol, and answers that were not as proved.',
    ),
    previews: {
      hold: parseDuration(config.SALLYPORT_PREVIEW_HOLD),
      lockTimeout: parseDuration(config.SALLYPORT_PREVIEW_LOCK_TIMEOUT),
    },
    mint: { session: () => mintId('ses'), command: () => mintId('cmd') },
    name: node.name,
    log,
  };

  const health = await startHealthServer({
    address: parseAddress(config.SALLYPORT_HEALTH_LISTEN),
    metrics,
    missing: () => [
      ...(shutdown.started ? ['it is shutting down'] : []),
      ...(control.unfit === undefined ? [] : [control.unfit.message]),
      ...(evidence.available ? [] : ['evidence cannot be kept']),
    ],
    log,
  });
  shutdown.add('health', health.close);

  // The doors: agents first, then clients.
  const tunnelServer = createTunnelServer({ tunnels, node });
  const tunnelPort = await listen(tunnelServer.server, {
    variable: 'SALLYPORT_TUNNEL_LISTEN',
    address: parseAddress(config.SALLYPORT_TUNNEL_LISTEN),
    report: listenerBroke,
  });
  shutdown.add('tunnel listener', () => void tunnelServer.server.close());
  const places: Readonly<Record<string, Places>> = {
    postgres: { listen: config.SALLYPORT_POSTGRES_LISTEN, sockets: config.SALLYPORT_POSTGRES_SOCKET_DIRECTORY },
  };
  const listening: { readonly protocol: string; readonly address: ListenAddress }[] = [];
  const listeners: ClientListener[] = [];
  const patience = parseDuration(config.SALLYPORT_DRAIN);
  const drain = () => drainSessions({ listeners, sessions: gate.sessions, patience, log });
  shutdown.add('sessions', drain, patience + 2 * farewell);
  const shared = input.worker !== undefined;
  for (const protocol of protocols) {
    const place = places[protocol.name];
    if (place === undefined) continue;
    const listener = createListener({
      gate,
      protocol,
      tls: () => tls,
      report,
      limits: {
        ...loginPatience,
        overall: Number(config.SALLYPORT_PENDING_LOGINS),
        perAddress: Number(config.SALLYPORT_PENDING_LOGINS_PER_ADDRESS),
      },
    });
    const variables = `SALLYPORT_${protocol.name.toUpperCase()}`;
    const ports: number[] = [];
    for (const address of parseAddresses(place.listen)) {
      const variable = `${variables}_LISTEN`;
      const port = await listen(listener.door('network'), { variable, address, report: listenerBroke, shared });
      ports.push(port);
      listening.push({ protocol: protocol.name, address: { host: address.host, port } });
    }
    const [port = 0] = ports;
    if (place.sockets !== undefined) {
      const variable = `${variables}_SOCKET_DIRECTORY`;
      const at = { variable, directory: place.sockets, port, report: listenerBroke, shared };
      log.info({ path: await listenLocally(listener.door('local'), at) }, 'listening on a unix socket');
    }
    listeners.push(listener);
  }
  node.onRenewed(tunnelServer.renewed);
  node.onRenewed(channels.renewed);
  node.onRenewed(control.reconnect);
  node.onRenewed(shipper.renewed);
  const readTls = (): void => {
    try {
      tls = clientContext(config, node);
    } catch (err) {
      log.error({ err }, 'the certificate for clients cannot be used; the former one stays');
    }
  };
  node.onRenewed(readTls);

  const runs = createRuns((order) => {
    const name = control.current?.connection(order.command?.connection ?? '')?.protocol;
    const protocol = protocols.find((each) => each.name === name);
    return protocol === undefined ? Promise.resolve(unrunnable(order)) : runKept(gate, protocol, order, report);
  });

  // From here on the world is told.
  shipper.start();
  const advertised = parseAddress(config.SALLYPORT_TUNNEL_ADVERTISE ?? config.SALLYPORT_TUNNEL_LISTEN);
  control.start({
    hello: () => ({
      softwareVersion: version,
      tunnel: { host: advertised.host, port: advertised.port === 0 ? tunnelPort : advertised.port },
      listeners: listening,
    }),
    sessions: gate.sessions.ids,
    endSession: (id, reason) => {
      const ended = gate.sessions.end(id, refuse('session_ended', `this session was ended by an admin: ${reason}`));
      log.info({ session: id, ended }, 'told to end a session');
    },
    run: runs.order,
    connected: sharing.connected,
    budgetTotals: sharing.told,
  });
  sharing.start();
  const loopDelay = watchLoopDelay();
  shutdown.add('loop delay', loopDelay.stop);
  metrics.gauge(
    'sallyport_event_loop_delay_seconds',
    'How late the process came to its work, 99th percentile since the last scrape.',
    loopDelay.p99,
  );
  metrics.gauge('sallyport_sessions', 'Open sessions.', () => gate.sessions.size);
  metrics.gauge('sallyport_spool_bytes', 'Evidence that waits for the control plane.', () => spool.waiting);
  metrics.gauge('sallyport_spool_limit_bytes', 'Where statements begin to be refused.', () => spool.limit);
  metrics.gauge('sallyport_evidence_lost', 'Records that could never be kept.', () => evidence.lost);
  metrics.gauge('sallyport_evidence_shipped', 'Records that the control plane took.', () => shipper.shipped);
  metrics.gauge('sallyport_evidence_set_aside', 'Records that it will never take.', () => shipper.setAside);
  metrics.gauge('sallyport_agents', 'Agents that have dialled in.', () => tunnels.agents.size);
  metrics.gauge('sallyport_policy_version', 'The bundle in force.', () => control.current?.manifest.version ?? 0);
  metrics.gauge('sallyport_control_plane_connected', 'The control plane was heard of just now.', () =>
    control.connected ? 1 : 0,
  );
  metrics.gauge('sallyport_certificate_seconds', 'Seconds until the certificate of this node ends.', () =>
    Math.round((node.endsAt - clock.now()) / 1000),
  );
  const ports = {
    postgres: listening.find(({ protocol }) => protocol === 'postgres')?.address.port ?? 0,
    tunnel: tunnelPort,
    health: health.port,
  };
  log.info(ports, 'listening');
  return { gate, control, ports, reload: readTls };
};

const unrunnable = ({ runId }: RunCommand) => ({
  runId,
  completed: false,
  tag: '',
  rows: 0,
  code: 'denied',
  message: 'the connection is no longer there',
  columns: [],
  resultRows: [],
  sessionId: '',
});
