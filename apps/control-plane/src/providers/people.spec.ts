import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startPostgres } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import { openDatabase, startPlane } from '../../testing/plane.js';
import type { TestPlane } from '../../testing/plane.js';
import type { Database } from '../db/database.js';
import type { IdentityProvider } from '../db/generated/client.js';
import type { Claims } from './mapping.js';
import { People } from './people.js';

let postgres: TestPostgres;
let plane: TestPlane;
let database: Database;
let people: People;
let corp: IdentityProvider;
let other: IdentityProvider;
beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.createDatabase('people');
  plane = await startPlane(postgres.url('people'));
  database = openDatabase(postgres.url('people'));
  people = plane.app.get(People);
  for (const name of ['dba', 'support', 'by-hand']) await plane.admin('PUT', `/v1/groups/${name}`, {});
  corp = await newProvider('corp');
  other = await newProvider('other');
});
afterAll(async () => {
  await database.$disconnect();
  await plane.stop();
  await postgres.stop();
});
beforeEach(() => database.user.deleteMany({ where: { role: 'member' } }));

async function newProvider(name: string): Promise<IdentityProvider> {
  const { id: tenantId } = await database.tenant.findFirstOrThrow();
  const groups = ['dba', 'support'].map((group) => ({ claim: 'groups', value: `${group}-people`, group }));
  return database.identityProvider.create({
    data: {
      ...{ id: `idp_${name}`, tenantId, name, kind: 'oidc', issuer: `https://${name}.test`, clientId: 'sallyport' },
      ...{ scopes: ['openid'], mapping: { groups }, metadata: { server: {}, keys: [], names: [] } },
    },
  });
}

const signIn = (subject: string, claims: Claims = {}, provider = corp): Promise<string> =>
  people.admit(provider, { subject, claims }, (user) => Promise.resolve(user.id));
const userOf = async (id: string) =>
  database.user.findFirstOrThrow({
    where: { id },
    include: { identities: true, groups: { include: { group: true } } },
  });
const groupsOf = async (id: string): Promise<readonly string[]> =>
  (await userOf(id)).groups.map(({ group }) => group.name).toSorted();

describe('who signs in for the first time', () => {
  test('becomes a member, never more, whatever the provider says', async () => {
    const id = await signIn('s-1', {
      preferred_username: 'grace',
      email: 'ada@corp.test',
      role: 'admin',
      roles: ['admin'],
    });
    expect(await userOf(id)).toMatchObject({ name: 'grace', email: 'ada@corp.test', role: 'member', disabled: false });
  });

  test.each([
    ['the name as it is', { preferred_username: 'ada.l_x-y' }, /^ada\.l_x-y$/],
    ['what is not allowed in names left out', { preferred_username: 'Ada <b>Lovelace' }, /^Ada-b-Lovelace$/],
    ['the e-mail address where there is no name', { email: 'ada@corp.test' }, /^ada@corp\.test$/],
    ['a name of ours where there is neither', {}, /^user-[a-z0-9]{8}$/],
    ['a name of ours where the name has nothing to use', { preferred_username: '///' }, /^user-[a-z0-9]{8}$/],
    ['a name of ours where the name is no text', { preferred_username: { a: 1 } }, /^user-[a-z0-9]{8}$/],
  ])('gets %s', async (_, claims, name) => {
    expect((await userOf(await signIn('s-1', claims))).name).toMatch(name);
  });

  test('does not take over who has that name, or that e-mail address, already', async () => {
    const first = await signIn('s-1', { preferred_username: 'ada', email: 'ada@corp.test' });
    const second = await signIn('s-1', { preferred_username: 'ada', email: 'ada@corp.test' }, other);
    expect(second).not.toBe(first);
    expect([(await userOf(first)).name, (await userOf(second)).name]).toEqual(['ada-2', 'ada-3']);
  });

  test('becomes one user, though two of their tabs sign in at once', async () => {
    const ids = await Promise.all([1, 2, 3].map(() => signIn('s-1', { preferred_username: 'grace' })));
    expect(new Set(ids).size).toBe(1);
    expect(await database.user.count({ where: { role: 'member' } })).toBe(1);
  });

  test('is refused where users are made by others, and is not made', async () => {
    await expect(signIn('s-1', {}, { ...corp, justInTime: false })).rejects.toMatchObject({ cause: 'no_user' });
    expect(await database.user.count({ where: { role: 'member' } })).toBe(0);
  });
});

describe('who comes again', () => {
  test('is known by the subject alone, not by name or address', async () => {
    const id = await signIn('s-1', { preferred_username: 'grace', email: 'ada@corp.test' });
    expect(await signIn('s-1', { preferred_username: 'lovelace', email: 'other@corp.test' })).toBe(id);
    expect(await signIn('S-1', { preferred_username: 'grace', email: 'ada@corp.test' })).not.toBe(id);
    const [identity] = (await userOf(id)).identities;
    expect(identity?.lastSignInAt).toBeInstanceOf(Date);
  });

  test('is refused when disabled', async () => {
    const id = await signIn('s-1');
    await database.user.update({ where: { id }, data: { disabled: true } });
    await expect(signIn('s-1')).rejects.toMatchObject({ cause: 'disabled' });
  });

  test('joins and leaves what the provider says, and nothing else', async () => {
    const id = await signIn('s-1', { groups: ['dba-people', 'unheard-of'] });
    expect(await groupsOf(id)).toEqual(['dba']);
    const byHand = await database.group.findFirstOrThrow({ where: { name: 'by-hand' } });
    await database.groupMember.create({
      data: { id: 'mem_x', tenantId: corp.tenantId, groupId: byHand.id, userId: id },
    });
    await signIn('s-1', { groups: ['support-people'] });
    expect(await groupsOf(id)).toEqual(['by-hand', 'support']);
    await signIn('s-1', {});
    expect(await groupsOf(id)).toEqual(['by-hand']);
  });

  test('stays in all groups, and out of all, when the groups cannot be told', async () => {
    const id = await signIn('s-1', { groups: ['dba-people'] });
    const elsewhere = { _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint: 'https://corp.test' } } };
    for (const [claims, cause] of [
      [elsewhere, 'groups_elsewhere'],
      [{ groups: { name: 'dba-people' } }, 'groups_unreadable'],
      [{ groups: Array.from({ length: 5_001 }, (_, at) => `g${at}`) }, 'groups_too_many'],
    ] as const)
      await expect(signIn('s-1', claims)).rejects.toMatchObject({ cause });
    expect(await groupsOf(id)).toEqual(['dba']);
  });

  test('tells proxies when the groups change', async () => {
    const version = async () => (await database.tenant.findFirstOrThrow()).bundleVersion;
    await signIn('s-1', {});
    const before = await version();
    await signIn('s-1', { groups: 'dba-people' });
    expect(await version()).toBeGreaterThan(before);
  });
});

test('what fails afterwards leaves nobody behind', async () => {
  const failing = people.admit(corp, { subject: 's-1', claims: {} }, () => Promise.reject(new Error('no')));
  await expect(failing).rejects.toThrow('no');
  expect(await database.user.count({ where: { role: 'member' } })).toBe(0);
});
