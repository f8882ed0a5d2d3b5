import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT, exportJWK, generateKeyPair } from 'jose';
import pg from 'pg';
import type { AuditEvent } from '@sallyport/audit';
import type { Catalog } from '@sallyport/kernel';
import type { ConnectionChunk, IdentityChunk, OwnKey, SubagentRecord, UserRecord } from '@sallyport/policy';
import { createLogger, createShutdown, systemClock } from '@sallyport/runtime';
import { startPostgres, until } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import { compose } from '../src/compose.js';
import type { RunningProxy } from '../src/compose.js';
import type { Analyses } from '../src/statements.js';
import { startTestControlPlane } from './control-plane.js';
import type { TestControlPlane } from './control-plane.js';
import { startTestAgent } from './agent.js';
import type { OpenTarget, TestAgent } from './agent.js';
import { createTestAuthority } from './authority.js';
import { compiled, readCatalog, signedBundle } from './bundle.js';

/** A proxy, an agent and a target in one process; bundles are fed to it as the control plane would send them. */
export interface House {
  readonly proxy: RunningProxy;
  readonly controlPlane: TestControlPlane;
  readonly target: TestPostgres;
  readonly agent: TestAgent;
  readonly issuer: string;
  token(subject: string, more?: { readonly audience?: string; readonly expiresIn?: string }): Promise<string>;
  /** One of ours: claims beside `iss`, `aud`, `iat`, `exp` and `jti`. */
  ownToken(claims: Readonly<Record<string, unknown>>, expiresIn?: string): Promise<string>;
  /** A client as any program would have one. */
  client(password: string, more?: pg.ClientConfig): Promise<pg.Client>;
  /** A new bundle. The reason when it is refused. */
  publish(change: {
    readonly policies?: string;
    readonly subagents?: readonly SubagentRecord[];
    readonly users?: readonly UserRecord[];
    /** Ids of logins. */
    readonly endedLogins?: readonly string[];
    /** Pinned keys of the identity provider; of our own tokens. */
    readonly keys?: readonly Readonly<Record<string, unknown>>[];
    readonly ownKeys?: readonly OwnKey[];
    readonly catalog?: Catalog;
    /** The database whose catalog is in force no more. */
    readonly withdrawn?: string;
  }): Promise<string | undefined>;
  /** Everything that reached the control plane, once that is enough: the spool ships in the background. */
  evidence(enough: (events: readonly AuditEvent[]) => boolean): Promise<readonly AuditEvent[]>;
  /** SIGTERM, with clients connected. */
  terminate(): Promise<void>;
  stop(): Promise<void>;
}

export interface HouseOptions {
  readonly analyses: Analyses;
  readonly policies: string;
  readonly subagents: readonly SubagentRecord[];
  readonly users?: readonly UserRecord[];
  readonly endedLogins?: readonly string[];
  /** Further `name=value` settings of the target. */
  readonly targetSettings?: readonly string[];
  /** Run in every database. */
  readonly seed: readonly string[];
  readonly databases?: readonly string[];
  /** The agent's login, handed in: what belongs to the proxy never logs in to a target. */
  readonly open: OpenTarget;
  readonly connection?: Partial<ConnectionChunk>;
  /** As SALLYPORT_DRAIN. */
  readonly drain?: string;
  /** As SALLYPORT_PREVIEW_HOLD. */
  readonly previewHold?: string;
  /** How the target's catalog is read. Left out: as far as its tables in `public` go. */
  readonly readCatalog?: (client: pg.Client, database: string) => Promise<Catalog>;
}

const issuer = 'https://idp.test';
const ownIssuer = 'https://gate.test';

