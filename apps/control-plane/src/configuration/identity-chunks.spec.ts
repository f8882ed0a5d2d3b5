import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { decodeChunk, encodeChunk } from '@sallyport/policy';
import { startPostgres } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import { exportJWK, generateKeyPair } from 'jose';
import { openDatabase, startPlane } from '../../testing/plane.js';
import type { TestPlane } from '../../testing/plane.js';
import type { Database } from '../db/database.js';
import { Logins } from '../logins/logins.service.js';
import { readIdentity } from './identity-chunks.js';
import type { IdentityChunks } from './identity-chunks.js';

let postgres: TestPostgres;
let plane: TestPlane;
let database: Database;
let logins: Logins;
let tenantId: string;
let userId: string;
beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.createDatabase('identity');
  plane = await startPlane(postgres.url('identity'));
  database = openDatabase(postgres.url('identity'));
  logins = plane.app.get(Logins);
  await plane.as('linus', 'member');
  tenantId = (await database.tenant.findFirstOrThrow()).id;
  userId = (await database.user.findFirstOrThrow({ where: { name: 'linus' } })).id;
});
afterAll(async () => {
  await database.$disconnect();
  await plane.stop();
  await postgres.stop();
});
beforeEach(async () => {
  await database.login.deleteMany();
  await database.keyring.deleteMany({ where: { purpose: 'token' } });
});

const hour = 3_600_000;
const read = (): Promise<IdentityChunks> =>
  database.$transaction((transaction) => readIdentity(transaction, tenantId, 'https://gate.test'));

describe('the identity of a bundle', () => {
  test('holds people with their groups, and never what else is known of them', async () => {
    const group = await database.group.create({ data: { id: 'grp_1', tenantId, name: 'dba' } });
    await database.groupMember.create({ data: { id: 'mem_1', tenantId, groupId: group.id, userId } });
    await database.user.update({ where: { id: userId }, data: { notBefore: new Date(5_000), email: 'l@example.com' } });
    const { identity } = await read();
    expect(identity.users.find(({ id }) => id === userId)).toEqual({
      id: userId,
      name: 'linus',
      groups: ['dba'],
      disabled: false,
      notBefore: 5,
    });
    expect(decodeChunk('identity', encodeChunk({ kind: 'identity', value: identity })).ok).toBe(true);
  });

  test('pins the public half of every key of tokens that is not retired', async () => {
    const now = Date.now();
    for (const [id, activeAt, retiredAt] of [
      ['key_former', now - 2 * hour, null],
      ['key_active', now - hour, null],
      ['key_next', now + hour, null],
      ['key_retired', now - 3 * hour, new Date(now - hour)],
    ] as const) {
      const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
      // Even where somebody kept the wrong half as the public one.
      const jwk = await exportJWK(id === 'key_active' ? privateKey : publicKey);
      const publicPart = new Uint8Array(Buffer.from(JSON.stringify({ ...jwk, kid: id, alg: 'ES256', use: 'sig' })));
      await database.keyring.create({
        data: {
          id,
          tenantId,
          purpose: 'token',
          publicPart,
          sealed: publicPart,
          activeAt: new Date(activeAt),
          retiredAt,
        },
      });
    }
    const { identity } = await read();
    expect(identity.own.issuer).toBe('https://gate.test');
    expect(identity.own.keys.map(({ kid }) => kid)).toEqual(['key_active', 'key_former', 'key_next']);
    expect(decodeChunk('identity', encodeChunk({ kind: 'identity', value: identity })).ok).toBe(true);
  });
});

describe('ended logins', () => {
  const begin = (expiresAt = new Date(Date.now() + 8 * hour), parentId?: string) =>
    logins.begin({ tenantId, whose: { userId }, how: 'browser', expiresAt, ...(parentId ? { parentId } : {}) });
  const ended = async () => (await read()).endedLogins.ids;

  test('are told with all under them, and none that lives', async () => {
    const root = await begin();
    const child = await begin(undefined, root.id);
    await begin();
    expect(await ended()).toEqual([]);
    await logins.end(tenantId, root.id, 'signed out');
    expect(await ended()).toEqual([root.id, child.id].sort());
  });

  test('are told no more when no token of theirs can live', async () => {
    const [old, other] = [await begin(), await begin()];
    await logins.end(tenantId, old.id, 'signed out');
    await database.login.update({ where: { id: old.id }, data: { endedAt: new Date(Date.now() - 2 * hour) } });
    expect(await ended()).toEqual([old.id]); // The last one that ended: which is the newest cannot depend on the clock.
    await logins.end(tenantId, other.id, 'signed out');
    expect(await ended()).toEqual([other.id]);
  });
});
