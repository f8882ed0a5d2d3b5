import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { ApprovalState } from '@sallyport/contracts';
import type { RequestRequest, WatchResponse } from '@sallyport/contracts';
import { until } from '@sallyport/testing';
import { freshBinding, heldCommand, startApprovals } from '../../testing/approvals.js';
import type { ApprovalsBench, Line } from '../../testing/approvals.js';
import type { Rest } from '../../testing/plane.js';

let bench: ApprovalsBench;
let grace: Rest;
const [first, other] = [(): Line => bench.first, (): Line => bench.other];

beforeAll(async () => {
  bench = await startApprovals({ proxyCount: 3 });
  grace = await bench.person('grace', 'approver', ['dba']);
}, 60_000);
afterAll(() => bench.stop());

const ask = async (more: Partial<RequestRequest> = {}, binding = freshBinding()) => {
  const { approvalId } = await first().request(heldCommand(binding, more));
  return { approvalId, binding };
};
const stateOf = async (id: string): Promise<unknown> =>
  (await bench.plane.admin('GET', `/v1/approvals/${id}`)).body['state'];
const approve = (id: string) => grace('POST', `/v1/approvals/${id}/approve`, {});
const deny = (id: string) => grace('POST', `/v1/approvals/${id}/deny`, { reason: 'not today' });

describe('approvals', () => {
  test('the same held command gets the same approval, on any replica', async () => {
    const binding = freshBinding();
    const lines = [first(), other(), first(), other()];
    const answers = await Promise.all(lines.map((line) => line.request(heldCommand(binding))));
    expect(new Set(answers.map(({ approvalId }) => approvalId)).size).toBe(1);
    expect((await ask()).approvalId).not.toBe(answers[0]?.approvalId);
  });

  test('of 200 racing redeems, from three proxies on two replicas, one is granted', async () => {
    const { approvalId, binding } = await ask();
    expect((await first().redeem(approvalId, binding)).granted).toBe(false);
    expect((await approve(approvalId)).status).toBe(200);
    expect((await first().redeem(approvalId, freshBinding())).granted).toBe(false);
    const all = bench.lines.flat();
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, n) => (all[n % all.length] ?? first()).redeem(approvalId, binding, `ses_${n}`)),
    );
    const granted = answers.filter((answer) => answer.granted);
    expect(granted).toHaveLength(1);
    const { id } = await bench.database.user.findFirstOrThrow({ where: { name: 'grace' } });
    expect(granted[0]?.approvers).toEqual([id]);
    expect(answers.filter((answer) => !answer.granted).every(({ code }) => code === 'approval_expired')).toBe(true);
    expect(await stateOf(approvalId)).toBe('redeemed');
  });

  test('one no denies, and its reason reaches a watcher on another replica', async () => {
    const { approvalId } = await ask();
    const { seen, ended } = other().watch(approvalId);
    await until(() => seen.length > 0);
    await deny(approvalId);
    expect(await ended).toBe(0);
    expect(seen.map(({ state }) => state)).toEqual([
      ApprovalState.APPROVAL_STATE_PENDING,
      ApprovalState.APPROVAL_STATE_DENIED,
    ]);
    expect(seen.at(-1)?.reason).toBe('not today');
    expect((await approve(approvalId)).status).toBe(409);
  });

  test('the kept command is sealed: its raw text is nowhere in the database', async () => {
    await ask();
    const rows = await bench.database.$queryRaw<
      { found: boolean }[]
    >`select exists (select from "Approval" a where to_jsonb(a)::text like '%raw-canary%' or position('raw-canary'::bytea in a."sealedCommand") > 0) as found`;
    expect(rows).toEqual([{ found: false }]);
  });

  test.each(['apr_0', '', 'x'.repeat(10_000), 'a\0b'])('an approval that is not there is not found: %j', async (id) => {
    expect(await first().watch(id).ended).toBe(5);
    expect(await first().redeem(id, freshBinding())).toMatchObject({ granted: false });
    await first().withdraw(id);
  });

  test('an approver reads all of a long text, and its end in the list too', async () => {
    const shownText = `delete from invoices ${'-- padding\n'.repeat(20_000)}; drop table payments`;
    const { approvalId } = await ask({
      shownText,
      marks: ['it is long'],
      behind: [{ name: 'p', text: 'prepare p as delete' }],
      shownParameters: ['1', 'NULL'],
    });
    expect((await grace('GET', `/v1/approvals/${approvalId}`)).body).toMatchObject({
      text: shownText,
      marks: ['it is long'],
      behind: [{ name: 'p', text: 'prepare p as delete' }],
      parameters: ['1', 'NULL'],
      caller: { kind: 'subagent', name: 'deployer', owner: 'linus' },
      connection: 'billing',
      effect: 'delete from table public.invoices on billing',
      policies: ['writes'],
      reason: 'ask the DBA',
    });
    const { body } = await grace('GET', '/v1/approvals?limit=1');
    const [item] = body['items'] as readonly { readonly text: string }[];
    expect(item?.text.length).toBeLessThan(2_100);
    expect(item?.text).toMatch(/more\]….*; drop table payments$/s);
  });
});

