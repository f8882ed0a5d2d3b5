import { readFileSync } from 'node:fs';
import { ConfigurationServiceClient } from '@sallyport/contracts';
import { controlChannel, openNode, verifyBundle } from '@sallyport/pki';
import {
  ConfigProblem,
  createLogger,
  createMetrics,
  createShutdown,
  parseAddress,
  startHealthServer,
} from '@sallyport/runtime';
import type { Shutdown } from '@sallyport/runtime';
import { createNonceMemory } from '@sallyport/tunnel';
import { createBundleFile } from './bundle-file.js';
import { createCatalogs } from './catalogs.js';
import type { AgentConfig } from './config.js';
import { createControl } from './control.js';
import { createCredentials } from './credentials/credentials.js';
import { createDial } from './dial.js';
import { createTargets } from './targets.js';
import { createWarmSockets } from './warm.js';

const softwareVersion = '0.1.0';
/** Tickets live for 30 s: as many may be in flight at once. */
const rememberedNonces = 100_000;

/** The agent's whole object graph, top to bottom. */
export async function compose(
  config: AgentConfig,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Shutdown> {
  const log = createLogger({ name: 'agent', level: config.SALLYPORT_LOG_LEVEL });
  const shutdown = createShutdown({ log });
  const metrics = createMetrics();
  const directory = config.SALLYPORT_STATE_DIRECTORY;

  const ca = readOptional(config.SALLYPORT_TARGET_CA, 'SALLYPORT_TARGET_CA');
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
    log,
  });
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
  shutdown.add('warm sockets', warm.stop);
  const catalogs = createCatalogs({
    credentials,
    ca,
    interval: Number(config.SALLYPORT_CATALOG_INTERVAL) * 1000,
    report: control.report,
    log,
  });
  shutdown.add('catalogs', catalogs.stop);

  control.start({
    assigned: ({ connections, proxies }) => {
      warm.serve(proxies);
      catalogs.serve(connections);
    },
    readCatalog: (order) => catalogs.read(order.connection, order.database),
  });
  shutdown.add('control plane', control.stop);

  metrics.gauge('sallyport_agent_warm_sockets', 'Idle sockets that wait at proxies.', () => warm.idle);
  metrics.gauge(
    'sallyport_agent_connections',
    'Connections that are served.',
    () => control.current?.connections.size ?? 0,
  );
  const health = await startHealthServer({
    listen: parseAddress(config.SALLYPORT_HEALTH_LISTEN),
    metrics,
    missing: () => [
      ...(control.current === undefined ? ['no assignment has come from the control plane yet'] : []),
      ...(warm.idle === 0 ? ['no proxy is connected'] : []),
    ],
  });
  shutdown.add('health', health.close);
  log.info({ agent: config.SALLYPORT_NAME, health: health.port }, 'the agent runs');
  return shutdown;
}

function readOptional(path: string | undefined, name: string): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch {
    throw new ConfigProblem([`${name} names a file that cannot be read: ${path}`]);
  }
}