export const openHouse = async (options: HouseOptions): Promise<House> => {
  const first = compiled(options.policies);
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-house-'));
  const target = await startPostgres({ settings: options.targetSettings ?? [] });
  const databases = options.databases ?? ['app'];
  const catalogs: Record<string, Catalog> = {};
  for (const database of databases) {
    await target.createDatabase(database);
    const admin = await target.connect(database);
    for (const text of options.seed) await admin.query(text);
    catalogs[`billing/${database}`] = await (options.readCatalog ?? readCatalog)(admin, database);
    await admin.end();
  }

  const keys = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'k', alg: 'ES256', use: 'sig' };
  const ownKeys = await generateKeyPair('ES256', { extractable: true });
  const ownJwk = { ...(await exportJWK(ownKeys.publicKey)), kid: 'key_1', alg: 'ES256', use: 'sig' } as OwnKey;
  const authority = await createTestAuthority();
  const controlPlane = await startTestControlPlane(await authority.issue('control-plane', 'control'));
  const log = createLogger({ name: 'proxy', level: 'silent' });
  const shutdown = createShutdown({ log });
  const node = await authority.node('gate-1');
  const proxy = await compose({
    config: {
      SALLYPORT_CONTROL_PLANE: controlPlane.address,
      SALLYPORT_NAME: 'gate-1',
      SALLYPORT_STATE_DIRECTORY: directory,
      SALLYPORT_WORKERS: '1',
      SALLYPORT_POSTGRES_LISTEN: '127.0.0.1:0',
      SALLYPORT_TUNNEL_LISTEN: '127.0.0.1:0',
      SALLYPORT_HEALTH_LISTEN: '127.0.0.1:0',
      SALLYPORT_SPOOL_LIMIT: '64MiB',
      SALLYPORT_DRAIN: options.drain ?? '0s',
      SALLYPORT_PENDING_LOGINS: '1000',
      SALLYPORT_PENDING_LOGINS_PER_ADDRESS: '1000',
      SALLYPORT_PREVIEW_HOLD: options.previewHold ?? '30s',
      SALLYPORT_PREVIEW_LOCK_TIMEOUT: '300ms',
      SALLYPORT_LOG_LEVEL: 'silent',
    },
    node,
    analyses: options.analyses,
    clock: systemClock,
    log,
    shutdown,
  });
  const connection: ConnectionChunk = {
    id: 'con_1',
    name: 'billing',
    protocol: 'postgres',
    environment: 'production',
    database: 'app',
    databases,
    agents: ['agent-1'],
    audit: 'spool',
    hold: 500,
    detectors: true,
    tags: [],
    classes: {},
    hashKey: Buffer.alloc(32, 7).toString('base64'),
    policies: first,
    policyVersion: 1,
    ...options.connection,
  };
  let version = 0;
  let policies = connection.policies;
  let { subagents, users = [], endedLogins = [] } = options;
  const publish: House['publish'] = (change) => {
    version += 1;
    policies = change.policies === undefined ? policies : compiled(change.policies);
    subagents = change.subagents ?? subagents;
    users = change.users ?? users;
    endedLogins = change.endedLogins ?? endedLogins;
    if (change.withdrawn !== undefined) Reflect.deleteProperty(catalogs, `billing/${change.withdrawn}`);
    if (change.catalog !== undefined) catalogs[`billing/${change.catalog.database}`] = change.catalog;
    const identity: IdentityChunk = {
      issuers: [
        {
          id: 'iss_1',
          name: 'idp',
          issuer,
          audiences: ['sallyport'],
          keys: change.keys ?? [jwk],
          algorithms: ['ES256'],
        },
      ],
      own: { issuer: ownIssuer, keys: change.ownKeys ?? [ownJwk] },
      subagents,
      users,
    };
    const connections = [{ ...connection, policies, policyVersion: version }];
    return controlPlane.publish(signedBundle(authority, { version, identity, endedLogins, connections, catalogs }));
  };
  const refused = await publish({});
  if (refused !== undefined) throw new Error(refused);
  const agent = startTestAgent({
    port: proxy.ports.tunnel,
    credentials: await authority.issue('agent', 'agent-1'),
    target,
    open: options.open,
    warm: 4,
  });
  await until(() => proxy.gate.tunnels.agents.get('agent-1') === 4);

  const open: pg.Client[] = [];
  let stopped = false;
  const stopProxy = async (): Promise<void> => {
    if (stopped) return;
    stopped = true;
    await Promise.all(open.map((client) => client.end().catch(() => undefined)));
    agent.stop();
    await shutdown.run('the test is over');
  };
  return {
    proxy,
    controlPlane,
    target,
    agent,
    issuer,
    token: (subject, { audience = 'sallyport', expiresIn = '1h' } = {}) =>
      new SignJWT({})
        .setProtectedHeader({ alg: 'ES256', kid: 'k' })
        .setIssuer(issuer)
        .setSubject(subject)
        .setAudience(audience)
        .setIssuedAt()
        .setExpirationTime(expiresIn)
        .sign(keys.privateKey),
    ownToken: (claims, expiresIn = '1h') =>
      new SignJWT({ ...claims })
        .setProtectedHeader({ alg: 'ES256', kid: 'key_1', typ: 'at+jwt' })
        .setIssuer(ownIssuer)
        .setAudience(ownIssuer)
        .setIssuedAt()
        .setJti('tok_1')
        .setExpirationTime(expiresIn)
        .sign(ownKeys.privateKey),
    async client(password, more = {}) {
      const client = new pg.Client({
        host: '127.0.0.1',
        port: proxy.ports.postgres,
        user: 'billing',
        database: 'app',
        password,
        ...more,
      });
      client.on('error', () => undefined);
      open.push(client);
      await client.connect();
      return client;
    },
    publish,
    async evidence(enough) {
      await until(() => enough(controlPlane.events));
      return controlPlane.events;
    },
    terminate: () => shutdown.run('SIGTERM'),
    async stop() {
      await stopProxy();
      controlPlane.stop();
      await target.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
};
