import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Stack, connectAs, errorOf, startStack, waitFor } from '@sallyport/tools';
import type { Client } from 'pg';

/**
 * kill -9 of any process loses no record of a command that reached the target. The moments are made, not waited for: locks in
 * the two servers hold a statement, or its evidence, exactly where it is when somebody dies.
 */
let stack: Stack;
beforeAll(async () => {
  stack = await startStack({
    holdSeconds: 5,
    progress: () => undefined,
    targetSettings: ['log_statement=all'],
    // What goes on without a control plane is not what is tested here.
    settings: { 'control-plane': { SALLYPORT_MAX_STALENESS: '1h' }, proxy: { SALLYPORT_SPOOL_LIMIT: '16MiB' } },
  });
}, 240_000);
afterAll(() => stack.stop(), 60_000);

type Victim = 'proxy' | 'agent' | 'control-plane' | 'postgres';
const victims: readonly Victim[] = ['proxy', 'agent', 'control-plane', 'postgres'];

const kill = async (victim: Victim): Promise<void> => {
  if (victim === 'postgres') await stack.database.crash();
  else await stack.programs.get(victim)?.kill();
};
const revive = (victim: Victim): Promise<void> =>
  victim === 'postgres' ? stack.database.restart() : stack.restart(victim);

interface Statement {
  readonly text: string;
  readonly status?: string;
}

let count = 0;
const marker = (what: string): string => `marker_${what.replaceAll('-', '_')}_${(count += 1)}`;

/** What the target was told to run, by the markers in its own log. */
const reached = (): ReadonlySet<string> => new Set(stack.target.log.join('').match(/marker_\w+/g) ?? []);

/** Every intent that the control plane holds, by the marker in its text. */
async function recorded(): Promise<readonly string[]> {
  const database = await stack.database.connect('sallyport');
  try {
    const { rows } = await database.query<{ text: string }>(
      `select "content"->>'text' as text from "AuditRecord" where "type" = 'statement.intent'`,
    );
    return rows.flatMap(({ text }) => text.match(/marker_\w+/) ?? []);
  } finally {
    await database.end();
  }
}

/** Everything that reached the target is recorded, once. */
async function expectNothingLost(): Promise<void> {
  await waitFor(
    'every record to arrive',
    async () => {
      const known = new Set(await recorded().catch(() => []));
      return [...reached()].every((name) => known.has(name)) ? true : undefined;
    },
    60_000,
  );
  const all = await recorded();
  expect(all.length).toBe(new Set(all).size);
}

const untilLogged = (name: string): Promise<true> =>
  waitFor(`the target to log ${name}`, async () => (reached().has(name) ? true : undefined), 30_000);

/** A session, as soon as there is a way to the target again. */
const connect = (): Promise<Client> =>
  waitFor('a session', async () => (await connectAs(stack, 'etl').catch(() => undefined))?.client, 60_000);

/** How the control plane says that the statement with this marker ended. */
const endOf = async (name: string): Promise<string | undefined> => {
  const { items } = await stack.admin.expect('GET', '/v1/sessions?limit=50');
  for (const { id } of items as readonly { readonly id: string }[]) {
    const page = await stack.admin.expect('GET', `/v1/sessions/${id}/statements?limit=200`);
    const found = (page['items'] as readonly Statement[]).find(({ text }) => text.includes(name));
    if (found !== undefined) return found.status;
  }
  return undefined;
};

/** An error is an answer too: what counts is what was recorded. */
const attempt = (client: Client, text: string): Promise<unknown> => client.query(text).catch((error: unknown) => error);

