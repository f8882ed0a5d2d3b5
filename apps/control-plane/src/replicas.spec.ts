import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { decodeManifest } from '@sallyport/policy';
import { mintId } from '@sallyport/runtime';
import { startPostgres, until } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import { enrolNode, openStream, portOf } from '../testing/node.js';
import type { NodeStream } from '../testing/node.js';
import { itemsOf, openDatabase, restOf, startPlane, testConfig } from '../testing/plane.js';
import type { TestPlane } from '../testing/plane.js';
import type { Database } from './db/database.js';
import { Notifications } from './notify/notifications.js';
import { startControlPlane } from './start.js';
import type { ControlPlane } from './start.js';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const policy = (id: string) => `@id("${id}")\npermit (principal, action in Action::"read", resource);\n`;

let postgres: TestPostgres;
let one: TestPlane;
/** Comes to the database by a login of its own, so that it alone can be shut out. */
let two: ControlPlane;
let urlOfTwo: string;
let database: Database;
beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.createDatabase('replicas');
  const owner = await postgres.connect();
  await owner.query(`create role two superuser login password 'two'`);
  await owner.end();
  const url = new URL(postgres.url('replicas'));
  url.username = 'two';
  url.password = 'two';
  urlOfTwo = url.href;
  one = await startPlane(postgres.url('replicas'));
  two = await startControlPlane(testConfig(urlOfTwo), quiet);
  database = openDatabase(postgres.url('replicas'));
});
afterAll(async () => {
  await database.$disconnect();
  await two.stop();
  await one.stop();
  await postgres.stop();
});

const versionOf = (stream: NodeStream): number => {
  const versions = stream.seen.flatMap((message) => {
    if (message.$case !== 'snapshot' && message.$case !== 'delta') return [];
    const manifest = decodeManifest(message.value.manifest);
    return manifest.ok ? [manifest.value.version] : [];
  });
  return versions.at(-1) ?? -1;
};
const bundleVersion = async (): Promise<number> => Number((await database.tenant.findFirstOrThrow()).bundleVersion);
const publish = async (text: string): Promise<number> => {
  const answer = await one.admin('PUT', '/v1/policy-sets/shared', { text, publish: true });
  expect(answer.body['detail']).toBeUndefined();
  return bundleVersion();
};

/** Cuts the LISTEN connection of the second replica and lets it not come back until the work is done. */
async function whileDeaf(work: () => Promise<void>): Promise<void> {
  const owner = await postgres.connect('replicas');
  const listening = `from pg_stat_activity where usename = 'two' and application_name = 'sallyport-listen'`;
  try {
    await owner.query('alter role two nologin');
    const cut = await owner.query(`select pg_terminate_backend(pid) ${listening}`);
    expect(cut.rowCount).toBe(1);
    await until(async () => (await owner.query(`select 1 ${listening}`)).rowCount === 0, 'it does not listen');
    await work();
  } finally {
    await owner.query('alter role two login');
  }
  await until(async () => (await owner.query(`select 1 ${listening}`)).rowCount === 1, 'it listens again');
  await owner.end();
}

