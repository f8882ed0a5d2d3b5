import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { BudgetReport, BudgetUse } from '@sallyport/contracts';
import type { NodeCredentials } from '@sallyport/pki';
import { startPostgres, until } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import { enrolNode, openStream, portOf } from '../../testing/node.js';
import type { NodeStream } from '../../testing/node.js';
import { itemsOf, openDatabase, startPlane, testConfig } from '../../testing/plane.js';
import type { TestPlane } from '../../testing/plane.js';
import type { Database } from '../db/database.js';
import { startControlPlane } from '../start.js';
import type { ControlPlane } from '../start.js';
import { BudgetUses } from './budget-uses.js';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
let postgres: TestPostgres;
let plane: TestPlane;
let second: ControlPlane;
let database: Database;
const proxies: NodeCredentials[] = [];
const streams: NodeStream[] = [];
beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.createDatabase('control');
  plane = await startPlane(postgres.url('control'));
  second = await startControlPlane(testConfig(postgres.url('control')), quiet);
  database = openDatabase(postgres.url('control'));
  for (const name of ['gate-1', 'gate-2', 'gate-3'])
    proxies.push(await enrolNode(portOf(plane, 'enrolment'), plane.admin, { kind: 'proxy', name }));
}, 120_000);
afterAll(async () => {
  for (const stream of streams) stream.stop();
  await database.$disconnect();
  await second.stop();
  await plane.stop();
  await postgres.stop();
});

const hour = 3_600_000;
const slot = Math.floor(Date.now() / (hour / 60));
const use = (used: number, more: Partial<BudgetUse> = {}): BudgetUse => ({
  connection: 'billing',
  principal: 'Subagent::"etl"',
  policy: 'main/few',
  measure: 'rows',
  window: hour,
  slots: [{ number: slot, used }],
  ...more,
});

/** A proxy's count, told over a stream to one of the replicas. */
const counter = (at: number, { life = `life-${at}`, replica = plane as ControlPlane } = {}) => {
  const credentials = proxies[at];
  if (credentials === undefined) throw new Error('no such proxy');
  const stream = openStream(portOf(replica, 'control'), credentials);
  streams.push(stream);
  let number = 0;
  const answers = () => stream.seen.flatMap((each) => (each.$case === 'budgetTotals' ? [each.value] : []));
  return {
    stream,
    tell: async (...uses: readonly BudgetUse[]): Promise<string> => {
      number += 1;
      const value: BudgetReport = { life, number, uses: [...uses] };
      stream.send({ $case: 'budgetReport', value });
      const answer = () => answers().find(({ reported }) => reported === value.number);
      await until(() => answer() !== undefined);
      return answer()?.refused ?? '';
    },
    /** What it was told that the others used, the newest of each. */
    others: (connection: string): number | undefined =>
      answers()
        .flatMap(({ uses }) => uses)
        .findLast((each) => each.connection === connection && each.measure === 'rows')?.slots[0]?.used,
  };
};
const untilTold = (of: ReturnType<typeof counter>, connection: string, used: number) =>
  until(() => of.others(connection) === used);

