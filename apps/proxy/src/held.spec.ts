import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { connect } from 'node:net';
import { ApprovalState } from '@sallyport/contracts';
import { encodeQuery, encodeRequest } from '@sallyport/postgres';
import type { BackendMessage } from '@sallyport/postgres';
import { openTarget } from '@sallyport/postgres/login';
import { until } from '@sallyport/testing';
import type { HeldApproval } from '../testing/control-plane.js';
import { openHouse } from '../testing/house.js';
import type { House } from '../testing/house.js';
import { connectRaw, endOf } from '../testing/raw-client.js';
import type { RawClient } from '../testing/raw-client.js';
import { subagent } from '../testing/billing.js';
import { loadAnalyses } from './analyses.js';

const policies = `
  permit (principal, action == Action::"connect", resource);
  permit (principal, action == Action::"select", resource);
  @approval("1") @reason("writes need a word") permit (principal, action in Action::"write", resource);
`;

let house: House;
beforeAll(async () => {
  house = await openHouse({
    analyses: await loadAnalyses(),
    policies,
    subagents: [subagent('deployer'), subagent('hasty', { hold: 30 })],
    open: openTarget,
    seed: ['CREATE TABLE t (id int, note text)'],
    // Longer than any test: what ends earlier was ended.
    connection: { hold: 600_000 },
  });
}, 60_000);
afterAll(() => house.stop());

let mark = 0;
beforeEach(() => void (mark += 1));
/** A write that no other test sends. */
const insert = (more = ''): string => `INSERT INTO t (id, note) VALUES (${mark}, '${more}')`;

const login = async (as = 'deployer', parameters: Readonly<Record<string, string>> = {}): Promise<RawClient> =>
  connectRaw({ port: house.proxy.ports.postgres, password: await house.token(as), parameters });

const heldOf = (text: string): HeldApproval | undefined =>
  house.controlPlane.approvals.find(({ request }) => request.command?.text === text);
const held = async (text: string): Promise<HeldApproval> => {
  await until(() => heldOf(text) !== undefined, `${text} is held`);
  const found = heldOf(text);
  if (found === undefined) throw new Error('not held');
  return found;
};
const approve = ({ id }: HeldApproval): void =>
  house.controlPlane.settle(id, ApprovalState.APPROVAL_STATE_APPROVED, ['usr_grace']);
const deny = ({ id }: HeldApproval): void =>
  house.controlPlane.settle(id, ApprovalState.APPROVAL_STATE_DENIED, ['usr_grace']);

const rows = async (): Promise<number> => {
  const direct = await house.target.connect('app');
  const { rows: found } = await direct.query<{ n: number }>('SELECT count(*)::int AS n FROM t WHERE id = $1', [mark]);
  await direct.end();
  return found[0]?.n ?? 0;
};
const tags = (messages: readonly BackendMessage[]): readonly string[] =>
  messages.flatMap((message) =>
    message.type === 'complete'
      ? [message.tag]
      : message.type === 'error'
        ? [message.fields.get('C') ?? '']
        : message.type === 'ready'
          ? [message.transaction]
          : [],
  );
const isError = (message: BackendMessage): message is Extract<BackendMessage, { type: 'error' | 'notice' }> =>
  message.type === 'error';
const isNotice = (message: BackendMessage): message is Extract<BackendMessage, { type: 'error' | 'notice' }> =>
  message.type === 'notice';
const isRow = (message: BackendMessage): message is Extract<BackendMessage, { type: 'row' }> => message.type === 'row';