const previewed = {
  missing: '',
  tables: [{ schema: 'public', name: 'invoices', inserted: 0, updated: 0, deleted: 3 }],
  samples: [
    {
      schema: 'public',
      name: 'invoices',
      after: false,
      columns: ['id', 'mail'],
      rows: [{ cells: [{ value: '1' }, { value: undefined }] }],
    },
  ],
  remarks: ['2 columns are not shown'],
};

describe('a preview', () => {
  test('is read by approvers with the command; a list leaves it out', async () => {
    const { approvalId } = await ask({ preview: previewed });
    expect((await grace('GET', `/v1/approvals/${approvalId}`)).body['preview']).toEqual({
      missing: null,
      tables: previewed.tables,
      samples: [{ schema: 'public', name: 'invoices', rows: 'before', columns: ['id', 'mail'], cells: [['1', null]] }],
      remarks: ['2 columns are not shown'],
    });
    const { body } = await grace('GET', '/v1/approvals?limit=1');
    expect(body['items']).toMatchObject([{ id: approvalId, preview: null }]);
  });

  test('says why there is none; where no policy owes one there is nothing', async () => {
    const missing = { missing: 'VACUUM cannot be undone', tables: [], samples: [], remarks: [] };
    const { approvalId } = await ask({ preview: missing });
    const { body } = await grace('GET', `/v1/approvals/${approvalId}`);
    expect(body['preview']).toMatchObject({ missing: 'VACUUM cannot be undone', tables: [] });
    expect((await grace('GET', `/v1/approvals/${(await ask()).approvalId}`)).body['preview']).toBeNull();
  });

  test.each([
    [
      'a cell without an end',
      { ...previewed, samples: [{ ...previewed.samples[0], rows: [{ cells: [{ value: 'x'.repeat(2_000) }] }] }] },
    ],
    ['a NUL', { ...previewed, remarks: ['a\0b'] }],
    ['tables without an end', { ...previewed, tables: Array.from({ length: 500 }, () => previewed.tables[0]) }],
  ])('with %s is not kept', async (_what, preview) => {
    await expect(ask({ preview: preview as NonNullable<RequestRequest['preview']> })).rejects.toMatchObject({
      code: 3,
    });
  });
});

describe('leaving', () => {
  test('whoever leaves withdraws; a session that does not wait for it cannot', async () => {
    const { approvalId } = await ask();
    await first().withdraw(approvalId, 'ses_other');
    expect(await stateOf(approvalId)).toBe('pending');
    await other().withdraw(approvalId);
    expect(await stateOf(approvalId)).toBe('withdrawn');
    expect((await approve(approvalId)).status).toBe(409);
  });

  test('while another session waits for the same command, nobody withdraws it from under it', async () => {
    const { approvalId, binding } = await ask();
    await other().request(heldCommand(binding, { sessionId: 'ses_2' }));
    await first().withdraw(approvalId);
    expect(await stateOf(approvalId)).toBe('pending');
    await first().withdraw(approvalId, 'ses_2');
    expect(await stateOf(approvalId)).toBe('withdrawn');
  });

  test('when the time on the wire was up it lives on, and whoever sends it again and leaves withdraws it', async () => {
    const { approvalId, binding } = await ask();
    await first().withdraw(approvalId, 'ses_1', true);
    expect(await stateOf(approvalId)).toBe('pending');
    expect((await first().request(heldCommand(binding, { sessionId: 'ses_2' }))).approvalId).toBe(approvalId);
    await first().withdraw(approvalId, 'ses_2');
    expect(await stateOf(approvalId)).toBe('withdrawn');
  });
});

