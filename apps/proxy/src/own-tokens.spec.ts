import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { UserRecord } from '@sallyport/policy';
import { openTarget } from '@sallyport/postgres/login';
import { analyses, selectAll, subagent } from '../testing/billing.js';
import { openHouse } from '../testing/house.js';
import type { House } from '../testing/house.js';

/** Tokens that the control plane minted, at a proxy that never asks it. */
const user = (name: string, more: Partial<UserRecord> = {}): UserRecord => ({
  ...{ id: `usr_${name}`, name, groups: [], disabled: false, notBefore: 0 },
  ...more,
});
const subagents = [subagent('parent'), subagent('child', { owner: 'usr_linus' })];
const users = [user('ada', { groups: ['readers'] }), user('linus')];
const policies = `
  permit (principal in Group::"child", action, resource);
  permit (principal in Group::"parent", action, resource);
  permit (principal in Group::"readers", action in [Action::"connect", Action::"read"], resource);`;

let house: House;
beforeAll(async () => {
  house = await openHouse({
    ...{ analyses, policies, subagents, users, open: openTarget },
    seed: ['create table payments (id int, card text, email text, amount numeric)'],
    connection: {},
  });
}, 60_000);
afterAll(() => house.stop());
beforeEach(async () => {
  expect(await house.publish({ subagents, users, endedLogins: [] })).toBeUndefined();
});

const chained = (claims: object = {}): Promise<string> =>
  house.ownToken({ sub: 'usr_ada', act: { sub: 'sub_child' }, logins: ['log_root', 'log_leaf'], ...claims });
const failure = (promise: Promise<unknown>): Promise<{ readonly code: string; readonly message: string }> =>
  promise.then(
    () => ({ code: '00000', message: 'it was done' }),
    (error: unknown) => error as { code: string; message: string },
  );

const limit = (more: object) => ({ type: 'sallyport_connection', ...more });

describe('a token of our own', () => {
  test('opens a session; evidence names the whole chain', async () => {
    const client = await house.client(await chained());
    await client.query(selectAll);
    await client.end();
    const caller = { kind: 'subagent', id: 'sub_child', name: 'child', onBehalfOf: ['usr_ada'] };
    const events = await house.evidence((all) => all.some(({ type }) => type === 'session.closed'));
    expect(events.filter(({ type }) => type === 'session.opened')).toMatchObject([{ caller }]);
    expect(events.filter(({ type }) => type === 'statement.intent')).toMatchObject([{ caller }]);
  });

  test('the strictest of its chain decides', async () => {
    const alone = await house.client(await house.ownToken({ sub: 'sub_child', logins: ['log_root'] }));
    expect((await failure(alone.query('DELETE FROM payments WHERE id = 3'))).code).toBe('00000');
    await alone.end();
    const client = await house.client(await chained());
    expect((await failure(client.query('DELETE FROM payments WHERE id = 3'))).code).toBe('42501');
    expect((await failure(client.query(selectAll))).code).toBe('00000');
    await client.end();
  });

  test.each<[string, object, string, string]>([
    ['every action here', limit({ connections: ['billing'] }), '00000', '00000'],
    ['writing, anywhere', limit({ actions: ['write'] }), '42501', '00000'],
    ['reading, here', limit({ connections: ['billing'], actions: ['read'] }), '00000', '42501'],
    ['one action', limit({ actions: ['delete'] }), '42501', '00000'],
  ])('that was handed on for %s allows no more', async (_what, entry, reads, deletes) => {
    const more = { authorization_details: [limit({ connections: ['other'] }), entry] };
    const client = await house.client(await house.ownToken({ sub: 'sub_child', logins: ['log_root'], ...more }));
    const answers = [
      await failure(client.query(selectAll)),
      await failure(client.query('DELETE FROM payments WHERE id = 3')),
    ];
    expect(answers.map(({ code }) => code)).toEqual([reads, deletes]);
    for (const { code, message } of answers) if (code === '42501') expect(message).toContain('not_delegated');
    await client.end();
  });

  test('counts against the budget of each login above it, whoever else is under that', async () => {
    const logins = (leaf: string) => ['log_budget', leaf];
    const above = { login: 'log_budget', limits: 'statements=3/1h' };
    const under = async (leaf: string, budgets: readonly object[]) =>
      house.client(await chained({ logins: logins(leaf), budgets }));
    const one = await under('log_one', [above, { login: 'log_one', limits: 'statements=2/1h' }]);
    const other = await under('log_two', [above]);
    const answers: { readonly code: string; readonly message: string }[] = [];
    for (const client of [one, one, one, other, other]) answers.push(await failure(client.query(selectAll)));
    expect(answers.map(({ code }) => code)).toEqual(['00000', '00000', '54000', '00000', '54000']);
    expect(answers[2]?.message).toContain('the budget of 2 statements per 1h is used up (login log_one)');
    expect(answers[4]?.message).toContain('(login log_budget)');
    await one.end();
    await other.end();
  });

  test.each<[string, object]>([
    ['a person, who is no subagent', { sub: 'usr_ada', act: undefined }],
    ['somebody unknown', { act: { sub: 'sub_nobody' } }],
    ['on behalf of somebody unknown', { sub: 'usr_nobody' }],
    ['more than it may say', { scope: 'all' }],
    ['limits that leave this connection out', { authorization_details: [limit({ connections: ['other'] })] }],
    ['a budget of what nobody counts', { budgets: [{ login: 'log_leaf', limits: 'joules=1/1h' }] }],
    ['a key that it is bound to', { cnf: { jkt: 'x' } }],
  ])('with %s is refused with the words for all', async (_what, claims) => {
    const refused = await failure(chained(claims).then((token) => house.client(token)));
    expect(refused).toMatchObject({ code: '28P01', message: 'authentication failed' });
  });

  test.each<[string, Parameters<House['publish']>[0]]>([
    ['its login ended', { endedLogins: ['log_leaf'] }],
    ['the login above it ended', { endedLogins: ['log_other', 'log_root'] }],
    ['who acts is disabled', { subagents: [subagent('parent'), subagent('child', { disabled: true })] }],
    ['who acts is gone', { subagents: [subagent('parent')] }],
    ['for whom it acts is disabled', { users: [user('ada', { disabled: true }), user('linus')] }],
    ['for whom it acts is gone', { users: [user('linus')] }],
    ['tokens of before are refused', { users: [user('ada', { notBefore: 4_000_000_000 }), user('linus')] }],
    ['its key is published no more', { ownKeys: [] }],
  ])('%s: its session is refused at the next statement, and no other begins', async (_what, change) => {
    const token = await chained();
    const client = await house.client(token);
    expect((await failure(client.query(selectAll))).code).toBe('00000');
    expect(await house.publish(change)).toBeUndefined();
    const refused = await failure(client.query(selectAll));
    expect(refused.code).toBe('42501');
    expect(refused.message).toContain('the identity of this session is no longer good');
    expect((await failure(house.client(token))).code).toBe('28P01');
    await client.end();
  });

  test('a change of groups of anybody in the chain holds at the next statement', async () => {
    const client = await house.client(await chained());
    expect((await failure(client.query(selectAll))).code).toBe('00000');
    expect(await house.publish({ users: [user('ada'), user('linus')] })).toBeUndefined();
    expect((await failure(client.query(selectAll))).code).toBe('42501');
    await client.end();
  });
});
