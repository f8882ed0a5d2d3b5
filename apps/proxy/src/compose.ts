import { randomBytes } from 'node:crypto';
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import type { SecureContext } from 'node:tls';
import type { RunCommand } from '@sallyport/contracts';
import { refuse } from '@sallyport/kernel';
import type { Clock } from '@sallyport/kernel';
import { createBudgetLedger } from '@sallyport/policy';
import { createMetrics, mintId, openSpool, parseAddress, parseSize, startHealthServer } from '@sallyport/runtime';
import type { Logger, Shutdown } from '@sallyport/runtime';
import { createApprovals } from './approvals.js';
import { createBundleFile } from './bundle-file.js';
import { createChannels } from './channels.js';
import type { ProxyConfig } from './config.js';
import { createControl } from './control.js';
import type { Control } from './control.js';
import { createEvidence } from './evidence.js';
import type { Gate } from './gate.js';
import { createListener, listenOn } from './listen.js';
import { tlsMaterial } from './node.js';
import type { Node } from './node.js';
import { protocols } from './protocols.js';
import { runKept } from './run.js';
import { createSessions } from './sessions.js';
import { createShipper } from './ship.js';
import { createStatements } from './statements.js';
import type { Analyses } from './statements.js';
import { createTunnelServer, createTunnels } from './tunnels.js';

export interface ComposeInput {
  readonly config: ProxyConfig;
  readonly node: Node;
  readonly analyses: Analyses;
  readonly clock: Clock;
  readonly log: Logger;
  readonly shutdown: Shutdown;
}

export interface RunningProxy {
  readonly gate: Gate;
  readonly control: Control;
  readonly ports: { readonly postgres: number; readonly tunnel: number; readonly health: number };
}

const ending = refuse('session_ended', 'the gateway is shutting down', { hint: 'Connect again.' });
const version = '0.1.0';

/** The whole proxy, top to bottom: what keeps, what knows, what decides, what listens. */
export const compose = async (input: ComposeInput): Promise<RunningProxy> => {
  const { config, node, analyses, clock, log, shutdown } = input;
  const state = config.SALLYPORT_STATE_DIRECTORY;
  mkdirSync(state, { recursive: true, mode: 0o700 });
  const metrics = createMetrics();
  const report = (err: unknown, session: string): void => log.error({ err, session }, 'a session ended by a failure');

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
  const control = createControl({
    clock,
    file: createBundleFile(state),
    client: () => channels.configuration,
    trust: { tenant: () => node.tenant, verify: node.verify },
    log,
  });
  shutdown.add('control', control.stop);

  // The way to targets.
  const tunnels = createTunnels({
    clock,
    id: () => mintId('tkt'),
    random: (length) => randomBytes(length),
    proxy: () => node.name,
  });
  shutdown.add('tunnels', tunnels.close);

  // What every session shares.
  const gate: Gate = {
    clock,
    configuration: control,
    statements: createStatements(analyses),
    evidence,
    approvals: createApprovals(() => channels.approvals),
    tunnels,
    sessions: createSessions(),
    budgets: createBudgetLedger(),
    mint: { session: () => mintId('ses'), command: () => mintId('cmd') },
    name: node.name,
    log,
  };

  // The doors: agents first, then clients.
  const tunnelServer = createTunnelServer({ tunnels, node });
  const tunnelPort = await listenOn(tunnelServer.server, parseAddress(config.SALLYPORT_TUNNEL_LISTEN));
  shutdown.add('tunnel listener', () => void tunnelServer.server.close());
  let tls = clientContext(config, node);
  const addresses: Readonly<Record<string, string>> = { postgres: config.SALLYPORT_POSTGRES_LISTEN };
  const listening = new Map<string, number>();
  for (const protocol of protocols) {
    const address = addresses[protocol.name];
    if (address === undefined) continue;
    const server = createListener({ gate, protocol, tls: () => tls, report });
    listening.set(protocol.name, await listenOn(server, parseAddress(address)));
    shutdown.add(`${protocol.name} sessions`, async () => {
      server.close();
      gate.sessions.endAll(ending);
      // Their last records are written before the spool is closed.
      await new Promise((resolve) => setTimeout(resolve, 100));
    });
  }
  node.onRenewed(() => {
    tls = clientContext(config, node);
    tunnelServer.renewed();
    channels.renewed();
    control.reconnect();
    log.info({}, 'certificate renewed');
  });

  // From here on the world is told.
  shipper.start();
  const advertised = parseAddress(config.SALLYPORT_TUNNEL_ADVERTISE ?? config.SALLYPORT_TUNNEL_LISTEN);
  control.start({
    hello: () => ({
      softwareVersion: version,
      tunnel: { host: advertised.host, port: advertised.port === 0 ? tunnelPort : advertised.port },
      listeners: [...listening].map(([protocol, port]) => ({
        protocol,
        address: { host: parseAddress(addresses[protocol] ?? '').host, port },
      })),
    }),
    sessions: gate.sessions.ids,
    endSession: (id, reason) => {
      const ended = gate.sessions.end(id, refuse('session_ended', `this session was ended by an admin: ${reason}`));
      log.info({ session: id, ended }, 'told to end a session');
    },
    run: (order: RunCommand) => {
      const protocol = protocols.find(
        ({ name }) => name === control.current?.connection(order.command?.connection ?? '')?.protocol,
      );
      return protocol === undefined ? Promise.resolve(unrunnable(order)) : runKept(gate, protocol, order, report);
    },
  });
  metrics.gauge('sallyport_sessions', 'Open sessions.', () => gate.sessions.size);
  metrics.gauge('sallyport_spool_bytes', 'Evidence that waits for the control plane.', () => spool.size);
  metrics.gauge('sallyport_evidence_lost', 'Records that could never be kept.', () => evidence.lost);
  metrics.gauge('sallyport_evidence_shipped', 'Records that the control plane took.', () => shipper.shipped);
  metrics.gauge('sallyport_evidence_set_aside', 'Records that it will never take.', () => shipper.setAside);
  metrics.gauge('sallyport_agents', 'Agents that have dialled in.', () => tunnels.agents.size);
  const health = await startHealthServer({
    listen: parseAddress(config.SALLYPORT_HEALTH_LISTEN),
    metrics,
    missing: () => [
      ...(control.current === undefined ? ['no policy has come from the control plane yet'] : []),
      ...(evidence.available ? [] : ['evidence cannot be kept']),
    ],
  });
  shutdown.add('health', health.close);
  const ports = { postgres: listening.get('postgres') ?? 0, tunnel: tunnelPort, health: health.port };
  log.info(ports, 'listening');
  return { gate, control, ports };
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

/** What clients see: the configured certificate, or the node's own. */
const clientContext = (config: ProxyConfig, node: Node): SecureContext => {
  const { SALLYPORT_TLS_CERTIFICATE: certificate, SALLYPORT_TLS_KEY: key } = config;
  if (certificate === undefined || key === undefined) {
    const own = tlsMaterial(node.credentials);
    return createSecureContext({ cert: own.cert, key: own.key, minVersion: 'TLSv1.2' });
  }
  return createSecureContext({ cert: readFileSync(certificate), key: readFileSync(key), minVersion: 'TLSv1.2' });
};