/** Everything but what the date is. */
const exceptDate = [
  'hrtime',
  'nextTick',
  'performance',
  'queueMicrotask',
  'setImmediate',
  'clearImmediate',
  'setInterval',
  'clearInterval',
  'setTimeout',
  'clearTimeout',
] as const;

describe('expiry', () => {
  const expireNow = (id: string) =>
    bench.database
      .$executeRaw`update "Approval" set "expiresAt" = (clock_timestamp() at time zone 'utc') - interval '1 ms' where "id" = ${id}`;

  test('denies: no yes, no redeem, and a new approval for who asks again', async () => {
    const { approvalId, binding } = await ask();
    await expireNow(approvalId);
    expect((await approve(approvalId)).status).toBe(409);
    expect(await stateOf(approvalId)).toBe('expired');
    const again = await ask({}, binding);
    expect(again.approvalId).not.toBe(approvalId);
    await approve(again.approvalId);
    await expireNow(again.approvalId);
    expect((await first().redeem(again.approvalId, binding)).granted).toBe(false);
    expect(await stateOf(again.approvalId)).toBe('expired');
  });

  test('a replica whose clock is wrong neither ends nor lengthens it', async () => {
    const { approvalId, binding } = await ask();
    const late = await ask();
    await expireNow(late.approvalId);
    const days = (count: number) => Date.now() + count * 24 * 3_600_000;
    jest.useFakeTimers({ doNotFake: [...exceptDate], now: days(40) });
    try {
      expect((await first().request(heldCommand(binding))).approvalId).toBe(approvalId);
      expect((await approve(approvalId)).body['state']).toBe('approved');
      expect((await first().redeem(approvalId, binding)).granted).toBe(true);
      jest.setSystemTime(days(-80));
      expect((await approve(late.approvalId)).status).toBe(409);
    } finally {
      jest.useRealTimers();
    }
  });

  test('who waits is told how long, not until when', async () => {
    const { expiresIn } = await first().request(heldCommand(freshBinding()));
    expect(expiresIn).toBeGreaterThan(86_000_000);
    expect(expiresIn).toBeLessThanOrEqual(86_400_000);
  });
});

describe('races have one outcome, and everybody is told the same', () => {
  type Racer = (id: string) => Promise<unknown>;
  const expire: Racer = (id) =>
    bench.database
      .$executeRaw`update "Approval" set "expiresAt" = (clock_timestamp() at time zone 'utc') where "id" = ${id}`;
  const withdraw: Racer = (id) => other().withdraw(id);
  const states: Readonly<Record<string, ApprovalState>> = {
    approved: ApprovalState.APPROVAL_STATE_APPROVED,
    denied: ApprovalState.APPROVAL_STATE_DENIED,
    expired: ApprovalState.APPROVAL_STATE_EXPIRED,
    withdrawn: ApprovalState.APPROVAL_STATE_WITHDRAWN,
  };
  let linda: Rest;
  beforeAll(async () => {
    linda = await bench.person('linda', 'approver', ['dba']);
  });

  test.each<[string, Racer, readonly string[]]>([
    ['approve and deny', (id) => linda('POST', `/v1/approvals/${id}/deny`, { reason: 'no' }), ['approved', 'denied']],
    ['approve and withdraw', withdraw, ['approved', 'withdrawn']],
    ['approve and expire', expire, ['approved', 'expired']],
  ])('%s', async (_, against, outcomes) => {
    for (let round = 0; round < 6; round += 1) {
      const { approvalId, binding } = await ask();
      const watchers = [first(), other()].map((line) => line.watch(approvalId));
      await until(() => watchers.every(({ seen }) => seen.length > 0));
      const racers: Racer[] = [approve, against];
      if (round % 2 === 1) racers.reverse();
      await Promise.all(racers.map((race) => race(approvalId)));
      await Promise.all(watchers.map(({ ended }) => ended));
      const told = watchers.map(({ seen }) => seen.map(({ state }: WatchResponse) => state));
      const [row] = await bench.database.approval.findMany({ where: { id: approvalId } });
      const state = String(await stateOf(approvalId));
      expect(outcomes).toContain(state);
      // A grant may be given, and be over at once: nobody who was told of it can use it then.
      const settled = state === 'expired' && row?.settledReason === '' ? ['approved', 'expired'] : [state];
      for (const [pending, last, ...more] of told) {
        expect([pending, more]).toEqual([ApprovalState.APPROVAL_STATE_PENDING, []]);
        expect(settled.map((each) => states[each])).toContain(last);
      }
      expect((await first().redeem(approvalId, binding)).granted).toBe(state === 'approved');
    }
  });
});