describe('use of budgets', () => {
  test('is kept from each proxy and told to the others, at every replica; told twice or late it counts once', async () => {
    const one = counter(0);
    const two = counter(1, { replica: second });
    expect([await one.tell(use(7)), await two.tell()]).toEqual(['', '']);
    await untilTold(two, 'billing', 7);
    await one.tell(use(9));
    await one.tell(use(9), use(2, { measure: 'writes' }));
    await one.tell(use(7));
    await two.tell(use(4));
    await untilTold(two, 'billing', 9);
    await untilTold(one, 'billing', 4);
    const three = counter(2);
    await three.tell();
    await untilTold(three, 'billing', 13);
    expect(one.others('billing')).toBe(4);
  });

  test('a proxy that lost what it counted is told that like what others used; one that kept it is not', async () => {
    const of = { connection: 'restarted' };
    const before = counter(0, { life: 'kept' });
    await before.tell(use(5, of));
    before.stream.stop();
    const kept = counter(0, { life: 'kept' });
    await kept.tell(use(5, of));
    const witness = counter(1);
    await witness.tell();
    await untilTold(witness, 'restarted', 5);
    expect(kept.others('restarted')).toBeUndefined();
    const lost = counter(0, { life: 'new' });
    await lost.tell(use(1, of));
    await untilTold(lost, 'restarted', 5);
    await untilTold(witness, 'restarted', 6);
  });

  test.each<[string, Partial<BudgetUse>, string]>([
    ['a measure that is none', { measure: 'cows' }, 'a measure that no budget has'],
    ['a window that is none', { window: 1 }, 'a window that no budget has'],
    ['a name that is none', { connection: '' }, 'a name that is none'],
    ['use of tomorrow', { slots: [{ number: slot + 1_440, used: 1 }] }, 'use in the future: is the clock set right?'],
  ])('%s is refused, with all that came along', async (_name, wrong, reason) => {
    const one = counter(0);
    expect(await one.tell(use(1, { connection: 'hostile' }), use(1, { connection: 'hostile', ...wrong }))).toBe(reason);
    expect(await database.budgetUse.count({ where: { connection: 'hostile' } })).toBe(0);
    // The stream goes on.
    expect(await one.tell(use(1, { connection: 'after' }))).toBe('');
  });

  test('a count without a name is refused; so is who is no proxy', async () => {
    expect(await counter(0, { life: '' }).tell(use(1))).toBe('a count without a name');
    const agent = await enrolNode(portOf(plane, 'enrolment'), plane.admin, { kind: 'agent', name: 'agent-1' });
    const stream = openStream(portOf(plane, 'control'), agent);
    stream.send({ $case: 'budgetReport', value: { life: 'x', number: 1, uses: [use(1)] } });
    expect(await stream.over).toBe('error 7');
  });

  test('no sum is larger than a number can be', async () => {
    const of = { connection: 'huge' };
    const [one, two, three] = [counter(0), counter(1), counter(2)];
    await one.tell(use(Number.MAX_SAFE_INTEGER, of));
    await two.tell(use(Number.MAX_SAFE_INTEGER, of));
    await three.tell();
    await untilTold(three, 'huge', Number.MAX_SAFE_INTEGER);
  });

  test('what has left its window is forgotten', async () => {
    await counter(0).tell(use(1, { connection: 'over' }), use(1, { connection: 'stays' }));
    await database.budgetUse.updateMany({
      where: { connection: 'over' },
      data: { leavesAt: new Date(Date.now() - 120_000) },
    });
    await plane.app.get(BudgetUses, { strict: false }).forgetOver();
    const left = await database.budgetUse.findMany({ where: { connection: { in: ['over', 'stays'] } } });
    expect(left.map(({ connection }) => connection)).toEqual(['stays']);
  });
});

describe('GET /v1/budgets', () => {
  test('shows what is used and what is left, over all proxies, by connection and principal', async () => {
    const text = '@id("few") @budget("rows=20/1h") permit (principal, action in Action::"read", resource);';
    expect((await plane.admin('POST', '/v1/policy-sets', { name: 'seen', text })).status).toBe(201);
    expect((await plane.admin('POST', '/v1/policy-sets/seen/publish', { version: 1 })).status).toBe(200);
    const wish = { protocol: 'postgres', environment: 'production', host: 'db', port: 5432, tls: 'verify-full' };
    const place = { database: 'app', agents: ['agent-1'], credential: 'seen' };
    expect((await plane.admin('PUT', '/v1/connections/seen', { ...wish, ...place })).status).toBe(201);
    const of = { connection: 'seen', policy: 'seen/few' };
    await counter(0).tell(use(7, of), use(3, { ...of, policy: 'seen/former' }));
    await counter(1).tell(use(4, of), use(1, { ...of, principal: 'User::"dana"' }));
    const list = async (query: string) => itemsOf(await plane.admin('GET', `/v1/budgets?connection=seen&${query}`));
    const etl = { principal: { kind: 'subagent', name: 'etl' }, connection: 'seen', measure: 'rows', window: 3600 };
    expect(await list('principal=etl')).toEqual([
      { ...etl, policy: 'seen/few', used: 11, limit: 20, remaining: 9 },
      { ...etl, policy: 'seen/former', used: 3, limit: null, remaining: null },
    ]);
    expect(await list('principal=dana')).toMatchObject([{ principal: { kind: 'user', name: 'dana' }, used: 1 }]);
    const first = await plane.admin('GET', '/v1/budgets?connection=seen&limit=2');
    const rest = await plane.admin('GET', `/v1/budgets?connection=seen&limit=2&cursor=${String(first.body['next'])}`);
    expect([itemsOf(first).length, itemsOf(rest).length, rest.body['next']]).toEqual([2, 1, null]);
  });
});
