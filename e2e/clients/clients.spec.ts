import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { until } from '@sallyport/testing';
import { type Stack, startStack } from '@sallyport/tools';
import { makeCertificate } from '../../apps/cli/testing/tls-front.js';
import { type DebianPostgres, startDebianPostgres } from './debian-postgres.js';
import { differences } from './differences.js';
import { driverScenarios } from './driver.js';
import { dumpScenarios } from './dump.js';
import { installLine, missingPackages } from './packages.mjs';
import type { Package } from './packages.mjs';
import { pgbenchScenarios } from './pgbench.js';
import { type Place, keywords, url } from './place.js';
import { runWell } from './program.js';
import { debian as postgresProgram, psqlScenarios } from './psql.js';
import type { Scenario } from './scenario.js';

// Each test starts programs twice, on a machine that others use.
jest.setTimeout(240_000);

const role = 'billing_service';
const off = process.env['SALLYPORT_TEST_CLIENTS'] === 'off';
const missing = new Set<Package>(missingPackages());
let stack: Stack;
let debian: DebianPostgres | undefined;
let directory: string;
let fixture: string;
let ca: string;
let token: string;

const connection = (name: string, port: number, databases: readonly string[]) => ({
  kind: 'Connection',
  name,
  spec: {
    protocol: 'postgres',
    environment: 'staging',
    host: '127.0.0.1',
    port,
    tls: 'disable',
    database: 'app',
    databases,
    agents: ['billing-agent'],
    credential: 'billing',
  },
});

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-clients-'));
  fixture = await readFile(fileURLToPath(new URL('./fixture.sql', import.meta.url)), 'utf8');
  const material = await makeCertificate(['localhost']);
  ca = join(directory, 'gate.pem');
  await writeFile(ca, material.authority);
  debian = missing.has('postgresql') ? undefined : await startDebianPostgres();
  stack = await startStack({
    holdSeconds: 2,
    progress: () => undefined,
    proxyTls: material,
    // What is shown of sizes must not depend on when it looks.
    targetSettings: ['autovacuum=off'],
  });
  const administrator = await stack.target.connect('app');
  await administrator.query(`alter database app owner to ${role}; alter role ${role} createrole`);
  await administrator.query(`create database prisma owner ${role}`);
  await administrator.end();
  if (debian !== undefined) {
    const other = await debian.connect();
    await other.query(`create role ${role} login createrole password '${stack.targetPassword}'`);
    await other.query(`create database app owner ${role}`);
    await other.end();
  }
  const everything = (name: string) => `permit (principal in Group::"etl", action, resource in Connection::"${name}");`;
  const reader = 'principal in Group::"analysts"';
  const reading = [
    `permit (${reader}, action in [Action::"connect", Action::"read", Action::"call"], resource in Connection::"debian");`,
    `permit (${reader}, action == Action::"configure", resource == Table::"debian/app/pg_catalog/pg_subscription");`,
  ].join('\n');
  const documents = [
    connection('clients', stack.target.port, ['app', 'prisma']),
    ...(debian === undefined ? [] : [connection('debian', debian.port, ['app'])]),
    {
      kind: 'PolicySet',
      name: 'clients',
      spec: {
        text: [everything('clients'), ...(debian === undefined ? [] : [everything('debian'), reading])].join('\n'),
        publish: true,
      },
    },
  ];
  const file = join(directory, 'clients.yaml');
  await writeFile(file, documents.map((document) => JSON.stringify(document)).join('\n---\n'));
  expect(await stack.sally(['apply', '-f', file])).toMatchObject({ exitCode: 0, stderr: '' });
  token = await stack.token('etl');
  await prepare(undefined, 'app');
  for (const at of [
    placeOf('through', undefined, 'app'),
    placeOf('through', undefined, 'prisma'),
    placeOf('through', 'debian', 'app'),
  ])
    if (debian !== undefined || at.user !== 'debian') await until(() => serves(at), `${at.user} is served`, 60_000);
}, 300_000);

afterAll(async () => {
  await stack.stop();
  await debian?.stop();
  await rm(directory, { recursive: true, force: true });
}, 60_000);

