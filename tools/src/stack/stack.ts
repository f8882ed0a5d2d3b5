import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestPostgres, fetchToken, freePort, startPostgres } from '@sallyport/testing';
import { billingRole, seedBilling } from './billing.js';
import { applyManifests } from './manifests.js';
import type { Program } from './program.js';
import { createPrograms, untilReady } from './programs.js';
import { type Rest, createRest } from './rest.js';
import { runSally } from './sally.js';
import { untilServing } from './serving.js';
import { type Scope, createScope } from './scope.js';

export const audience = 'https://sallyport.demo';

/** Machine clients of the identity provider. `brief` gets tokens that live one second; `stranger` is bound to nobody. */
export const clientNames = ['etl', 'deployer', 'analyst-bot', 'stranger', 'brief'] as const;
export type ClientName = (typeof clientNames)[number];

export interface StackOptions {
  /** Seconds a command is held on the wire. */
  readonly holdSeconds: number;
  readonly progress: (step: string) => void;
  /** Listen where people expect it, if that is free; otherwise on any free port. */
  readonly usualPorts?: boolean;
  /** Further settings of the target's server. */
  readonly targetSettings?: readonly string[];
  /** What the proxy shows to clients that ask for TLS, PEM. By default the certificate of the node. */
  readonly proxyTls?: { readonly certificate: string; readonly key: string };
  /** Where clients reach the proxy, all at one port. By default 127.0.0.1. */
  readonly listenOn?: readonly string[];
  /** Further variables of a program. */
  readonly settings?: Partial<Record<'control-plane' | 'proxy' | 'agent', Readonly<Record<string, string>>>>;
  /** Aborted: what was begun is ended, and `startStack` rejects once all of it is gone. */
  readonly signal?: AbortSignal;
  /** A program ended that nobody asked to. */
  readonly onDeath?: (report: string) => void;
}

/** The whole system on loopback, every program a process of its own, set up through REST and CLI only. */
export interface Stack {
  readonly directory: string;
  readonly controlPlaneUrl: string;
  /** Of the identity provider. */
  readonly issuer: string;
  readonly proxyPort: number;
  /** Where agents dial in, and where nodes connect. */
  readonly tunnelPort: number;
  readonly grpcPort: number;
  /** Health and metrics of the proxy. */
  readonly proxyHealthUrl: string;
  readonly database: TestPostgres;
  readonly target: TestPostgres;
  /** The agent's secret; it must be found nowhere else. */
  readonly targetPassword: string;
  readonly admin: Rest;
  /** Another human, who may approve. */
  readonly approver: Rest;
  readonly adminToken: string;
  readonly programs: ReadonlyMap<string, Program>;
  /** With which a client of the identity provider asks for its tokens. */
  clientSecret(client: ClientName): string;
  token(client: ClientName, forAudience?: string): Promise<string>;
  restAs(token: string): Rest;
  sally(args: readonly string[], token?: string): ReturnType<typeof runSally>;
  /** kill -9, then the same again until it is ready. */
  restart(name: 'control-plane' | 'proxy' | 'agent'): Promise<void>;
  /** Another proxy of the same control plane, in several processes; ready when it resolves. */
  addProxy(name: string, workers: number): Promise<AddedProxy>;
  /** Another agent with the same credential, on this machine; ready when it resolves. */
  addAgent(name: string): Promise<Program>;
  stop(): Promise<void>;
}

export interface AddedProxy {
  readonly program: Program;
  readonly port: number;
  /** Health and metrics of each worker. */
  readonly healthUrls: readonly string[];
}

export async function startStack(options: StackOptions): Promise<Stack> {
  const scope = createScope();
  options.signal?.addEventListener('abort', () => void scope.close(), { once: true });
  try {
    const directory = await scope.hold(mkdtemp(join(tmpdir(), 'sallyport-stack-')), (path) =>
      rm(path, { recursive: true, force: true }),
    );
    return await build(directory, scope, options);
  } catch (error) {
    await scope.close();
    throw error;
  }
}

