import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startPostgres } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import { itemsOf, openDatabase, startPlane } from '../../testing/plane.js';
import type { Rest, TestPlane } from '../../testing/plane.js';
import type { Database } from '../db/database.js';
import { LoginRefused } from './login-refused.js';
import { Logins } from './logins.service.js';
import type { NewLogin } from './logins.service.js';

let postgres: TestPostgres;
let plane: TestPlane;
let database: Database;
let logins: Logins;
let tenantId: string;
let linus: Rest;
let users: ReadonlyMap<string, string>;
beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.createDatabase('logins');
  plane = await startPlane(postgres.url('logins'));
  database = openDatabase(postgres.url('logins'));
  logins = plane.app.get(Logins);
  linus = await plane.as('linus', 'member');
  await plane.as('grace', 'member');
  tenantId = (await database.tenant.findFirstOrThrow()).id;
  users = new Map((await database.user.findMany()).map(({ id, name }) => [name, id]));
});
afterAll(async () => {
  await database.$disconnect();
  await plane.stop();
  await postgres.stop();
});
beforeEach(() => database.login.deleteMany());

const hour = 3_600_000;
const inAnHour = () => new Date(Date.now() + hour);
const idOf = (name: string): string => users.get(name) ?? '';
const begin = (name: string, more: Partial<NewLogin> = {}) =>
  logins.begin({ tenantId, whose: { userId: idOf(name) }, how: 'browser', expiresAt: inAnHour(), ...more });
const version = async (): Promise<bigint> => (await database.tenant.findFirstOrThrow()).bundleVersion;
const stillAlive = async (): Promise<readonly string[]> =>
  (await database.login.findMany({ where: { endedAt: null }, orderBy: { id: 'asc' } })).map(({ id }) => id);

describe('a login under another', () => {
  test('knows all above it and never outlives them', async () => {
    const root = await begin('linus', { expiresAt: new Date(Date.now() + hour / 2) });
    const child = await begin('linus', { parentId: root.id, how: 'delegation' });
    const grandchild = await begin('linus', { parentId: child.id, how: 'delegation' });
    expect(grandchild.ancestors).toEqual([root.id, child.id]);
    expect(grandchild.expiresAt).toEqual(root.expiresAt);
  });

  test('has at most five above it', async () => {
    let login = await begin('linus');
    for (let depth = 1; depth <= 5; depth++) login = await begin('linus', { parentId: login.id });
    expect(login.ancestors).toHaveLength(5);
    await expect(begin('linus', { parentId: login.id })).rejects.toThrow(LoginRefused);
  });

  test.each([
    ['ended', { endedAt: new Date() }],
    ['expired', { expiresAt: new Date(0) }],
  ])('does not begin under one that is %s, however far above', async (_, data) => {
    const root = await begin('linus');
    const child = await begin('linus', { parentId: root.id });
    await database.login.update({ where: { id: root.id }, data });
    await expect(begin('linus', { parentId: child.id })).rejects.toMatchObject({ code: 'ended' });
  });

  test("does not begin under another organisation's", async () => {
    const root = await begin('linus');
    await expect(begin('linus', { parentId: root.id, tenantId: 'ten_other' })).rejects.toMatchObject({ code: 'ended' });
  });

  test('does not slip through while the one above it is ended', async () => {
    const root = await begin('linus');
    const child = await begin('linus', { parentId: root.id });
    await Promise.all([
      ...Array.from({ length: 8 }, () => begin('linus', { parentId: child.id }).catch(() => undefined)),
      logins.end(tenantId, root.id, 'over'),
      ...Array.from({ length: 8 }, () => begin('linus', { parentId: child.id }).catch(() => undefined)),
    ]);
    expect(await stillAlive()).toEqual([]);
  });
});

