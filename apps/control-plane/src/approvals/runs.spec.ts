import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { ConfigurationServiceClient, Hello, RunResult } from '@sallyport/contracts';
import type { RunCommand, StreamResponse } from '@sallyport/contracts';
import { controlChannel } from '@sallyport/pki';
import { until } from '@sallyport/testing';
import { freshBinding, heldCommand, startApprovals } from '../../testing/approvals.js';
import type { ApprovalsBench } from '../../testing/approvals.js';
import type { Answer, Rest } from '../../testing/plane.js';
import { Logins } from '../logins/logins.service.js';
import type { NewLogin } from '../logins/logins.service.js';
import { AccessTokens } from '../oauth/access-tokens.js';

let bench: ApprovalsBench;
let grace: Rest;
const open: FakeProxy[] = [];

beforeAll(async () => {
  bench = await startApprovals();
  grace = await bench.person('grace', 'approver', ['dba']);
}, 60_000);
afterAll(() => bench.stop());
afterEach(async () => {
  for (const proxy of open.splice(0)) await proxy.die();
  await bench.database.approval.deleteMany({});
});

/** A proxy's configuration stream, as far as runs go. */
interface FakeProxy {
  readonly orders: readonly RunCommand[];
  answer(runId: string, result: Partial<RunResult>): void;
  die(): Promise<void>;
}

const connect = async (
  replica: 'first' | 'second' = 'first',
  heard?: (order: RunCommand) => void,
): Promise<FakeProxy> => {
  const [credentials] = bench.proxies;
  if (credentials === undefined) throw new Error('no proxy');
  const address = bench.address(replica === 'first' ? bench.plane : bench.second, 'control');
  const client = new ConfigurationServiceClient(address, controlChannel(credentials));
  const stream = client.stream();
  const orders: RunCommand[] = [];
  let bundled = false;
  stream.on('error', () => undefined);
  stream.on('data', ({ message }: StreamResponse) => {
    if (message?.$case === 'snapshot') bundled = true;
    if (message?.$case !== 'runCommand') return;
    orders.push(message.value);
    heard?.(message.value);
  });
  stream.write({ message: { $case: 'hello', value: Hello.fromPartial({ softwareVersion: '1' }) } });
  await until(() => bundled);
  let dead = false;
  const proxy: FakeProxy = {
    orders,
    answer: (runId, result) =>
      void stream.write({ message: { $case: 'runResult', value: RunResult.fromPartial({ runId, ...result }) } }),
    async die() {
      if (dead) return;
      dead = true;
      stream.cancel();
      client.close();
      await until(async () => (await bench.database.node.findFirstOrThrow()).connectedAt === null);
    },
  };
  open.push(proxy);
  return proxy;
};

const approved = async () => {
  const binding = freshBinding();
  const { approvalId: id } = await bench.first.request(heldCommand(binding));
  await grace('POST', `/v1/approvals/${id}/approve`, {});
  return { id, binding };
};
const run = (id: string): Promise<Answer> => bench.plane.admin('POST', `/v1/approvals/${id}/run`, {});
const limit = (more: object) => ({ type: 'sallyport_connection', ...more });
const runsOf = (id: string) =>
  bench.database.approvalRun.findMany({ where: { approvalId: id }, orderBy: { createdAt: 'asc' } });
const codeOf = ({ body }: Answer): unknown => (body['result'] as { readonly code?: string } | null)?.code;
/** As if so many seconds had gone by. */
const later = async (seconds: number): Promise<void> => {
  await bench.database
    .$executeRaw`update "ApprovalRun" set "createdAt" = "createdAt" - make_interval(secs => ${seconds})`;
  await bench.database.$executeRaw`update "Node" set "lastSeenAt" = "lastSeenAt" - make_interval(secs => ${seconds})`;
};

