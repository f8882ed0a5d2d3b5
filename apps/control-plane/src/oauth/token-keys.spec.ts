import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startPostgres } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import { decodeProtectedHeader } from 'jose';
import { audience, grant, sendForm, startPlatform } from '../../testing/oauth.js';
import type { TestPlatform } from '../../testing/oauth.js';
import { itemsOf, openDatabase, startPlane } from '../../testing/plane.js';
import type { TestPlane } from '../../testing/plane.js';
import type { Database } from '../db/database.js';
import { TokenKeys } from './token-keys.js';

let postgres: TestPostgres;
let plane: TestPlane;
let database: Database;
let platform: TestPlatform;
let keys: TokenKeys;
let tenantId: string;
beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.createDatabase('keys');
  plane = await startPlane(postgres.url('keys'), { SALLYPORT_AUDIENCE: audience });
  database = openDatabase(postgres.url('keys'));
  platform = await startPlatform(plane, 'etl');
  keys = plane.app.get(TokenKeys, { strict: false });
  tenantId = (await database.tenant.findFirstOrThrow()).id;
});
afterAll(async () => {
  await database.$disconnect();
  await plane.stop();
  await postgres.stop();
});

const fresh = async (): Promise<string> => {
  const fields = { grant_type: grant.jwtBearer, assertion: await platform.token('etl') };
  return String((await sendForm(plane.nobody, '/oauth/token', fields)).body['access_token']);
};
const isTaken = async (token: string): Promise<boolean> => (await plane.bearing(token)('GET', '/v1/me')).status === 200;
/** The one that signs first. */
const published = async (): Promise<readonly unknown[]> =>
  itemsOf(await plane.admin('GET', '/v1/token-keys'))
    .toSorted((one, other) => String(one['activeAt']).localeCompare(String(other['activeAt'])))
    .map(({ id }) => id);
const version = async (): Promise<bigint> => (await database.tenant.findFirstOrThrow()).bundleVersion;

test('one signs, the next is published; of several replicas one makes what is missing', async () => {
  const before = await published();
  expect(before).toHaveLength(2);
  await Promise.all(Array.from({ length: 4 }, () => keys.tend(tenantId)));
  expect(await published()).toEqual(before);
  expect(decodeProtectedHeader(await fresh()).kid).toBe(before[0]);
});

test('the next one signs only when every proxy can have it, and no token is lost on the way', async () => {
  const [first, next] = await published();
  const old = await fresh();
  const before = await version();
  expect((await plane.admin('POST', '/v1/token-keys/rotate')).status).toBe(204);
  expect(await version()).toBe(before + 1n);
  expect(decodeProtectedHeader(await fresh()).kid).toBe(first);
  const { activeAt, createdAt } = await database.keyring.findUniqueOrThrow({ where: { id: String(next) } });
  // Longer than a proxy may go without hearing of us.
  expect(activeAt.getTime() - createdAt.getTime()).toBeGreaterThan(60_000);

  await database.keyring.update({ where: { id: String(next) }, data: { createdAt: new Date(0) } });
  await plane.admin('POST', '/v1/token-keys/rotate');
  const token = await fresh();
  expect(decodeProtectedHeader(token).kid).toBe(next);
  expect([await isTaken(old), await isTaken(token)]).toEqual([true, true]);
  // The former one stays until its last token is over; a third does not come as long as there are two.
  await keys.tend(tenantId, new Date(Date.now() + 3_000_000));
  expect(await published()).toEqual([first, next]);

  await keys.tend(tenantId, new Date(Date.now() + 3_720_000));
  const after = await published();
  expect(after).toHaveLength(2);
  expect(after[0]).toBe(next);
  expect([await isTaken(old), await isTaken(token)]).toEqual([false, true]);
});

test('only admins rotate them; nobody sees a private part', async () => {
  const auditor = await plane.as('audrey', 'auditor');
  expect((await auditor('GET', '/v1/token-keys')).status).toBe(200);
  expect((await auditor('POST', '/v1/token-keys/rotate')).status).toBe(403);
  const rows = await database.keyring.findMany({ where: { purpose: 'token' } });
  for (const { publicPart } of rows) expect(JSON.parse(Buffer.from(publicPart).toString())).not.toHaveProperty('d');
});
