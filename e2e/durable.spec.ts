import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Stack, connectAs, errorOf, startStack, waitFor } from '@sallyport/tools';
import type { Client } from 'pg';

/** The durable grade: what a target does is in the control plane's PostgreSQL before the target hears of it. */
let stack: Stack;
/** Connections of our own to both servers, past the gateway. */
let records: Client;
let target: Client;
beforeAll(async () => {
  stack = await startStack({ holdSeconds: 5, progress: () => undefined });
  target = await stack.target.connect('app');
  records = await stack.database.connect('sallyport');
}, 240_000);
afterAll(async () => {
  await target.end();
  await records.end();
  await stack.stop();
}, 60_000);

let count = 0;
const marker = (): string => `marker_${(count += 1)}`;
const select = (name: string): string => `select 1 as ${name}`;

/** What backends of the target were told last, by whomever. */
const heardAtTarget = async (name: string): Promise<boolean> => {
  const { rows } = await target.query(
    `select 1 from pg_stat_activity where pid <> pg_backend_pid() and query like '%' || $1 || '%'`,
    [name],
  );
  return rows.length > 0;
};

const recorded = async (name: string): Promise<readonly { readonly type: string }[]> => {
  const { rows } = await records.query<{ type: string }>(
    `select "type" from "AuditRecord" where "content"->>'text' like '%' || $1 || '%'`,
    [name],
  );
  return rows;
};

/** Sessions of the control plane that wait for a lock. */
const blocked = async (): Promise<number> => {
  const { rows } = await records.query(
    `select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%AuditRecord%'`,
  );
  return rows.length;
};

/** All evidence that was made is at the control plane, so that only what comes now can wait there. */
const untilShipped = (): Promise<true> =>
  waitFor(
    'evidence to be shipped',
    async () => {
      const metrics = await (await fetch(`${stack.proxyHealthUrl}/metrics`)).text();
      return /^sallyport_spool_bytes 0$/m.test(metrics) ? true : undefined;
    },
    30_000,
  );

/** No record can be committed while `work` goes on; `release` lets them. */
async function whileNothingCommits(work: (release: () => Promise<void>) => Promise<void>): Promise<void> {
  const holder = await stack.database.connect('sallyport');
  try {
    await holder.query('begin');
    await holder.query('lock table "AuditRecord" in access exclusive mode');
    await work(async () => {
      await holder.query('rollback');
    });
  } finally {
    await holder.end();
  }
}

const untilInForce = async (): Promise<void> => {
  await waitFor(
    'the newest bundle to be in force',
    async () => {
      const { rows } = await records.query<{ v: string }>('select "bundleVersion" as v from "Tenant"');
      const { manifestVersion } = await stack.admin.expect('GET', '/v1/proxies/gate-1');
      return Number(rows[0]?.v) === manifestVersion ? true : undefined;
    },
    30_000,
  );
};

const setGrade = async (audit: 'durable' | 'spool'): Promise<void> => {
  const {
    id: _id,
    createdAt: _made,
    updatedAt: _changed,
    name: _name,
    catalogs: _read,
    ...fields
  } = await stack.admin.expect('GET', '/v1/connections/billing');
  await stack.admin.expect('PUT', '/v1/connections/billing', { ...fields, audit });
  await untilInForce();
};

const refused: string[] = [];
const unavailable = async (client: Client, text: string): Promise<void> => {
  refused.push(/marker_\d+/.exec(text)?.[0] ?? '');
  const error = await errorOf(client.query(text));
  expect([error?.code, error?.severity, error?.hint]).toEqual(['SP006', 'ERROR', 'Nothing was executed.']);
  expect(JSON.parse(error?.detail ?? '{}')).toEqual({ code: 'audit_unavailable' });
};

/** A session that was refused something goes on by itself. */
const untilRuns = (client: Client, text: string): Promise<true> =>
  waitFor(
    'the session to go on',
    async () => ((await errorOf(client.query(text))) === undefined ? true : undefined),
    60_000,
  );