describe('leaving while held withdraws the request, and nothing runs', () => {
  test.each<[string, (client: RawClient) => void]>([
    ['a client that is killed', ({ socket }) => void socket.destroy()],
    ['a client that hangs up', ({ socket }) => void socket.end()],
    ['a connection that is reset', ({ socket }) => void socket.resetAndDestroy()],
    ['a Terminate behind it', ({ socket }) => void socket.end(Buffer.from([0x58, 0, 0, 0, 4]))],
  ])('%s', async (_, leave) => {
    const client = await login();
    client.send(encodeQuery(insert()));
    const approval = await held(insert());
    await client.hears(isNotice);
    leave(client);
    await until(() => approval.state === ApprovalState.APPROVAL_STATE_WITHDRAWN);
    expect(await rows()).toBe(0);
  });

  test('a session that an admin ends', async () => {
    const client = await login();
    client.send(encodeQuery(insert()));
    const approval = await held(insert());
    house.proxy.gate.sessions.end(approval.request.sessionId, { code: 'session_ended', message: 'ended' });
    await until(() => approval.state === ApprovalState.APPROVAL_STATE_WITHDRAWN);
    expect((await client.hears(isError)).fields.get('C')).toBe('57P01');
    expect(await rows()).toBe(0);
  });

  test('a cancel: the session goes on, and so does its transaction', async () => {
    const client = await login();
    expect(endOf(await client.query('BEGIN'))).toBe('BEGIN');
    const answer = client.ask(encodeQuery(insert()));
    const approval = await held(insert());
    const key = client.heard.find((message) => message.type === 'other' && message.letter === 'K');
    if (key?.type !== 'other') throw new Error('no key');
    connect(house.proxy.ports.postgres, '127.0.0.1').end(encodeRequest(80_877_102, key.body));
    expect(tags(await answer)).toEqual(['SP003', 'open']);
    expect(approval.state).toBe(ApprovalState.APPROVAL_STATE_WITHDRAWN);
    expect(tags(await client.query('SELECT 1'))).toEqual(['SELECT 1', 'open']);
    expect(tags(await client.query('COMMIT'))).toEqual(['COMMIT', 'idle']);
    expect(await rows()).toBe(0);
    client.end();
  });
});

describe('in an open transaction', () => {
  test('approved, it is a part of it; the transaction decides', async () => {
    for (const [end, expected] of [
      ['ROLLBACK', 0],
      ['COMMIT', 1],
    ] as const) {
      const client = await login();
      await client.query('BEGIN');
      const answer = client.ask(encodeQuery(insert(end)));
      approve(await held(insert(end)));
      expect(tags(await answer)).toEqual(['INSERT 0 1', 'open']);
      expect(await rows()).toBe(0);
      expect(endOf(await client.query(end))).toBe(end);
      expect(await rows()).toBe(expected);
      client.end();
    }
  });

  test('denied, or not answered in time, it goes on: COMMIT commits what came before', async () => {
    const client = await login('deployer', { 'sallyport.hold': '20ms' });
    await client.query('BEGIN');
    expect(tags(await client.query(insert()))).toEqual(['SP001', 'open']);
    approve(await held(insert()));
    expect(tags(await client.query(insert()))).toEqual(['INSERT 0 1', 'open']);
    expect(tags(await client.query(insert('other')))).toEqual(['SP001', 'open']);
    expect(tags(await client.query('COMMIT'))).toEqual(['COMMIT', 'idle']);
    expect(await rows()).toBe(1);
    client.end();
  });

  test('in a failed one the target says so itself, after the word', async () => {
    const client = await login();
    await client.query('BEGIN');
    expect(tags(await client.query('SELECT 1/0'))).toEqual(['22012', 'failed']);
    const answer = client.ask(encodeQuery(insert()));
    approve(await held(insert()));
    expect(tags(await answer)).toEqual(['25P02', 'failed']);
    expect(endOf(await client.query('ROLLBACK'))).toBe('ROLLBACK');
    client.end();
  });
});