async function serves(at: Omit<Place, 'directory'>): Promise<boolean> {
  const client = new pg.Client({ connectionString: url(at) });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('create temporary table t (id int)');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

const placeOf = (way: Place['way'], target: Scenario['target'], database: string): Omit<Place, 'directory'> =>
  way === 'through'
    ? { way, host: 'localhost', port: stack.proxyPort, user: target ?? 'clients', password: token, database, ca }
    : {
        way,
        host: 'localhost',
        port: target === 'debian' ? (debian?.port ?? 0) : stack.target.port,
        user: role,
        password: stack.targetPassword,
        database,
      };

/** The same beginning for either way. */
async function prepare(target: Scenario['target'], database: string): Promise<void> {
  const administrator = await administratorOf(target, database);
  const own = database === 'app' ? ['client', 'shop'] : ['public'];
  for (const schema of own) await administrator.query(`drop schema if exists ${schema} cascade`);
  await administrator.query('drop role if exists locked_out');
  await administrator.query(
    'drop table if exists pgbench_accounts, pgbench_branches, pgbench_history, pgbench_tellers cascade',
  );
  await administrator.query(`set session authorization ${role}; set search_path = public`);
  await administrator.query(database === 'app' ? `create schema client; ${fixture}` : 'create schema public');
  await administrator.end();
}

type Tried = Pick<Scenario, 'run' | 'target' | 'database' | 'left'>;

async function outcome({ run, target, database = 'app', left }: Tried, way: Place['way']): Promise<string> {
  await prepare(target, database);
  const files = await mkdtemp(join(directory, `${way}-`));
  const said = await run({ ...placeOf(way, target, database), directory: files });
  if (left === undefined) return said;
  const administrator = await administratorOf(target, database);
  const { rows } = await administrator.query(left);
  await administrator.end();
  return `${said}\n${JSON.stringify(rows)}`;
}

const administratorOf = (target: Scenario['target'], database: string): Promise<pg.Client> =>
  target === 'debian' && debian !== undefined ? debian.connect(database) : stack.target.connect(database);

/** What cannot be tried says what to install, unless it was said that it need not be. */
const tryIt = (name: string, needs: readonly Package[], work: () => Promise<void>): void => {
  const absent = needs.filter((each) => missing.has(each));
  (off && absent.length > 0 ? test.skip : test)(name, async () => {
    if (absent.length > 0)
      throw new Error(
        `Not tried, for this needs Debian's packages: ${installLine(absent)}. ` +
          'Or say that these clients need not be tried: SALLYPORT_TEST_CLIENTS=off',
      );
    await work();
  });
};

const expectAll = (said: string, parts: readonly (string | RegExp)[]): void => {
  for (const part of parts)
    if (typeof part === 'string') expect(said).toContain(part);
    else expect(said).toMatch(part);
};

describe('the same outcome direct and through', () => {
  const scenarios: readonly Scenario[] = [...psqlScenarios, ...dumpScenarios, ...pgbenchScenarios, ...driverScenarios];
  for (const scenario of scenarios)
    tryIt(scenario.name, scenario.needs, async () => {
      const direct = await outcome(scenario, 'direct');
      expectAll(direct, scenario.shows);
      const through = await outcome(scenario, 'through');
      expect(through.split('\n')).toEqual(direct.split('\n'));
    });
});

/** docs/clients.md says what a caller must be permitted. */
tryIt(
  'pg_dump with no more than read, call and a look at subscriptions: in parallel, and masked',
  ['postgresql'],
  async () => {
    await prepare('debian', 'app');
    const files = await mkdtemp(join(directory, 'reader-'));
    const at: Place = {
      ...placeOf('through', 'debian', 'app'),
      password: await stack.token('analyst-bot'),
      directory: files,
    };
    const options = { env: { PGPASSWORD: at.password }, cwd: files };
    await runWell(
      postgresProgram('pg_dump'),
      ['-d', keywords(at), '-n', 'shop', '-Fd', '-j', '2', '-f', 'archive'],
      options,
    );
    const restored = await runWell(postgresProgram('pg_restore'), ['-f', '-', 'archive'], options);
    expectAll(restored, ['CREATE TABLE shop.orders', 'COPY shop.customers', 'Ada\t[email]\t']);
    expect(restored).not.toContain('ada@example.com');
  },
);

describe('what differs', () => {
  for (const difference of differences)
    tryIt(difference.name, difference.needs, async () => {
      expectAll(await outcome(difference, 'direct'), difference.direct);
      expectAll(await outcome(difference, 'through'), difference.through);
    });
});