describe('a run by id', () => {
  test('waits for a yes, and is for the caller, its owner and admins', async () => {
    const { approvalId: id } = await bench.first.request(heldCommand(freshBinding()));
    const early = await run(id);
    expect([early.status, early.body['code']]).toEqual([425, 'approval_pending']);
    expect((await grace('POST', `/v1/approvals/${id}/run`, {})).status).toBe(403);
  });

  test.each<[string, Partial<NewLogin>, number]>([
    ['may what its principals may', {}, 200],
    ['is for this connection', { details: [limit({ connections: ['billing'] })] }, 200],
    ['may what is held, and does not say what it may see', { details: [limit({ actions: ['delete'] })] }, 403],
    ['may everything elsewhere', { details: [limit({ actions: ['read'] }), limit({ connections: ['other'] })] }, 403],
    ['has a budget', { budget: 'rows=1/1h' }, 403],
    ['is under one that has a budget', { parentId: 'budgeted' }, 403],
  ])('by a token that %s', async (_what, more, status) => {
    const { id } = await approved();
    const { plane, tenantId, subagent: subagentId } = bench;
    const begin = (wanted: Partial<NewLogin>) => {
      const expiresAt = new Date(Date.now() + 600_000);
      return plane.app.get(Logins).begin({ tenantId, whose: { subagentId }, how: 'exchange', expiresAt, ...wanted });
    };
    const parentId = more.parentId === undefined ? undefined : (await begin({ budget: 'rows=1/1h' })).id;
    const { token } = await plane.app.get(AccessTokens, { strict: false }).mint(await begin({ ...more, parentId }));
    const proxy = await connect('first', ({ runId }) => proxy.answer(runId, { completed: true, sessionId: 'ses_run' }));
    const answer = await plane.bearing(token)('POST', `/v1/approvals/${id}/run`, {});
    expect(answer.status).toBe(status);
  });

  test.each(['first', 'second'] as const)('is done by a proxy of the %s replica', async (replica) => {
    const { id, binding } = await approved();
    const proxy = await connect(replica, (order) => {
      void bench.first
        .redeem(id, binding, 'ses_run')
        .then(() => proxy.answer(order.runId, { completed: true, tag: 'DELETE 3', rows: 3, sessionId: 'ses_run' }));
    });
    const answer = await run(id);
    expect([answer.status, answer.body]).toMatchObject([200, { state: 'completed', result: { tag: 'DELETE 3' } }]);
    expect(proxy.orders[0]).toMatchObject({
      approvalId: id,
      callerId: bench.subagent,
      command: { text: "delete from invoices where note = 'raw-canary'" },
      again: false,
    });
    expect((await run(id)).status).toBe(409);
  });

  test('many at once: one runs, all others are told that it is running or has run', async () => {
    const { id, binding } = await approved();
    const proxy = await connect('first', ({ runId }) => {
      void bench.first
        .redeem(id, binding, 'ses_run')
        .then(({ granted }) => proxy.answer(runId, { completed: granted, code: granted ? '' : 'approval_expired' }));
    });
    const answers = await Promise.all(Array.from({ length: 12 }, () => run(id)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 11 }, () => 409)]);
    expect((await runsOf(id)).map(({ state }) => state)).toEqual(['completed']);
  });

  test('whose notice is lost reaches a proxy all the same', async () => {
    const { id } = await approved();
    const proxy = await connect();
    await bench.database.approvalRun.create({
      data: { id: 'run_lost', tenantId: bench.tenantId, approvalId: id, state: 'waiting' },
    });
    await until(() => proxy.orders.length === 1);
    proxy.answer('run_lost', { completed: true });
    await until(async () => (await runsOf(id))[0]?.state === 'completed');
  });

  test('that no proxy takes ends, and the grant is as good as before', async () => {
    const { id, binding } = await approved();
    const answer = run(id);
    await until(async () => (await runsOf(id)).length === 1);
    expect((await run(id)).status).toBe(409);
    await later(60);
    expect(codeOf(await answer)).toBe('no_proxy');
    expect((await bench.first.redeem(id, binding)).granted).toBe(true);
  });

  test('whose proxy dies before it used the grant ends, and may be run again', async () => {
    const { id } = await approved();
    const proxy = await connect();
    const first = run(id);
    await until(() => proxy.orders.length === 1);
    await proxy.die();
    expect((await run(id)).status).toBe(409);
    await later(60);
    expect(codeOf(await first)).toBe('no_proxy');
    const another = await connect('second', ({ runId }) => another.answer(runId, { completed: true, tag: 'DELETE 1' }));
    expect((await run(id)).body).toMatchObject({ state: 'completed' });
  });

  test('whose proxy dies while it runs ends as what is known: the session that has its record', async () => {
    const { id, binding } = await approved();
    const proxy = await connect();
    const answer = run(id);
    await until(() => proxy.orders.length === 1);
    await bench.first.redeem(id, binding, 'ses_run');
    await proxy.die();
    await later(60);
    expect((await answer).body).toMatchObject({
      state: 'failed',
      result: { code: 'outcome_unknown', sessionId: 'ses_run', message: expect.stringContaining('ses_run') },
    });
  });

  test.each<[string, Partial<RunResult>, unknown]>([
    ['gives its answer again', { completed: true, tag: 'DELETE 1' }, ''],
    ['does not know it: it was restarted', { code: 'unknown_run' }, 'outcome_unknown'],
  ])('whose answer is lost is asked for again; the proxy %s', async (_, result, code) => {
    const { id, binding } = await approved();
    const proxy = await connect('first', ({ runId, again }) => {
      if (again) proxy.answer(runId, result);
    });
    const answer = run(id);
    await until(() => proxy.orders.length === 1);
    await bench.first.redeem(id, binding, 'ses_run');
    await bench.database.$executeRaw`update "ApprovalRun" set "createdAt" = "createdAt" - interval '15 s'`;
    expect(codeOf(await answer)).toBe(code);
    expect(proxy.orders.at(-1)).toMatchObject({ again: true, command: undefined });
  });

  test('that goes on and on is asked after, and given up at last', async () => {
    const { id, binding } = await approved();
    const proxy = await connect();
    const answer = run(id);
    await until(() => proxy.orders.length === 1);
    await bench.first.redeem(id, binding, 'ses_run');
    await later(15);
    await until(() => proxy.orders.length >= 2);
    expect((await runsOf(id))[0]?.finishedAt).toBeNull();
    await later(600);
    expect(codeOf(await answer)).toBe('outcome_unknown');
  });

  test('is answered by the proxy that was asked, and by no other', async () => {
    const { id } = await approved();
    const proxy = await connect();
    const answer = run(id);
    await until(() => proxy.orders.length === 1);
    await bench.database.approvalRun.updateMany({ data: { nodeId: 'nod_other' } });
    proxy.answer(proxy.orders[0]?.runId ?? '', { completed: true });
    await later(600);
    expect(codeOf(await answer)).toBe('no_proxy');
  });
});
