import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startPostgres } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import { restOf, startPlane, testConfig } from '../testing/plane.js';
import { startControlPlane } from './start.js';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.stop());

describe('two replicas', () => {
  test('that start at once on an empty database migrate once, make one tenant and print one token', async () => {
    await postgres.createDatabase('twins');
    const config = testConfig(postgres.url('twins'));
    const planes = await Promise.all([startControlPlane(config, quiet), startControlPlane(config, quiet)]);
    try {
      const tokens = planes.flatMap((plane) => plane.setupToken ?? []);
      expect(tokens).toHaveLength(1);
      const [one, two] = planes.map((plane) => plane.url);
      const made = await restOf(two ?? '', undefined)('POST', '/v1/setup', { token: tokens[0], name: 'ada' });
      const token = String(made.body['token']);
      await restOf(one ?? '', token)('PUT', '/v1/groups/etl', { description: 'by one' });
      expect((await restOf(two ?? '', token)('GET', '/v1/groups/etl')).body['description']).toBe('by one');
      const key = { 'idempotency-key': 'k' };
      const first = await restOf(one ?? '', token)('POST', '/v1/tokens', { name: 'x' }, key);
      const again = await restOf(two ?? '', token)('POST', '/v1/tokens', { name: 'x' }, key);
      expect(again.body).toEqual(first.body);
    } finally {
      await Promise.all(planes.map((plane) => plane.stop()));
    }
  });

  test('a later start prints no token', async () => {
    const later = await startControlPlane(testConfig(postgres.url('twins')), quiet);
    expect(later.setupToken).toBeUndefined();
    await later.stop();
  });
});

test('without its database the control plane does not start, and says so', async () => {
  const config = testConfig('postgres://nobody:x@127.0.0.1:1/nothing');
  await expect(startControlPlane(config, quiet)).rejects.toThrow(/ECONNREFUSED/);
});

test('when the database goes away, requests are told to come back and readiness says so', async () => {
  const own = await startPostgres();
  await own.createDatabase('gone');
  const plane = await startPlane(own.url('gone'));
  try {
    await own.stop();
    const refused = await plane.admin('GET', '/v1/me');
    expect([refused.status, refused.body['code']]).toEqual([503, 'unavailable']);
    expect(refused.headers.get('retry-after')).toBe('5');
    const ready = await plane.nobody('GET', '/readyz');
    expect([ready.status, ready.body]).toMatchObject([503, { status: 'not ready', checks: { database: 'failed' } }]);
    expect((await plane.nobody('GET', '/healthz')).status).toBe(200);
  } finally {
    await plane.stop();
  }
});