describe.each(victims)('kill -9 of %s', (victim) => {
  test('while a statement runs at the target', async () => {
    const name = marker(victim);
    const holder = await stack.target.connect('app');
    await holder.query('begin');
    await holder.query('lock table payments in access exclusive mode');
    const client = await connect();
    const running = attempt(client, `select count(*) as ${name} from payments where id = 1`);
    await untilLogged(name);
    await kill(victim);
    await holder.query('rollback');
    await holder.end();
    await running;
    await revive(victim);
    await (await connect()).end();
    await expectNothingLost();
    // Whoever has the session in his hands takes its end with him; the others are not missed by it.
    const end = victim === 'proxy' || victim === 'agent' ? 'unknown' : 'completed';
    await waitFor(`its end to be told as ${end}`, async () => ((await endOf(name)) === end ? true : undefined), 30_000);
    await client.end().catch(() => undefined);
  }, 180_000);

  test('while evidence waits to be committed', async () => {
    const names = Array.from({ length: 5 }, () => marker(victim));
    const holder = await stack.database.connect('sallyport');
    await holder.query('begin');
    await holder.query('lock table "AuditRecord" in access exclusive mode');
    const client = await connect();
    for (const name of names) await client.query(`select 1 as ${name}`);
    for (const name of names) await untilLogged(name);
    await kill(victim);
    await holder.query('rollback').catch(() => undefined);
    await holder.end().catch(() => undefined);
    await revive(victim);
    await (await connect()).end();
    await expectNothingLost();
    await client.end().catch(() => undefined);
  }, 180_000);

  test('at any moment of several callers’ work', async () => {
    const enough = 15;
    let answered = 0;
    let killed: Promise<void> | undefined;
    await Promise.all(
      Array.from({ length: 3 }, async () => {
        for (let mine = 0; mine < enough;) {
          const client = await connect();
          while (mine < enough) {
            const outcome = await attempt(client, `select 1 as ${marker(victim)}`);
            if (outcome instanceof Error) break;
            mine += 1;
            answered += 1;
            if (answered >= enough) killed ??= kill(victim).then(() => revive(victim));
          }
          await client.end().catch(() => undefined);
        }
      }),
    );
    await killed;
    await (await connect()).end();
    expect(reached().size).toBeGreaterThanOrEqual(3 * enough);
    await expectNothingLost();
  }, 180_000);
});

describe('kill -9 of several', () => {
  test('proxy and control plane, while evidence is in the spool only', async () => {
    await stack.programs.get('control-plane')?.kill();
    const client = await connect();
    const names = Array.from({ length: 10 }, () => marker('both'));
    for (const name of names) await client.query(`select 1 as ${name}`);
    await stack.programs.get('proxy')?.kill();
    for (const name of names) await untilLogged(name);
    await revive('control-plane');
    await revive('proxy');
    await (await connect()).end();
    await expectNothingLost();
  }, 180_000);

  test('all of them at once', async () => {
    const client = await connect();
    const names = Array.from({ length: 5 }, () => marker('all'));
    for (const name of names) await client.query(`select 1 as ${name}`);
    await Promise.all(victims.map(kill));
    for (const name of names) await untilLogged(name);
    await revive('postgres');
    await revive('control-plane');
    await Promise.all([revive('proxy'), revive('agent')]);
    await (await connect()).end();
    await expectNothingLost();
    for (const name of names) expect(await recorded()).toContain(name);
  }, 180_000);
});

test('a full spool refuses statements, ends no session, and takes them again when the control plane is back', async () => {
  const client = await connect();
  await stack.programs.get('control-plane')?.kill();
  const long = (): string => `select 1 as ${marker('full')} /* ${' '.repeat(160_000)} */`;
  const error = await waitFor('the spool to be full', () => errorOf(client.query(long())), 120_000);
  expect([error.code, error.severity, error.hint]).toEqual(['SP006', 'ERROR', 'Nothing was executed.']);
  const ready = await fetch(`${stack.proxyHealthUrl}/readyz`);
  expect([ready.status, await ready.text()]).toEqual([503, 'evidence cannot be kept\n']);
  await revive('control-plane');
  await waitFor(
    'statements to be taken',
    async () => ((await errorOf(client.query(long()))) ? undefined : true),
    60_000,
  );
  expect((await fetch(`${stack.proxyHealthUrl}/readyz`)).status).toBe(200);
  await client.end();
  await expectNothingLost();
}, 240_000);
