import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '@sallyport/testing';
import { startStack } from '@sallyport/tools';
import type { Stack } from '@sallyport/tools';
import pg from 'pg';
import type { Client } from 'pg';
import { connectWire } from './wire.js';
import type { Wire, WireOptions } from './wire.js';

/** A way to the target: direct, or through the gateway. */
export interface Way {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Where it comes from: the target asks whoever comes from here for the password itself, as the gateway does. */
  readonly localAddress?: string;
  /** A unix socket instead. */
  readonly path?: string;
}

export interface Scene {
  readonly stack: Stack;
  readonly direct: Way;
  /** A caller that may do everything, and for whom nothing is masked. */
  readonly gate: Way;
  readonly ways: readonly Way[];
  /** A superuser at the target, past the gateway. */
  readonly admin: Client;
  /** Where the proxy keeps its unix socket. */
  readonly sockets: string;
  /** The same story at the target itself and through the gateway: what was heard, which must be the same. */
  both(story: (wire: Wire) => Promise<string>, options?: WireOptions): Promise<string>;
  stop(): Promise<void>;
}

/** Who comes from here logs in with the password in clear, so that both ways begin alike. */
const directFrom = '127.0.0.3';

const policies = `@id("everything")
permit (principal in Group::"etl", action, resource);

@id("deployers-read")
permit (principal in Group::"deployers", action in [Action::"connect", Action::"read"], resource in Connection::"billing");

@id("deployers-write")
@approval("1")
@reason("production writes need the on-call DBA")
permit (principal in Group::"deployers", action in Action::"write", resource in Environment::"production");

@id("dba-approve")
permit (principal in Group::"dba", action == Action::"approve", resource in Environment::"production");
`;

export async function openScene(): Promise<Scene> {
  // The path of a socket is short.
  const sockets = await mkdtemp(join(tmpdir(), 'sallyport-sockets-'));
  const stack = await startStack({
    holdSeconds: 60,
    progress: () => undefined,
    listenOn: ['127.0.0.1', '[::1]'],
    settings: {
      proxy: { SALLYPORT_POSTGRES_SOCKET_DIRECTORY: sockets },
      agent: { SALLYPORT_CATALOG_INTERVAL: '5' },
    },
    targetSettings: ['listen_addresses=127.0.0.1,::1'],
  });
  const admin = await stack.target.connect('app');
  await prepareTarget(admin);
  await govern(stack);
  const direct: Way = {
    name: 'the target',
    host: '127.0.0.1',
    port: stack.target.port,
    user: 'billing_service',
    password: stack.targetPassword,
    localAddress: directFrom,
  };
  const gate: Way = {
    name: 'the gateway',
    host: '127.0.0.1',
    port: stack.proxyPort,
    user: 'billing',
    password: await stack.token('etl'),
  };
  await until(() => connectWire(direct).then(closed, () => false), 'the target takes passwords');
  await untilInForce(gate);
  return {
    stack,
    direct,
    gate,
    ways: [direct, gate],
    admin,
    sockets,
    async both(story, options) {
      const told: string[] = [];
      for (const way of [direct, gate]) {
        const wire = await connectWire(way, options);
        try {
          told.push(await story(wire));
        } finally {
          wire.socket.destroy();
        }
      }
      const [atTarget = '', atGateway = ''] = told;
      if (atTarget !== atGateway) throw new Error(`the target:  ${atTarget}\nthe gateway: ${atGateway}`);
      return atTarget;
    },
    async stop() {
      await admin.end().catch(() => undefined);
      await stack.stop();
      await rm(sockets, { recursive: true });
    },
  };
}

const closed = ({ socket }: Wire): boolean => {
  socket.destroy();
  return true;
};

async function prepareTarget(admin: Client): Promise<void> {
  await admin.query('create schema corners authorization billing_service');
  await admin.query('grant create, temporary on database app to billing_service');
  await admin.query('create table corners.t (id int primary key, name text)');
  await admin.query('alter table corners.t owner to billing_service');
  await admin.query(
    `create table corners.wide (${Array.from({ length: 1_600 }, (_, at) => `c${at} int default ${at}`).join(', ')})`,
  );
  await admin.query('alter table corners.wide owner to billing_service');
  const { rows } = await admin.query<{ hba_file: string }>('show hba_file');
  const file = rows[0]?.hba_file ?? '';
  await writeFile(file, `host all all ${directFrom}/32 password\n${await readFile(file, 'utf8')}`);
  await admin.query('select pg_reload_conf()');
}

async function govern(stack: Stack): Promise<void> {
  const file = join(stack.directory, 'corners.yaml');
  const documents = [
    { kind: 'PolicySet', name: 'billing', spec: { text: policies, publish: true } },
    {
      kind: 'Connection',
      name: 'billing-six',
      spec: {
        protocol: 'postgres',
        environment: 'production',
        host: '::1',
        port: stack.target.port,
        tls: 'disable',
        database: 'app',
        databases: ['app'],
        agents: ['billing-agent'],
        credential: 'billing',
        holdSeconds: 60,
      },
    },
  ];
  await writeFile(file, documents.map((document) => JSON.stringify(document)).join('\n---\n'));
  const applied = await stack.sally(['apply', '-f', file]);
  if (applied.exitCode !== 0) throw new Error(applied.stderr);
}

/** The new policy is in force, and the agent has read the new tables. */
async function untilInForce(gate: Way): Promise<void> {
  let last: unknown = 'the answer is masked';
  const holds = async (): Promise<boolean> => {
    const client = new pg.Client({ ...gate, database: 'app' });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query('begin');
      await client.query('insert into corners.t values (0, null)');
      await client.query('select c1 from corners.wide');
      await client.query('rollback');
      const { rows } = await client.query<{ email: string }>('select email from customers where id = 1');
      return rows[0]?.email.startsWith('customer1@') === true;
    } catch (error) {
      last = error;
      return false;
    } finally {
      await client.end().catch(() => undefined);
    }
  };
  try {
    await until(holds, 'the policy is in force', 20_000);
  } catch (error) {
    throw new Error(`the policy is not in force: ${String(last)}`, { cause: error });
  }
}