describe('in a pipeline', () => {
  test('what went before is answered while it waits; what comes behind waits, and then goes in order', async () => {
    const client = await login();
    const answers = client.pipeline(['SELECT 41'], [insert()], ['SELECT 42'], [insert('second')]);
    const first = await held(insert());
    expect((await client.hears(isRow)).values.map(String)).toEqual(['41']);
    expect(client.heard.filter(isRow)).toHaveLength(1);
    expect(heldOf(insert('second'))).toBeUndefined();
    approve(first);
    approve(await held(insert('second')));
    expect((await answers).map(tags)).toEqual([
      ['SELECT 1', 'idle'],
      ['INSERT 0 1', 'idle'],
      ['SELECT 1', 'idle'],
      ['INSERT 0 1', 'idle'],
    ]);
    expect(await rows()).toBe(2);
    client.end();
  });

  test('denied, it takes its group with it as an error would, and no other', async () => {
    const client = await login();
    const answers = client.pipeline(['SELECT 41'], ['SELECT 42', insert(), 'SELECT 43'], ['SELECT 44']);
    deny(await held(insert()));
    expect((await answers).map(tags)).toEqual([
      ['SELECT 1', 'idle'],
      ['SELECT 1', '42501', 'idle'],
      ['SELECT 1', 'idle'],
    ]);
    expect(await rows()).toBe(0);
    client.end();
  });

  test('a setting before it in the same group is known by then, and is a part of what is approved', async () => {
    const client = await login();
    const answers = client.pipeline(['SET search_path = public', 'SELECT 1', "SET TIME ZONE 'Asia/Tokyo'", insert()]);
    const approval = await held(insert());
    expect(approval.request.command?.startup).toMatchObject({ search_path: '"public"', TimeZone: 'Asia/Tokyo' });
    approve(approval);
    expect((await answers).map(tags)).toEqual([['SET', 'SELECT 1', 'SET', 'INSERT 0 1', 'idle']]);
    client.end();
  });

  test('two of one group are two approvals, and take effect together', async () => {
    const client = await login();
    const answers = client.pipeline([insert('a'), insert('b')]);
    approve(await held(insert('a')));
    deny(await held(insert('b')));
    expect((await answers).map(tags)).toEqual([['INSERT 0 1', '42501', 'idle']]);
    expect(await rows()).toBe(0);
    client.end();
  });

  test('several statements of one text are one approval: all of it or nothing', async () => {
    const client = await login();
    const text = `SELECT 1; ${insert('a')}; ${insert('b')}`;
    const answer = client.ask(encodeQuery(text));
    const approval = await held(text);
    expect(client.heard.filter(isRow)).toEqual([]);
    approve(approval);
    expect(tags(await answer)).toEqual(['SELECT 1', 'INSERT 0 1', 'INSERT 0 1', 'idle']);
    expect(await rows()).toBe(2);
    client.end();
  });
});

describe('how long it waits', () => {
  const pendingOf = async (client: RawClient): Promise<{ readonly code: string; readonly hold: unknown }> => {
    const answer = await client.query(insert(String(Math.random())));
    const notice = answer.find(isNotice);
    const detail = JSON.parse(notice?.fields.get('D') ?? '{}') as { readonly hold?: unknown };
    client.end();
    return { code: endOf(answer), hold: detail.hold };
  };

  test('as the subagent was registered, before the connection', async () => {
    expect(await pendingOf(await login('hasty'))).toEqual({ code: 'SP001', hold: 1 });
  });

  test.each([
    ['0', 0],
    ['20ms', 1],
  ])('as the client asks (%s), before the subagent', async (asked, hold) => {
    expect(await pendingOf(await login('deployer', { 'sallyport.hold': asked }))).toEqual({ code: 'SP001', hold });
    expect(await pendingOf(await login('hasty', { options: `-c sallyport.hold=${asked}` }))).toEqual({
      code: 'SP001',
      hold,
    });
  });

  test('a client may ask for longer as well', async () => {
    const client = await login('hasty', { 'sallyport.hold': '10min' });
    const answer = client.ask(encodeQuery(insert()));
    const notice = await client.hears(isNotice);
    expect(JSON.parse(notice.fields.get('D') ?? '{}')).toMatchObject({ hold: 600 });
    approve(await held(insert()));
    expect(endOf(await answer)).toBe('INSERT 0 1');
    client.end();
  });
});

