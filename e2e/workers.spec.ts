import { readFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { until, untilRunning } from '@sallyport/testing';
import { type AddedProxy, type Stack, connectAs, errorOf, startStack, waitFor } from '@sallyport/tools';
import type { Client } from 'pg';

/** A proxy in two processes: one port for clients, and a proxy each for everything else. */
let stack: Stack;
let gate: AddedProxy;
const workers = ['gate-2', 'gate-2.2'] as const;
beforeAll(async () => {
  stack = await startStack({ holdSeconds: 5, progress: () => undefined });
  gate = await stack.addProxy('gate-2', 2);
  // Both are known to the agent before anything is asked of them.
  await Promise.all([0, 1].map((worker) => until(async () => (await metric(worker, 'agents')) === 1)));
}, 240_000);
afterAll(() => stack.stop(), 60_000);

const metric = async (worker: number, name: string): Promise<number> => {
  const text = await (await fetch(`${gate.healthUrls[worker]}/metrics`)).text();
  return Number(new RegExp(`^sallyport_${name} (\\d+)$`, 'm').exec(text)?.[1]);
};
const sessionsOf = (): Promise<readonly number[]> => Promise.all([metric(0, 'sessions'), metric(1, 'sessions')]);

const clients = new Set<Client>();
const connect = async (): Promise<Client> => {
  const { client } = await connectAs({ ...stack, proxyPort: gate.port }, 'etl');
  clients.add(client);
  return client;
};
const end = async (...over: readonly Client[]): Promise<void> => {
  await Promise.all(over.map((client) => client.end().catch(() => undefined)));
  for (const client of over) clients.delete(client);
};
/** A client of the proxy, and in which process its session is. */
const open = async (): Promise<{ readonly client: Client; readonly worker: number }> => {
  // Those that ended are over for the proxy, too.
  await until(async () => (await sessionsOf()).reduce((sum, count) => sum + count) === clients.size);
  const before = await sessionsOf();
  const client = await connect();
  const after = await sessionsOf();
  return { client, worker: after.findIndex((count, index) => count > (before[index] ?? 0)) };
};
/** One in each. */
const openBoth = async (): Promise<readonly [Client, Client]> => {
  const found = new Map<number, Client>();
  await until(async () => {
    const { client, worker } = await open();
    if (found.has(worker)) await client.end();
    else found.set(worker, client);
    return found.size === 2;
  });
  const [one, two] = [found.get(0), found.get(1)];
  if (one === undefined || two === undefined) throw new Error('not in both');
  return [one, two];
};
const answers = async (client: Client): Promise<boolean> =>
  (await client.query('select id from payments where id = 1')).rowCount === 1;

/** The newest process of a worker. */
const pidOf = (worker: number): number => {
  const lines = readFileSync(gate.program.logPath, 'utf8').split('\n');
  const line = lines.findLast((each) => each.includes(`"worker":${worker + 1},`) && each.includes('"msg":"listening"'));
  return (JSON.parse(line ?? '{}') as { readonly pid: number }).pid;
};

test('sessions go to both in turn; evidence of both arrives, under the name of each', async () => {
  for (let at = 0; at < 6; at++) await open();
  expect(await sessionsOf()).toEqual([3, 3]);
  for (const [at, client] of [...clients].entries())
    await client.query(`select ${at} as both_workers from payments where id = 1`);
  await end(...clients);
  const recorded = await waitFor('all of it to arrive', async () => {
    const database = await stack.database.connect('sallyport');
    try {
      const { rows } = await database.query<{ proxy: string; count: string }>(
        `select s."proxy", count(*) from "AuditRecord" r join "Session" s on s.id = r."sessionId"
         where r."type" = 'statement.intent' and r."content"->>'text' like '%both_workers%' group by 1 order by 1`,
      );
      return rows.reduce((sum, { count }) => sum + Number(count), 0) === 6 ? rows : undefined;
    } finally {
      await database.end();
    }
  });
  expect(recorded).toEqual(workers.map((proxy) => ({ proxy, count: '3' })));
});

test('each is a proxy of its own for the control plane, and both go when the one is turned away', async () => {
  const shown = async () =>
    Promise.all(
      workers.map(async (name) => {
        const { workerOf, disabled, connectedAt, listeners } = await stack.admin.expect('GET', `/v1/proxies/${name}`);
        const [{ port } = { port: 0 }] = listeners as readonly { readonly port: number }[];
        return { workerOf, disabled, connected: connectedAt !== null, port };
      }),
    );
  const good = { disabled: false, connected: true, port: gate.port };
  expect(await shown()).toEqual([
    { ...good, workerOf: null },
    { ...good, workerOf: 'gate-2' },
  ]);
  expect((await stack.sally(['nodes', 'ls'], stack.adminToken)).stdout).toMatch(
    /worker of gate-2 +gate-2\.2 +connected/,
  );
  await stack.admin.expect('PUT', '/v1/proxies/gate-2', { disabled: true });
  await waitFor('both to be away', async () =>
    (await shown()).every(({ disabled, connected }) => disabled && !connected) ? true : undefined,
  );
  await stack.admin.expect('PUT', '/v1/proxies/gate-2', { disabled: false });
  await waitFor('both to be back', async () =>
    (await shown()).every(({ disabled, connected }) => !disabled && connected) ? true : undefined,
  );
});

describe('a cancel', () => {
  let holder: Client;
  let watcher: Client;
  beforeAll(async () => {
    [holder, watcher] = await Promise.all([stack.target.connect('app'), stack.target.connect('app')]);
  });
  afterAll(() => end(holder, watcher));

  /** As a driver sends it, on a connection of its own: whichever worker gets that. */
  const cancel = (key: Buffer): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = connectTcp(gate.port, '127.0.0.1', () => {
        const head = Buffer.alloc(8);
        head.writeInt32BE(8 + key.length, 0);
        head.writeInt32BE(80_877_102, 4);
        socket.write(Buffer.concat([head, key]));
      });
      socket
        .on('error', reject)
        .on('close', () => resolve())
        .resume();
    });
  const keyOf = (client: Client): Buffer => {
    const { processID, secretKey } = client as unknown as Readonly<Record<'processID' | 'secretKey', number>>;
    const key = Buffer.alloc(8);
    key.writeInt32BE(processID, 0);
    key.writeInt32BE(secretKey, 4);
    return key;
  };

  test('finds its session at whichever worker it comes in, every time', async () => {
    await holder.query('begin');
    await holder.query('lock table payments in access exclusive mode');
    const { client } = await open();
    // Connections go to the workers in turn: of two in a row, one comes in where the session is not.
    for (let at = 0; at < 4; at++) {
      const running = errorOf(client.query(`select id as round_${at} from payments where id = 1`));
      await untilRunning(watcher, `round_${at}`);
      await cancel(keyOf(client));
      expect((await running)?.code).toBe('57014');
    }
    await holder.query('rollback');
    expect(await answers(client)).toBe(true);
    await end(client);
  });

  test('with a key that nobody has does nothing, however often', async () => {
    await holder.query('begin');
    await holder.query('lock table payments in access exclusive mode');
    const { client } = await open();
    const running = client.query('select id as untouched from payments where id = 1');
    await untilRunning(watcher, 'untouched');
    const wrong = keyOf(client);
    wrong.writeInt32BE(wrong.readInt32BE(4) ^ 1, 4);
    for (let at = 0; at < 100; at++) await cancel(wrong);
    await holder.query('rollback');
    expect((await running).rowCount).toBe(1);
    await end(client);
  });
});

