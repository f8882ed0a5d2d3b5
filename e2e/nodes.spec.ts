import { connect as connectTcp } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { until } from '@sallyport/testing';
import { type Stack, connectAs, errorOf, startStack, waitFor } from '@sallyport/tools';
import type { Client } from 'pg';

/** Nodes over a failure, an outage and a shutdown, with sessions open. */
let stack: Stack;
beforeAll(async () => {
  stack = await startStack({
    holdSeconds: 5,
    progress: () => undefined,
    settings: {
      'control-plane': { SALLYPORT_MAX_STALENESS: '15s' },
      proxy: { SALLYPORT_DRAIN: '10m' },
      agent: { SALLYPORT_DRAIN: '10m' },
    },
  });
}, 240_000);
afterAll(() => stack.stop(), 60_000);

const open = async (): Promise<Client> => (await connectAs(stack, 'etl')).client;
const answers = async (client: Client): Promise<boolean> =>
  (await client.query('select count(*) from payments where id = 1')).rowCount === 1;

/** The proxy acts on what was published last. */
const untilInForce = async (): Promise<void> => {
  const database = await stack.database.connect('sallyport');
  try {
    await waitFor(
      'the newest bundle to be in force',
      async () => {
        const { rows } = await database.query<{ v: string }>('select "bundleVersion" as v from "Tenant"');
        const { manifestVersion } = await stack.admin.expect('GET', '/v1/proxies/gate-1');
        return Number(rows[0]?.v) === manifestVersion ? true : undefined;
      },
      30_000,
    );
  } finally {
    await database.end();
  }
};

const serveBy = async (...agents: readonly string[]): Promise<void> => {
  const {
    id: _id,
    createdAt: _made,
    updatedAt: _changed,
    name: _name,
    catalogs: _read,
    ...fields
  } = await stack.admin.expect('GET', '/v1/connections/billing');
  await stack.admin.expect('PUT', '/v1/connections/billing', { ...fields, agents });
  await untilInForce();
};

const agentsOfOpenSessions = async (): Promise<readonly string[]> => {
  const { items } = await stack.admin.expect('GET', '/v1/sessions?open=true&limit=200');
  return (items as readonly { readonly agent: string }[]).map(({ agent }) => agent);
};

const reaches = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connectTcp(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });

describe('an identity that nobody bound', () => {
  test('is seen, and one step from being a subagent', async () => {
    expect((await stack.sally(['delete', 'subagent', 'deployer'])).exitCode).toBe(0);
    const knock = async () => {
      const outcome = await errorOf(connectAs(stack, 'deployer').then(({ client }) => client.end()));
      return outcome?.code;
    };
    await until(async () => (await knock()) === '28P01', 'the proxy knows of it');
    let line = '';
    await until(async () => {
      const { stdout } = await stack.sally(['observed', 'ls']);
      line = stdout.split('\n').find((each) => / deployer /.test(each)) ?? '';
      return line !== '';
    }, 'the evidence of it has come');
    expect(line).toMatch(/^obs_\S+ +\S+ +deployer +billing +\d+ +\S+ +sub=deployer$/);
    const [id = ''] = line.split(' ');
    const bound = await stack.sally(['observed', 'bind', id, 'deployer', '--group', 'deployers', '--owner', 'linus']);
    expect([bound.exitCode, bound.stdout]).toEqual([0, 'deployer is a subagent now: sub=deployer\n']);
    await until(async () => (await knock()) === undefined, 'it is let in');
    expect((await stack.sally(['observed', 'forget', id])).exitCode).toBe(1);
  }, 60_000);
});

describe('what is published binds the next statement of an open session', () => {
  test('a caller that is disabled, and enabled again', async () => {
    const client = await open();
    const {
      id: _id,
      name: _name,
      createdAt: _made,
      updatedAt: _changed,
      ...fields
    } = await stack.admin.expect('GET', '/v1/subagents/etl');
    const put = async (disabled: boolean): Promise<void> => {
      const { issuer, claims, groups, owner } = fields;
      await stack.admin.expect('PUT', '/v1/subagents/etl', { issuer, claims, groups, owner, disabled });
      await untilInForce();
    };
    await put(true);
    expect((await errorOf(client.query('select 1')))?.code).toBe('42501');
    await put(false);
    expect(await answers(client)).toBe(true);
    await client.end();
  }, 60_000);
});

describe('two agents of one connection', () => {
  test('one is killed: its sessions end, new ones go to the other; it comes back', async () => {
    await stack.addAgent('second-agent');
    await serveBy('billing-agent', 'second-agent');
    const clients = await Promise.all(Array.from({ length: 6 }, open));
    const used = await waitFor('both agents to be used', async () => {
      const agents = await agentsOfOpenSessions();
      return agents.length >= 6 ? new Set(agents) : undefined;
    });
    expect(used).toEqual(new Set(['billing-agent', 'second-agent']));
    await stack.programs.get('second-agent')?.kill();
    // The next statement tells which sessions are over.
    const left = await Promise.all(clients.map((client) => answers(client).catch(() => false)));
    expect(new Set(left)).toEqual(new Set([true, false]));
    for (let at = 0; at < 6; at++) {
      const client = await open();
      expect(await answers(client)).toBe(true);
      await client.end();
    }
    await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
  }, 120_000);

  test('one is told to end: its sessions go on, it takes no more, and ends with the last of them', async () => {
    await serveBy('third-agent');
    const third = await stack.addAgent('third-agent');
    const client = await waitFor('a session through it', () => open().catch(() => undefined));
    await serveBy('third-agent', 'billing-agent');
    let ended: number | string | undefined;
    const exit = third.terminate().then((code) => (ended = code));
    await third.waitForLine(/shutting down/);
    for (let at = 0; at < 6; at++) {
      const other = await open();
      expect(await answers(other)).toBe(true);
      await other.end();
    }
    expect(await answers(client)).toBe(true);
    expect(ended).toBeUndefined();
    await client.end();
    expect(await exit).toBe(0);
  }, 120_000);
});

describe.each(['control-plane', 'postgres'] as const)('without %s', (victim) => {
  test('everything goes on until the policy is stale; then nothing runs, and it goes on by itself afterwards', async () => {
    const client = await open();
    if (victim === 'postgres') await stack.database.crash();
    else await stack.programs.get(victim)?.kill();
    const other = await open();
    expect(await answers(other)).toBe(true);
    await other.end();
    const refused = await waitFor('the policy to be stale', () => errorOf(client.query('select 1')), 60_000);
    expect([refused.code, refused.severity]).toEqual(['SP004', 'ERROR']);
    expect(JSON.parse(refused.detail ?? '{}')).toMatchObject({ code: 'policy_stale', retry_after: 5 });
    if (victim === 'postgres') await stack.database.restart();
    else await stack.restart(victim);
    await waitFor('the session to go on', () => answers(client).then(Boolean, () => undefined), 60_000);
    await client.end();
  }, 180_000);
});

describe('a proxy that is told to end', () => {
  test('takes no more clients, lets its sessions go on, and ends with the last of them', async () => {
    const client = await open();
    await client.query('begin');
    const proxy = stack.programs.get('proxy');
    if (proxy === undefined) throw new Error('no proxy');
    let ended: number | string | undefined;
    const exit = proxy.terminate().then((code) => (ended = code));
    await waitFor('its listener to close', async () => ((await reaches(stack.proxyPort)) ? undefined : true));
    expect(await answers(client)).toBe(true);
    await client.query('commit');
    expect(ended).toBeUndefined();
    await client.end();
    expect(await exit).toBe(0);
  }, 120_000);
});