describe('both sides are looked at again', () => {
  test('a caller that was disabled while it waited runs nothing, and spends no grant', async () => {
    const client = await login();
    const answer = client.ask(encodeQuery(insert()));
    const approval = await held(insert());
    await house.publish({ subagents: [subagent('deployer', { disabled: true }), subagent('hasty', { hold: 30 })] });
    approve(approval);
    expect(tags(await answer)).toEqual(['42501', 'idle']);
    expect(approval.state).toBe(ApprovalState.APPROVAL_STATE_APPROVED);
    await house.publish({ subagents: [subagent('deployer'), subagent('hasty', { hold: 30 })] });
    expect(await rows()).toBe(0);
    client.end();
  });

  test.each([
    ['the caller', ['sub_deployer']],
    ['nobody', []],
  ])('a word of %s does not count, whoever wrote it down', async (_, approvers) => {
    const client = await login();
    const answer = client.ask(encodeQuery(insert()));
    const { id } = await held(insert());
    house.controlPlane.settle(id, ApprovalState.APPROVAL_STATE_APPROVED, approvers);
    expect(endOf(await answer)).toBe('42501');
    expect(await rows()).toBe(0);
    client.end();
  });

  test('50 sessions that send the same command share one approval, and it runs once', async () => {
    const clients = await Promise.all(Array.from({ length: 50 }, () => login()));
    const answers = Promise.all(clients.map((client) => client.query(insert())));
    const approval = await held(insert());
    await until(() => clients.every(({ heard }) => heard.some(isNotice)));
    approve(approval);
    const ends = (await answers).map(endOf);
    expect(ends.filter((end) => end === 'INSERT 0 1')).toHaveLength(1);
    expect(new Set(ends)).toEqual(new Set(['INSERT 0 1', 'SP002']));
    expect(await rows()).toBe(1);
    for (const client of clients) client.end();
  });
});

describe('what an approver is shown', () => {
  test('text, parameters, effect, policy and reason, with detectors applied and nothing hidden', async () => {
    const client = await login('deployer', { 'sallyport.hold': '0' });
    const text = `INSERT INTO t (id, note) VALUES (${mark}, '4242424242424242') /* \u202e раyments ${' '.repeat(300)} */ -- ${'x'.repeat(50_000)} END`;
    expect(endOf(await client.query(text))).toBe('SP001');
    const { request } = await held(text);
    expect(request.shownText).toBe(text.replace('4242424242424242', '[card_number]').replace('\u202e', '\\u202e'));
    expect(request.marks.join('\n')).toMatch(
      /U\+202E[\s\S]*"раyments" looks like "payments"[\s\S]*302 blanks[\s\S]*it is long/,
    );
    expect(request).toMatchObject({
      connection: 'billing',
      database: 'app',
      callerId: 'sub_deployer',
      effect:
        'insert into table public.t on billing; insert into column public.t.id on billing; insert into column public.t.note on billing',
      policies: ['policy2'],
      reason: 'writes need a word',
      held: [
        { action: 'insert', kind: 'table', schema: 'public', name: 't', column: '' },
        { action: 'insert', kind: 'column', schema: 'public', name: 't', column: 'id' },
        { action: 'insert', kind: 'column', schema: 'public', name: 't', column: 'note' },
      ],
    });
    client.end();
  });

  test('what a name stands for', async () => {
    const client = await login('deployer', { 'sallyport.hold': '0' });
    await client.query(`PREPARE p (int) AS INSERT INTO t (id, note) VALUES ($1, '4242424242424242')`);
    expect(endOf(await client.query(`EXECUTE p (${mark})`))).toBe('SP001');
    expect((await held(`EXECUTE p (${mark})`)).request.behind).toEqual([
      { name: 'p', text: `PREPARE p (int) AS INSERT INTO t (id, note) VALUES ($1, '[card_number]')` },
    ]);
    client.end();
  });

  test('what nobody could read is not held at all', async () => {
    const client = await login('deployer', { 'sallyport.hold': '0' });
    const asked = house.controlPlane.approvals.length;
    expect(endOf(await client.query(`${insert()} -- ${'x'.repeat(300_000)}`))).toBe('54000');
    expect(house.controlPlane.approvals.length).toBe(asked);
    client.end();
  });
});