describe('a budget', () => {
  const limit = 2_000;
  const text = `@id("few") @budget("rows=${limit}/1h")
    permit (principal == Subagent::"analyst-bot", action in Action::"read", resource in Connection::"billing");`;
  const used = async (): Promise<number> => {
    const { items } = await stack.admin.expect('GET', '/v1/budgets?principal=analyst-bot');
    return (items as readonly { readonly used: number }[])[0]?.used ?? 0;
  };
  const openAs = async (port: number): Promise<Client> =>
    (await connectAs({ ...stack, proxyPort: port }, 'analyst-bot')).client;
  const refused = async (client: Client): Promise<boolean> => {
    const error = await errorOf(client.query('select id from payments where id = 1'));
    if (error !== undefined) expect([error.code, error.message]).toEqual(['54000', expect.stringContaining('budget')]);
    return error !== undefined;
  };
  beforeAll(async () => {
    await stack.admin.expect('POST', '/v1/policy-sets', { name: 'budget', text });
    await stack.admin.expect('POST', '/v1/policy-sets/budget/publish', { version: 1 });
  });
  afterAll(() => stack.admin.expect('DELETE', '/v1/policy-sets/budget'));

  test('that is used up at one proxy stops the next command at every worker of the other', async () => {
    const here = await openAs(stack.proxyPort);
    const there = [await openAs(gate.port), await openAs(gate.port)];
    for (const client of there) expect(await refused(client)).toBe(false);
    await until(async () => (await used()) >= 2);
    // More than all that the others will have tried until they hear of it.
    const cut = await errorOf(here.query(`select id from payments order by id limit ${limit + 1}`));
    expect(cut?.code).toBe('54000');
    for (const client of there) await until(() => refused(client));
    await until(async () => (await used()) >= limit);
    expect((await stack.sally(['budgets', '--principal', 'analyst-bot'], stack.adminToken)).stdout).toMatch(
      new RegExp(`analyst-bot +billing +budget/few +rows +1h +[0-9]+ +${limit} +0`),
    );
    await Promise.all([here, ...there].map((client) => client.end()));
  });

  test('is not new after a kill -9 of who counted it', async () => {
    const pids = [0, 1].map(pidOf);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await until(() => [0, 1].every((worker) => !pids.includes(pidOf(worker))));
    await Promise.all([0, 1].map((worker) => until(async () => (await metric(worker, 'agents').catch(() => 0)) === 1)));
    for (const client of [await openAs(gate.port), await openAs(gate.port)]) {
      expect(await refused(client)).toBe(true);
      await client.end();
    }
  });
});