describe('ending', () => {
  test('ends all under it, tells the proxies in the same transaction, and happens once', async () => {
    const root = await begin('linus');
    const child = await begin('linus', { parentId: root.id });
    const other = await begin('linus');
    const before = await version();
    expect(await logins.end(tenantId, root.id, 'over')).toBe(true);
    expect(await version()).toBe(before + 1n);
    expect(await stillAlive()).toEqual([other.id]);
    expect((await database.login.findUniqueOrThrow({ where: { id: child.id } })).endReason).toBe('over');
    expect(await logins.end(tenantId, root.id, 'again')).toBe(false);
    expect(await version()).toBe(before + 1n);
    expect(await logins.alive(tenantId, { id: child.id })).toBeUndefined();
    expect(await logins.alive('ten_other', { id: other.id })).toBeUndefined();
  });

  test('leaves nothing behind when its transaction fails', async () => {
    const root = await begin('linus');
    const before = await version();
    await expect(
      database.$transaction(async (transaction) => {
        await logins.end(tenantId, root.id, 'over', transaction);
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect([await stillAlive(), await version()]).toEqual([[root.id], before]);
  });

  test('of all of a user takes what others do on their behalf, and what they do for others', async () => {
    const own = await begin('linus');
    await begin('linus', { parentId: own.id, chain: ['sub_1', idOf('linus')] });
    const foreign = await begin('grace');
    await begin('grace', { parentId: foreign.id, chain: [idOf('linus'), idOf('grace')] });
    expect(await logins.endAllOf(tenantId, { userId: idOf('linus') }, 'left')).toBe(3);
    expect(await stillAlive()).toEqual([foreign.id]);
  });

  test('of a session at a provider takes that session alone, or all of the provider', async () => {
    const provider = { providerId: 'idp_1' };
    await begin('linus', { ...provider, providerSession: 'a' });
    const other = await begin('linus', { ...provider, providerSession: 'b' });
    const elsewhere = await begin('linus', { providerId: 'idp_2', providerSession: 'a' });
    expect(await logins.endAllOf(tenantId, { ...provider, providerSession: 'a' }, 'logged out')).toBe(1);
    expect(await stillAlive()).toEqual([other.id, elsewhere.id]);
    expect(await logins.endAllOf(tenantId, provider, 'removed')).toBe(1);
    expect(await stillAlive()).toEqual([elsewhere.id]);
  });
});

describe('over REST', () => {
  const ids = async (rest: Rest, query = ''): Promise<readonly unknown[]> =>
    itemsOf(await rest('GET', `/v1/logins${query}`)).map(({ id }) => id);

  test('people see their own, admins and auditors all', async () => {
    const own = await begin('linus');
    const foreign = await begin('grace');
    const auditor = await plane.as('audrey', 'auditor');
    expect(await ids(linus)).toEqual([own.id]);
    expect(await ids(linus, '?user=grace')).toEqual([own.id]);
    expect((await linus('GET', `/v1/logins/${foreign.id}`)).status).toBe(404);
    for (const reader of [plane.admin, auditor]) {
      expect([...(await ids(reader))].sort()).toEqual([own.id, foreign.id].sort());
      expect(await ids(reader, '?user=grace')).toEqual([foreign.id]);
      expect(await ids(reader, '?user=nobody')).toEqual([]);
    }
  });

  test('people end their own, admins any, auditors none but their own', async () => {
    const own = await begin('linus');
    const foreign = await begin('grace');
    const auditor = await plane.as('audrey', 'auditor');
    for (const rest of [linus, auditor]) expect((await rest('DELETE', `/v1/logins/${foreign.id}`)).status).toBe(404);
    expect((await linus('DELETE', `/v1/logins/${own.id}`)).status).toBe(204);
    expect((await linus('DELETE', `/v1/logins/${own.id}`)).status).toBe(404);
    expect((await plane.admin('DELETE', `/v1/logins/${foreign.id}`)).status).toBe(204);
    expect(await ids(plane.admin)).toEqual([]);
    const [newest] = itemsOf(await plane.admin('GET', `/v1/logins?all=true&user=grace`));
    expect(newest).toMatchObject({ id: foreign.id, endReason: 'ended by ada' });
  });

  test('a page goes on where the last one ended', async () => {
    const made = [await begin('linus'), await begin('linus'), await begin('linus')];
    const first = await linus('GET', '/v1/logins?limit=2');
    const rest = await linus('GET', `/v1/logins?limit=2&cursor=${String(first.body['next'])}`);
    const seen = [...itemsOf(first), ...itemsOf(rest)].map(({ id }) => id);
    expect([...seen].sort()).toEqual(made.map(({ id }) => id).sort());
  });
});