describe('bounds', () => {
  test.each<[string, Partial<RequestRequest>]>([
    ['a session', { sessionId: 'x'.repeat(65) }],
    ['a command', { commandId: 'x'.repeat(65) }],
    ['a caller', { callerId: 'x'.repeat(65) }],
    ['another kind of caller', { callerKind: 'user' }],
    ['a chain', { onBehalfOf: Array.from({ length: 17 }, () => 'usr_1') }],
    ['a connection', { connection: 'x'.repeat(300) }],
    ['a database', { database: 'x'.repeat(300) }],
    ['a binding', { binding: Buffer.alloc(31) }],
    ['a shape', { shape: 'x'.repeat(129) }],
    ['a policy version', { policyVersion: 2 ** 40 }],
    ['policies', { policies: Array.from({ length: 1_001 }, () => 'x') }],
    ['a reason', { reason: 'x'.repeat(8_193) }],
    ['no approvals needed', { approvalsNeeded: 0 }],
    ['too many approvals needed', { approvalsNeeded: 4_000_000_000 }],
    ['an effect', { effect: 'x'.repeat(600_000) }],
    ['a text', { shownText: 'x'.repeat(2_100_000) }],
    ['NUL in a text', { shownText: 'a\0b' }],
    ['NUL in a parameter', { shownParameters: ['a\0b'] }],
    ['parameters', { shownParameters: ['x'.repeat(1_100_000), 'x'.repeat(1_100_000)] }],
    ['requests', { held: Array.from({ length: 1_001 }, () => ({ ...heldCommand(freshBinding()).held[0] })) as never }],
    ['a kind of object', { held: [{ action: 'delete', kind: 'moon', schema: '', name: '', column: '' }] }],
    ['names', { behind: [{ name: 'x'.repeat(600), text: '' }] }],
    ['marks', { marks: Array.from({ length: 101 }, () => 'x') }],
    ['no command', { command: undefined }],
    ['a command for elsewhere', { command: { ...heldCommand(freshBinding()).command, connection: 'crm' } as never }],
    ['a kept text', { command: { ...heldCommand(freshBinding()).command, text: 'x'.repeat(600_000) } as never }],
  ])('%s is refused by name', async (_, more) => {
    const binding = freshBinding();
    const request = heldCommand(binding, more);
    if (request.command !== undefined && more.binding === undefined) request.command.binding = binding;
    await expect(first().request(request)).rejects.toMatchObject({ code: 3, details: expect.stringContaining(':') });
  });

  test('a caller or a connection that is not known', async () => {
    await expect(ask({ callerId: 'sub_0' })).rejects.toMatchObject({ code: 5 });
  });

  test('one caller has only so many waiting, and asks only so often, however it races', async () => {
    await bench.database.approval.deleteMany({});
    const flood = async (count: number) =>
      (
        await Promise.allSettled(
          Array.from({ length: count }, (_, n) =>
            (n % 2 === 0 ? first() : other()).request(heldCommand(freshBinding())),
          ),
        )
      ).map((result) =>
        result.status === 'fulfilled' ? result.value.approvalId : (result.reason as { readonly code: number }).code,
      );
    const asked = await flood(30);
    const waiting = asked.filter((each) => typeof each === 'string');
    expect(waiting).toHaveLength(20);
    expect(new Set(asked.filter((each) => typeof each !== 'string'))).toEqual(new Set([8]));
    // Asking and leaving is no way around.
    let more = 0;
    for (let round = 0; round < 60; round += 1) {
      // However slow this is, all of them were asked just now.
      await bench.database.$executeRaw`update "Approval" set "createdAt" = clock_timestamp() at time zone 'utc'`;
      for (const id of (await bench.database.approval.findMany({ where: { state: 'pending' } })).map(({ id }) => id))
        await first().withdraw(id);
      const [next] = await flood(1);
      if (typeof next === 'string') more += 1;
    }
    expect(waiting.length + more).toBe(60);
  });
});
