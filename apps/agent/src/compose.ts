import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ConfigurationServiceClient } from '@sallyport/contracts';
import { controlChannel, derBlocks, openNode, verifyBundle } from '@sallyport/pki';
import { ConfigProblem, createMetrics, parseAddress, parseDuration, startHealthServer } from '@sallyport/runtime';
import type { Logger, Shutdown } from '@sallyport/runtime';
import { createNonceMemory } from '@sallyport/tunnel';
import { createBundleFile } from './bundle-file.js';
import { createCatalogs } from './catalogs.js';
import type { AgentConfig } from './config.js';
import { createControl } from './control.js';
import { createCredentials } from './credentials/credentials.js';
import { createDial } from './dial.js';
import { createSamples } from './samples.js';
import { createTargets } from './targets.js';
import { createWarmSockets } from './warm.js';

const softwareVersion = '0.1.0';
/** Tickets live for 30 s: as many may be in flight at once. */
const rememberedNonces = 100_000;

/** The agent's whole object graph, top to bottom. */
export async function compose(
  config: AgentConfig,
  env: Readonly<Record<string, string | undefined>>,
  { log, shutdown }: { readonly log: Logger; readonly shutdown: Shutdown },
): Promise<{ readonly health: number }> {
  const metrics = createMetrics();
  const directory = config.SALLYPORT_STATE_DIRECTORY;

  const ca = readAuthorities(config.SALLYPORT_TARGET_CA);
  const credentials = createCredentials(readOptional(config.SALLYPORT_CREDENTIALS, 'SALLYPORT_CREDENTIALS'), env);

  const node = await openNode({
    directory,
    kind: 'agent',
    name: config.SALLYPORT_NAME,
    control: config.SALLYPORT_CONTROL_PLANE,
    enrolment: config.SALLYPORT_ENROLMENT,
    joinToken: config.SALLYPORT_JOIN_TOKEN,
    log,
  });
  shutdown.add('certificate renewal', node.close);

  const refusedBundles = metrics.counter('sallyport_bundles_refused_total', 'Bundles that were not taken.');
  const control = createControl({
    client: () =>
      new ConfigurationServiceClient(config.SALLYPORT_CONTROL_PLANE, controlChannel(node.credentials()), {
        'grpc.max_receive_message_length': 64 << 20,
        'grpc.max_send_message_length': 64 << 20,
        'grpc.keepalive_time_ms': 10_000,
      }),
    file: createBundleFile(directory),
    trust: {
      tenant: () => node.credentials().tenant,
      verify: ({ bytes, signature, keyId }) => {
        const key = node.credentials().bundleKeys.find(({ id }) => id === keyId);
        return key !== undefined && verifyBundle(Buffer.from(key.publicKey, 'base64'), bytes, signature);
      },
    },
    softwareVersion,
    alarm: () => refusedBundles.add(),
    log,
  });
  node.onRenewal(control.reconnect);
  const connection = (name: string) => control.current?.connections.get(name);

  const targets = createTargets({ credentials, ca, connection });
  const dial = createDial({
    agent: config.SALLYPORT_NAME,
    targets,
    nonces: createNonceMemory(rememberedNonces),
    log,
  });
  const warm = createWarmSockets({
    credentials: node.credentials,
    dial,
    count: Number(config.SALLYPORT_WARM_SOCKETS),
    log,
  });
  const patience = parseDuration(config.SALLYPORT_DRAIN);
  const catalogs = createCatalogs({
    credentials,
    ca,
    interval: Number(config.SALLYPORT_CATALOG_INTERVAL) * 1000,
    report: control.report,
    log,
  });
  shutdown.add('catalogs', catalogs.stop);

  const samples = createSamples({ credentials, ca, connection, report: control.sampled, log });
  control.start({
    assigned: ({ connections, proxies }) => {
      warm.serve(proxies);
      catalogs.serve(connections);
    },
    readCatalog: (order) => catalogs.read(order),
    sampleColumns: (order) => void samples.take(order),
  });
  shutdown.add('control plane', control.stop);
  shutdown.add('sessions', () => warm.drain(patience), patience + 1_000);

  metrics.gauge('sallyport_agent_warm_sockets', 'Idle sockets that wait at proxies.', () => warm.idle);
  metrics.gauge(
    'sallyport_agent_connections',
    'Connections that are served.',
    () => control.current?.connections.size ?? 0,
  );
  metrics.gauge('sallyport_agent_sessions', 'Sessions that are open.', () => warm.sessions);
  metrics.gauge(
    'sallyport_policy_version',
    'The bundle that it acts on.',
    () => control.current?.manifest.version ?? 0,
  );
  metrics.gauge('sallyport_control_plane_connected', 'The control plane was heard of just now.', () =>
    control.connected ? 1 : 0,
  );
  metrics.gauge('sallyport_certificate_seconds', 'Seconds until the certificate of this node ends.', () =>
    Math.round((new X509Certificate(node.credentials().certificate).validToDate.getTime() - Date.now()) / 1000),
  );
  const health = await startHealthServer({
    address: parseAddress(config.SALLYPORT_HEALTH_LISTEN),
    metrics,
    missing: () => [
      ...(shutdown.started ? ['it is shutting down'] : []),
      ...(control.current === undefined ? ['no assignment has come from the control plane yet'] : []),
      ...(warm.idle + warm.sessions === 0 ? ['no proxy is connected'] : []),
    ],
    log,
  });
  shutdown.add('health', health.close);
  log.info({ agent: config.SALLYPORT_NAME, health: health.port }, 'the agent runs');
  return { health: health.port };
}

function readOptional(path: string | undefined, name: string): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code = 'error' } = error as NodeJS.ErrnoException;
    throw new ConfigProblem([`${name} names a file that cannot be read (${code}): ${path}`]);
  }
}

/** A file that holds no certificate would be found out by the first session only. */
function readAuthorities(path: string | undefined): string | undefined {
  const text = readOptional(path, 'SALLYPORT_TARGET_CA');
  if (text === undefined) return undefined;
  try {
    for (const block of derBlocks(text)) new X509Certificate(block);
    if (derBlocks(text).length > 0) return text;
  } catch {
    // Said below.
  }
  throw new ConfigProblem([`SALLYPORT_TARGET_CA ${path} holds no certificates: give a PEM file of authorities`]);
}