describe('a connection of the durable grade', () => {
  beforeAll(() => setGrade('durable'));

  test('the target hears of a statement when its intent is committed, and not before', async () => {
    const { client } = await connectAs(stack, 'etl');
    await client.query('select 0');
    await untilShipped();
    const name = marker();
    await whileNothingCommits(async (release) => {
      const answer = client.query(select(name));
      // Twice: what the statement waits for, and its copy from the spool.
      await waitFor(
        'both copies of the intent to wait',
        async () => ((await blocked()) === 2 ? true : undefined),
        30_000,
      );
      expect(await heardAtTarget(name)).toBe(false);
      await release();
      expect((await answer).rows).toEqual([{ [name]: 1 }]);
    });
    expect(await heardAtTarget(name)).toBe(true);
    expect(await recorded(name)).toEqual([{ type: 'statement.intent' }]);
    await client.end();
  }, 60_000);

  test('a statement whose intent is not committed in time is refused; its session and its transaction go on', async () => {
    const { client } = await connectAs(stack, 'etl');
    await client.query('begin');
    const name = marker();
    await whileNothingCommits(async () => {
      await unavailable(client, select(name));
    });
    expect(await heardAtTarget(name)).toBe(false);
    await untilRuns(client, 'select 1');
    expect((await client.query('commit')).command).toBe('COMMIT');
    await client.end();
  }, 120_000);

  test('without the control plane nothing runs, at once; with it, the same session goes on', async () => {
    const { client } = await connectAs(stack, 'etl');
    const name = marker();
    await stack.programs.get('control-plane')?.kill();
    await unavailable(client, select(name));
    expect(await heardAtTarget(name)).toBe(false);
    await stack.restart('control-plane');
    const after = marker();
    await untilRuns(client, select(after));
    expect(await recorded(after)).toContainEqual({ type: 'statement.intent' });
    await client.end();
  }, 120_000);

  test('without the control plane’s PostgreSQL nothing runs either', async () => {
    const { client } = await connectAs(stack, 'etl');
    const name = marker();
    await stack.database.crash();
    await unavailable(client, select(name));
    expect(await heardAtTarget(name)).toBe(false);
    await stack.database.restart();
    records = await stack.database.connect('sallyport');
    const after = marker();
    await untilRuns(client, select(after));
    expect(await recorded(after)).toContainEqual({ type: 'statement.intent' });
    await client.end();
  }, 120_000);
});

describe('a policy with @durable on a connection of the spool grade', () => {
  beforeAll(async () => {
    await setGrade('spool');
    const text = `
      @id("reads") permit (principal in Group::"deployers", action in [Action::"connect", Action::"read"], resource in Connection::"billing");
      @id("writes") @durable permit (principal in Group::"deployers", action in Action::"write", resource in Connection::"billing");`;
    await stack.admin.expect('PUT', '/v1/policy-sets/billing', { text, publish: true });
    await untilInForce();
  }, 60_000);

  test('reads go on without the control plane, writes wait for it', async () => {
    const { client } = await connectAs(stack, 'deployer');
    const update = (name: string): string =>
      `update payments set amount = amount where id = 1 and '${name}' = '${name}'`;
    const [committed, waits, read] = [marker(), marker(), marker()];
    expect((await client.query(update(committed))).rowCount).toBe(1);
    expect(await recorded(committed)).toContainEqual({ type: 'statement.intent' });
    await stack.programs.get('control-plane')?.kill();
    await client.query('begin');
    expect((await client.query(select(read))).rows).toEqual([{ [read]: 1 }]);
    await unavailable(client, update(waits));
    expect(await heardAtTarget(waits)).toBe(false);
    expect((await client.query('commit')).command).toBe('COMMIT');
    await stack.restart('control-plane');
    await untilRuns(client, update(marker()));
    await waitFor(
      'the read to be recorded',
      async () => ((await recorded(read)).length > 0 ? true : undefined),
      30_000,
    );
    await client.end();
  }, 120_000);
});

test('what was refused is told as that: its intent, and that nothing came of it', async () => {
  expect(refused.length).toBe(4);
  for (const name of refused) {
    const { rows } = await records.query(
      `select o."content"->>'status' as status, o."content"->>'error' as error from "AuditRecord" i
       join "AuditRecord" o on o."commandId" = i."commandId" and o."type" = 'statement.outcome'
       where i."type" = 'statement.intent' and i."content"->>'text' like '%' || $1 || '%' limit 1`,
      [name],
    );
    expect([name, rows]).toEqual([name, [{ status: 'failed', error: 'audit_unavailable' }]]);
  }
});