async function build(
  directory: string,
  scope: Scope,
  {
    holdSeconds,
    progress,
    targetSettings,
    usualPorts = false,
    listenOn = ['127.0.0.1'],
    proxyTls,
    settings = {},
    onDeath,
  }: StackOptions,
): Promise<Stack> {
  for (const part of ['logs', 'proxy', 'sally']) await mkdir(join(directory, part), { recursive: true });
  const programs = createPrograms(directory, scope, onDeath);
  const { start } = programs;

  progress('starting two PostgreSQL 18 servers: one for the control plane, one as the target "billing"');
  const targetPassword = `target-${randomBytes(12).toString('hex')}`;
  const [database, target] = await Promise.all([
    scope.hold(startPostgres({ fsync: true }), (server) => server.stop()),
    scope.hold(startPostgres({ settings: targetSettings ?? [] }), (server) => server.stop()),
  ]);
  await database.createDatabase('sallyport');

  progress('starting the identity provider, and filling billing with 100,000 rows');
  const secrets = Object.fromEntries(clientNames.map((name) => [name, randomBytes(16).toString('hex')]));
  const clients = clientNames.map((id) => ({ id, secret: secrets[id], ...(id === 'brief' ? { lifetime: 1 } : {}) }));
  const provider = await start('identity-provider', { CLIENTS: JSON.stringify(clients) });
  const seeding = seed(target, targetPassword);
  // Awaited further down; should something else fail first, that is what is told.
  seeding.catch(() => undefined);

  progress('starting the control plane');
  const httpPort = await freePort(usualPorts ? 7080 : 0);
  const grpcPort = await freePort(usualPorts ? 7081 : 0);
  const enrolmentPort = await freePort(usualPorts ? 7082 : 0);
  const controlPlaneUrl = `http://127.0.0.1:${httpPort}`;
  const controlPlane = await start('control-plane', {
    SALLYPORT_DATABASE_URL: database.url('sallyport'),
    SALLYPORT_HTTP_LISTEN: `127.0.0.1:${httpPort}`,
    SALLYPORT_GRPC_LISTEN: `127.0.0.1:${grpcPort}`,
    SALLYPORT_ENROLMENT_LISTEN: `127.0.0.1:${enrolmentPort}`,
    SALLYPORT_GRPC_NAMES: '127.0.0.1,localhost',
    SALLYPORT_PUBLIC_URL: controlPlaneUrl,
    SALLYPORT_KEY: randomBytes(32).toString('base64'),
    SALLYPORT_ALLOW_PRIVATE_URLS: 'true',
    SALLYPORT_AUDIENCE: audience,
    ...settings['control-plane'],
  });
  const issuer = (await provider.waitForLine(/^issuer (\S+)/))[1] ?? '';
  const setupLine = await controlPlane.waitForLine(/(sps_[A-Za-z0-9_-]+)/);
  await untilReady(`${controlPlaneUrl}/readyz`, controlPlane);

  progress('setting it up as an admin would: sally login, sally apply');
  const sallyEnv = { SALLYPORT_CONFIG_DIRECTORY: join(directory, 'sally'), HOME: directory };
  const sally: Stack['sally'] = (args, token) =>
    runSally(args, {
      env: token === undefined ? sallyEnv : { ...sallyEnv, SALLYPORT_URL: controlPlaneUrl, SALLYPORT_TOKEN: token },
    });
  const sallyOk = async (args: readonly string[], input = ''): Promise<string> => {
    const result = await runSally(args, { env: sallyEnv, input });
    if (result.exitCode !== 0) throw new Error(`sally ${args.join(' ')}: ${result.stderr}`);
    return result.stdout;
  };
  await sallyOk(['login', '--url', controlPlaneUrl, '--setup', '--name', 'ada'], setupLine[1]);
  const manifests = join(directory, 'sallyport.yaml');
  await writeFile(manifests, applyManifests({ issuer, targetPort: target.port, holdSeconds, audience }));
  const applying = sallyOk(['apply', '-f', manifests]);
  applying.catch(() => undefined);
  const login = JSON.parse(await readFile(join(directory, 'sally', 'login.json'), 'utf8')) as {
    readonly token: string;
  };
  const adminToken = login.token;
  const admin = createRest(controlPlaneUrl, adminToken);
  const joinToken = async (kind: string, name: string): Promise<string> =>
    String((await admin.expect('POST', '/v1/join-tokens', { kind, nodeName: name }))['token']);

  progress('starting one proxy and one agent meanwhile; both enrol with a join token');
  const proxyPort = await freePort(usualPorts ? 7432 : 0);
  const tunnelPort = await freePort(usualPorts ? 7433 : 0);
  const node = {
    SALLYPORT_CONTROL_PLANE: `127.0.0.1:${grpcPort}`,
    SALLYPORT_ENROLMENT: `127.0.0.1:${enrolmentPort}`,
    // Who stops a demonstration does not wait for its clients.
    SALLYPORT_DRAIN: '0s',
  };
  const proxyHealth = await freePort();
  const proxyEnvironment = async (
    name: string,
    { clients, tunnel, health }: Readonly<Record<'clients' | 'tunnel' | 'health', number>>,
  ): Promise<Readonly<Record<string, string>>> => ({
    ...node,
    SALLYPORT_JOIN_TOKEN: await joinToken('proxy', name),
    SALLYPORT_NAME: name,
    SALLYPORT_POSTGRES_LISTEN: listenOn.map((host) => `${host}:${clients}`).join(','),
    SALLYPORT_TUNNEL_LISTEN: `127.0.0.1:${tunnel}`,
    SALLYPORT_TUNNEL_ADVERTISE: `127.0.0.1:${tunnel}`,
    SALLYPORT_HEALTH_LISTEN: `127.0.0.1:${health}`,
    ...(await tlsFiles(directory, proxyTls)),
    ...settings.proxy,
  });
  const proxy = await start('proxy', {
    ...(await proxyEnvironment('gate-1', { clients: proxyPort, tunnel: tunnelPort, health: proxyHealth })),
    SALLYPORT_STATE_DIRECTORY: join(directory, 'proxy'),
  });
  const agentEnvironment = async (name: string, health: number): Promise<Readonly<Record<string, string>>> => ({
    ...node,
    SALLYPORT_JOIN_TOKEN: await joinToken('agent', name),
    SALLYPORT_NAME: name,
    SALLYPORT_STATE_DIRECTORY: join(directory, name),
    SALLYPORT_CREDENTIAL_BILLING_USER: billingRole,
    SALLYPORT_CREDENTIAL_BILLING_PASSWORD: targetPassword,
    SALLYPORT_HEALTH_LISTEN: `127.0.0.1:${health}`,
    ...settings.agent,
  });
  const agentHealth = await freePort();
  const agent = await start('agent', await agentEnvironment('billing-agent', agentHealth));
  await seeding;
  progress((await applying).trimEnd());
  const approverToken = await admin.expect('POST', '/v1/tokens', { user: 'grace', name: 'demo' });
  const approver = createRest(controlPlaneUrl, String(approverToken['token']));
  await Promise.all([
    untilReady(`http://127.0.0.1:${proxyHealth}/readyz`, proxy),
    untilReady(`http://127.0.0.1:${agentHealth}/readyz`, agent),
  ]);
  const token: Stack['token'] = (client, forAudience = audience) =>
    fetchToken(`${issuer}/token`, client, secrets[client] ?? '', forAudience);
  await untilServing(proxyPort, await token('analyst-bot'), 'select 1 from payments limit 1');
  const ready = {
    'control-plane': `${controlPlaneUrl}/readyz`,
    proxy: `http://127.0.0.1:${proxyHealth}/readyz`,
    agent: `http://127.0.0.1:${agentHealth}/readyz`,
  };
  return {
    directory,
    controlPlaneUrl,
    issuer,
    proxyPort,
    tunnelPort,
    grpcPort,
    proxyHealthUrl: `http://127.0.0.1:${proxyHealth}`,
    database,
    target,
    targetPassword,
    admin,
    approver,
    adminToken,
    programs: programs.running,
    clientSecret: (client) => secrets[client] ?? '',
    token,
    restAs: (token) => createRest(controlPlaneUrl, token),
    sally,
    restart: async (name) => untilReady(ready[name], await programs.relaunch(name)),
    addProxy: async (name, workers) => {
      const further = Array.from({ length: workers - 1 }, (_, index) => 10 * (index + 1));
      const clients = await freePort();
      const health = await freePort(0, further);
      const healthUrls = [0, ...further].map((by) => `http://127.0.0.1:${health + by}`);
      const environment = {
        ...(await proxyEnvironment(name, { clients, tunnel: await freePort(0, further), health })),
        SALLYPORT_STATE_DIRECTORY: join(directory, name),
        SALLYPORT_WORKERS: String(workers),
      };
      const program = await start('proxy', environment, name);
      for (const url of healthUrls) await untilReady(`${url}/readyz`, program);
      return { program, port: clients, healthUrls };
    },
    addAgent: async (name) => {
      const health = await freePort();
      const added = await start('agent', await agentEnvironment(name, health), name);
      await untilReady(`http://127.0.0.1:${health}/readyz`, added);
      return added;
    },
    stop: () => scope.close(),
  };
}

async function seed(target: TestPostgres, password: string): Promise<void> {
  await target.createDatabase('app');
  const client = await target.connect('app');
  try {
    await seedBilling(client, password);
  } finally {
    await client.end();
  }
}

async function tlsFiles(directory: string, tls: StackOptions['proxyTls']): Promise<Readonly<Record<string, string>>> {
  if (tls === undefined) return {};
  const paths = { certificate: join(directory, 'gate.pem'), key: join(directory, 'gate.key') };
  await writeFile(paths.certificate, tls.certificate);
  await writeFile(paths.key, tls.key, { mode: 0o600 });
  return { SALLYPORT_TLS_CERTIFICATE: paths.certificate, SALLYPORT_TLS_KEY: paths.key };
}