describe('two replicas on one PostgreSQL', () => {
  test('what is published at one reaches a node of the other', async () => {
    const node = await enrolNode(portOf(one, 'enrolment'), one.admin, { kind: 'proxy', name: 'far' });
    const stream = openStream(portOf(two, 'control'), node);
    await until(() => versionOf(stream) >= 0, 'its snapshot');
    const version = await publish(policy('first'));
    await until(() => versionOf(stream) === version, 'the new version');
    const rolledBack = await one.admin('POST', '/v1/policy-sets/shared/publish', { version: 1 });
    expect(rolledBack.status).toBe(200);
    await until(async () => versionOf(stream) === (await bundleVersion()), 'the version after it');
    stream.stop();
  });

  test('of twenty who send the set-up token at once, at both, one becomes the admin', async () => {
    await postgres.createDatabase('raced');
    const config = testConfig(postgres.url('raced'));
    const planes = await Promise.all([startControlPlane(config, quiet), startControlPlane(config, quiet)]);
    try {
      const tokens = planes.flatMap((plane) => plane.setupToken ?? []);
      expect(tokens).toHaveLength(1);
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          restOf(planes[index % 2]?.url ?? '', undefined)('POST', '/v1/setup', { token: tokens[0], name: `a${index}` }),
        ),
      );
      const [made, ...more] = answers.filter(({ status }) => status === 201);
      expect(more).toEqual([]);
      expect(answers.filter(({ status }) => status === 401 || status === 429)).toHaveLength(19);
      const users = await restOf(planes[1]?.url ?? '', String(made?.body['token']))('GET', '/v1/users');
      expect(itemsOf(users)).toHaveLength(1);
    } finally {
      await Promise.all(planes.map((plane) => plane.stop()));
    }
  });

  test('an agent that enrols when nothing else changes is known at once, at every replica', async () => {
    const before = await bundleVersion();
    for (const [name, plane] of Object.entries({ near: one, far: two })) {
      const settled = await enrolNode(portOf(one, 'enrolment'), one.admin, { kind: 'agent', name: `${name}-first` });
      const first = openStream(portOf(plane, 'control'), settled);
      await until(() => versionOf(first) >= 0, 'a snapshot, so that this replica has compiled');
      const late = await enrolNode(portOf(one, 'enrolment'), one.admin, { kind: 'agent', name: `${name}-late` });
      const stream = openStream(portOf(plane, 'control'), late);
      const outcome = await Promise.race([stream.over, until(() => versionOf(stream) >= 0).then(() => 'snapshot')]);
      expect([name, outcome]).toEqual([name, 'snapshot']);
      for (const each of [first, stream]) each.stop();
    }
    expect(await bundleVersion()).toBeGreaterThan(before);
  });

  test('who did not hear looks again when it listens again, and hears from then on', async () => {
    const notifications = new Notifications(urlOfTwo, database, quiet);
    const heard: string[] = [];
    let resumed = 0;
    notifications.on('test_channel', (payload) => heard.push(payload));
    notifications.onResumed(() => (resumed += 1));
    await notifications.onApplicationBootstrap();
    await notifications.send('test_channel', 'before');
    await until(() => heard.includes('before'));
    expect(resumed).toBe(1);
    const owner = await postgres.connect('replicas');
    await owner.query('alter role two nologin');
    await owner.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where usename = 'two' and application_name = 'sallyport-listen'`,
    );
    await notifications.send('test_channel', 'lost');
    await owner.query('alter role two login');
    await owner.end();
    await until(() => resumed === 2, 'it listens again');
    await notifications.send('test_channel', 'after');
    await until(() => heard.includes('after'));
    expect(heard).toEqual(['before', 'after']);
    await notifications.onApplicationShutdown();
  });

  test('what is published while one does not hear reaches its nodes all the same', async () => {
    const node = await enrolNode(portOf(one, 'enrolment'), one.admin, { kind: 'proxy', name: 'deaf' });
    const stream = openStream(portOf(two, 'control'), node);
    await until(() => versionOf(stream) >= 0, 'its snapshot');
    let version = 0;
    await whileDeaf(async () => {
      version = await publish(policy('unheard'));
    });
    await until(() => versionOf(stream) === version, 'the new version');
    stream.stop();
  });

  test('a session that is ended while the replica of its proxy does not hear is ended all the same', async () => {
    const node = await enrolNode(portOf(one, 'enrolment'), one.admin, { kind: 'proxy', name: 'holder' });
    const stream = openStream(portOf(two, 'control'), node);
    await until(() => versionOf(stream) >= 0, 'its snapshot');
    const session = async (proxy: string) => {
      const { id: tenantId } = await database.tenant.findFirstOrThrow();
      const caller = { callerKind: 'subagent', callerId: 'sub_1', callerName: 'etl' };
      const place = { connectionName: 'billing', database: 'app', clientAddress: '::1' };
      const id = mintId('ses');
      await database.session.create({ data: { id, tenantId, proxy, ...place, ...caller, openedAt: new Date() } });
      return id;
    };
    const [mine, foreign] = [await session('holder'), await session('elsewhere')];
    await whileDeaf(async () => {
      for (const id of [mine, foreign]) expect((await one.admin('POST', `/v1/sessions/${id}/end`)).status).toBe(202);
    });
    const orders = () => stream.seen.flatMap((message) => (message.$case === 'endSession' ? [message.value] : []));
    await until(() => orders().length > 0, 'the order to end it');
    expect(orders()[0]).toEqual({ sessionId: mine, reason: 'ended by ada' });
    expect(orders().map(({ sessionId }) => sessionId)).not.toContain(foreign);
    stream.stop();
  });

  test('an order to end a session reaches a proxy that comes back later', async () => {
    const node = await enrolNode(portOf(one, 'enrolment'), one.admin, { kind: 'proxy', name: 'away' });
    const { id: tenantId } = await database.tenant.findFirstOrThrow();
    const caller = { callerKind: 'subagent', callerId: 'sub_1', callerName: 'etl' };
    const place = { connectionName: 'billing', database: 'app', clientAddress: '::1' };
    const id = mintId('ses');
    const opened = { proxy: 'away', openedAt: new Date() };
    await database.session.create({ data: { id, tenantId, ...opened, ...place, ...caller } });
    expect((await one.admin('POST', `/v1/sessions/${id}/end`)).status).toBe(202);
    const stream = openStream(portOf(two, 'control'), node);
    await until(() => stream.seen.some(({ $case }) => $case === 'endSession'), 'the order to end it');
    stream.stop();
  });
});