test('kill -9 of one: the sessions of the other live, and it is back, with what it had not shipped', async () => {
  for (const worker of [1, 0]) {
    const both = await openBoth();
    const [dying, living] = worker === 0 ? both : [both[1], both[0]];
    const name = `killed_worker_${worker + 1}`;
    // Nothing is committed, so nothing is acknowledged: the record is in the spool of its worker only.
    const control = await stack.database.connect('sallyport');
    await control.query('begin');
    await control.query('lock table "AuditRecord" in access exclusive mode');
    await dying.query(`select id as ${name} from payments where id = 1`);
    const pid = pidOf(worker);
    process.kill(pid, 'SIGKILL');
    await control.query('rollback');
    await control.end();
    expect(await dying.query('select 1').catch(() => 'over')).toBe('over');
    await end(dying);
    expect(await answers(living)).toBe(true);
    // Nobody is turned away meanwhile.
    const meanwhile = await connect();
    expect(await answers(meanwhile)).toBe(true);
    await until(() => pidOf(worker) !== pid);
    await until(async () => (await metric(worker, 'agents').catch(() => 0)) === 1);
    await end(...(await openBoth()));
    await waitFor('its evidence', async () => {
      const page = await stack.admin.expect('GET', '/v1/audit?type=statement.intent&limit=200');
      return (page['items'] as readonly { readonly text: string }[]).some(({ text }) => text.includes(name))
        ? true
        : undefined;
    });
    expect(await answers(living)).toBe(true);
    await end(living, meanwhile);
  }
}, 120_000);

test('told to end, both end their sessions and themselves', async () => {
  await openBoth();
  expect(await gate.program.terminate()).toBe(0);
  for (const client of clients) expect(await client.query('select 1').catch(() => 'over')).toBe('over');
  await end(...clients);
});
