import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { freePort, startPostgres, until } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import { enrolNode, openStream } from '../testing/node.js';
import { restOf, startPlane, testConfig, testKey } from '../testing/plane.js';
import { Database } from './db/database.js';
import { GrpcServers } from './grpc/servers.js';
import { Readiness } from './http/readiness.js';
import { Notifications } from './notify/notifications.js';
import { startControlPlane } from './start.js';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const program = fileURLToPath(new URL('../dist/main.js', import.meta.url));

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.stop());

/** Changes of the one tenant wait until it is released. */
async function holdTenant(database: string) {
  const blocker = await postgres.connect(database);
  await blocker.query('begin');
  await blocker.query('select 1 from "Tenant" for update');
  const isAwaited = async (): Promise<boolean> => {
    const { rows } = await blocker.query(
      `select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
    );
    return rows.length > 0;
  };
  const release = async (): Promise<void> => {
    await blocker.query('rollback');
    await blocker.end();
  };
  return { untilAwaited: () => until(isAwaited, 'a change waits'), release };
}

async function readyz(url: string): Promise<number | 'closed'> {
  try {
    const answer = await fetch(`${url}/readyz`, { headers: { connection: 'close' } });
    await answer.text();
    return answer.status;
  } catch {
    return 'closed';
  }
}

test('SIGTERM: not ready first, what runs is finished, streams and LISTEN end, exit code 0', async () => {
  await postgres.createDatabase('process');
  const [grpc, enrolment] = [await freePort(), await freePort()];
  const child = spawn(process.execPath, [program], {
    env: {
      PATH: process.env['PATH'],
      SALLYPORT_DATABASE_URL: postgres.url('process'),
      SALLYPORT_KEY: testKey,
      SALLYPORT_HTTP_LISTEN: '127.0.0.1:0',
      SALLYPORT_GRPC_LISTEN: `127.0.0.1:${grpc}`,
      SALLYPORT_ENROLMENT_LISTEN: `127.0.0.1:${enrolment}`,
      SALLYPORT_LOG_LEVEL: 'info',
      SALLYPORT_SHUTDOWN_DELAY: '5s',
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exit = new Promise<number | null>((done) => child.once('exit', done));
  try {
    await until(() => output.includes('Sallyport control plane at') || child.exitCode !== null, 'it started');
    const url = /control plane at (\S+)/.exec(output)?.[1] ?? output;
    const token = /Set-up token: (\S+)/.exec(output)?.[1];
    const made = await restOf(url, undefined)('POST', '/v1/setup', { token, name: 'ada' });
    const admin = restOf(url, String(made.body['token']));
    const node = await enrolNode(enrolment, admin, { kind: 'proxy', name: 'p' });
    const stream = openStream(grpc, node);
    await until(() => stream.seen.some(({ $case }) => $case === 'snapshot'), 'the node has its snapshot');
    expect(await readyz(url)).toBe(200);

    const tenant = await holdTenant('process');
    const slow = admin('PUT', '/v1/groups/slow', {});
    await tenant.untilAwaited();
    child.kill('SIGTERM');
    const seen: (number | 'closed')[] = [];
    await until(async () => {
      const last = await readyz(url);
      if (seen.at(-1) !== last) seen.push(last);
      return last === 'closed';
    }, 'it takes no more');
    expect(seen.filter((each) => each !== 200)).toEqual([503, 'closed']);
    expect(seen.slice(-2)).toEqual([503, 'closed']);
    expect(child.exitCode).toBeNull();
    await tenant.release();
    expect((await slow).status).toBe(201);
    expect(await stream.over).toBe('ended');
    expect(await exit).toBe(0);
    expect(output).not.toMatch(/"level":(50|60)/);
    const watcher = await postgres.connect('process');
    const { rows } = await watcher.query(`select 1 from pg_stat_activity where application_name like 'sallyport%'`);
    await watcher.end();
    expect(rows).toEqual([]);
  } finally {
    child.kill('SIGKILL');
  }
}, 60_000);

test('SIGTERM while it starts: it stops as one that had started', async () => {
  await postgres.createDatabase('early');
  const tenant = await postgres.connect('early');
  // Whoever starts waits for this lock before it migrates.
  await tenant.query('select pg_advisory_lock(5373109001)');
  const child = spawn(process.execPath, [program], {
    env: {
      PATH: process.env['PATH'],
      SALLYPORT_DATABASE_URL: postgres.url('early'),
      SALLYPORT_KEY: testKey,
      SALLYPORT_HTTP_LISTEN: '127.0.0.1:0',
      SALLYPORT_GRPC_LISTEN: '127.0.0.1:0',
      SALLYPORT_ENROLMENT_LISTEN: '127.0.0.1:0',
    },
  });
  const exit = new Promise<number | null>((done) => child.once('exit', done));
  try {
    const waiting = `select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = 'early'`;
    await until(async () => (await tenant.query(waiting)).rows.length > 0, 'it waits for its turn');
    child.kill('SIGTERM');
    await tenant.query('select pg_advisory_unlock(5373109001)');
    expect(await exit).toBe(0);
    const { rows } = await tenant.query(`select to_regclass('"Tenant"') is not null as migrated`);
    expect(rows).toEqual([{ migrated: true }]);
  } finally {
    child.kill('SIGKILL');
    await tenant.end();
  }
}, 60_000);

describe('in one process', () => {
  test('who is being drained says so, and serves until it closes', async () => {
    await postgres.createDatabase('drained');
    const drained = Promise.withResolvers<void>();
    const plane = await startControlPlane(
      testConfig(postgres.url('drained'), { SALLYPORT_SHUTDOWN_DELAY: '10m' }),
      quiet,
      {
        pause: () => drained.promise,
      },
    );
    const nobody = restOf(plane.url, undefined);
    const stopped = plane.stop();
    const ready = await nobody('GET', '/readyz');
    expect([ready.status, ready.body]).toMatchObject([503, { status: 'not ready', checks: { serving: 'failed' } }]);
    expect((await nobody('GET', '/healthz')).status).toBe(200);
    const token = plane.setupToken;
    expect((await nobody('POST', '/v1/setup', { token, name: 'ada' })).status).toBe(201);
    drained.resolve();
    await Promise.all([stopped, plane.stop()]);
    expect(await readyz(plane.url)).toBe('closed');
  });

  test('what does not end within the limit is cut off', async () => {
    await postgres.createDatabase('stuck');
    const plane = await startPlane(postgres.url('stuck'), { SALLYPORT_SHUTDOWN_LIMIT: '1s' });
    const tenant = await holdTenant('stuck');
    const slow = plane.admin('PUT', '/v1/groups/slow', {}).catch(() => 'cut off');
    await tenant.untilAwaited();
    await plane.stop();
    expect(await slow).toBe('cut off');
    await tenant.release();
  });

  test('it is ready only with its gRPC servers', async () => {
    await postgres.createDatabase('wires');
    const plane = await startPlane(postgres.url('wires'));
    try {
      const before = await plane.nobody('GET', '/readyz');
      expect(before.body).toMatchObject({
        status: 'ready',
        checks: { serving: 'ok', database: 'ok', migrations: 'ok', grpc: 'ok', enrolment: 'ok' },
      });
      await plane.app.get(GrpcServers, { strict: false }).onApplicationShutdown();
      const after = await plane.nobody('GET', '/readyz');
      expect([after.status, after.body]).toMatchObject([
        503,
        { status: 'not ready', checks: { database: 'ok', grpc: 'failed', enrolment: 'failed' } },
      ]);
      expect((await plane.nobody('GET', '/healthz')).status).toBe(200);
    } finally {
      await plane.stop();
    }
  });

  test('a check that never answers is a failure, not a wait', async () => {
    const readiness = new Readiness({ $queryRaw: () => new Promise(() => undefined) } as unknown as Database, 10);
    expect(await readiness.look()).toMatchObject({ ready: false, checks: { database: 'failed' } });
  });

  test('a LISTEN connection that is still being made ends with the rest', async () => {
    // A server that takes connections and says nothing.
    const sockets = new Set<Socket>();
    const closed = Promise.withResolvers<void>();
    const mute = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('data', () => undefined);
      socket.once('close', () => closed.resolve());
    });
    await new Promise<void>((done) => mute.listen(0, '127.0.0.1', done));
    const { port } = mute.address() as AddressInfo;
    const notifications = new Notifications(`postgres://u:p@127.0.0.1:${port}/x`, {} as Database, quiet);
    const begun = notifications.onApplicationBootstrap();
    await until(() => sockets.size === 1, 'it connects');
    await notifications.onApplicationShutdown();
    await begun;
    await closed.promise;
    expect(sockets.size).toBe(1);
    mute.close();
  });
});
