import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startIdentityProvider, startPostgres } from '@sallyport/testing';
import type { TestIdentityProvider, TestPostgres } from '@sallyport/testing';
import { itemsOf, restOf, startPlane, testConfig } from '../../testing/plane.js';
import type { Rest, TestPlane } from '../../testing/plane.js';
import { startControlPlane } from '../start.js';
import { RefusedAccess } from './refused-access.js';

const audience = 'https://sallyport.test';
const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

let postgres: TestPostgres;
let provider: TestIdentityProvider;
let plane: TestPlane;
let admin: Rest;
beforeAll(async () => {
  postgres = await startPostgres();
  provider = await startIdentityProvider({ clients: [{ id: 'etl', secret: 'etl-secret' }] });
  await postgres.createDatabase('refused');
  plane = await startPlane(postgres.url('refused'), { SALLYPORT_AUDIENCE: audience });
  admin = plane.admin;
  await admin('PUT', '/v1/issuers/idp', { issuer: provider.issuer, jwksUri: provider.jwksUri });
  await admin('PUT', '/v1/subagents/etl', { issuer: 'idp', claims: { sub: 'etl' } });
});
afterAll(async () => {
  await plane.stop();
  await provider.stop();
  await postgres.stop();
});

const kept = async (query: string) => itemsOf(await admin('GET', `/v1/admin-actions?limit=200&${query}`));
const causes = async (outcome: string) =>
  (await kept(`outcome=${outcome}`)).map(({ user, detail }) => [user, (detail as { cause: string }).cause]);

test('a refused login is kept with its cause, and whose it was where that is known; never the token', async () => {
  const gone = await plane.as('gone', 'auditor');
  await admin('PUT', '/v1/users/gone', { role: 'auditor', disabled: true });
  const revoked = await admin('POST', '/v1/tokens', { name: 'revoked' });
  await admin('DELETE', `/v1/tokens/${String(revoked.body['id'])}`);
  const expired = await admin('POST', '/v1/tokens', { name: 'expired', expiresInSeconds: 60 });
  const database = await postgres.connect('refused');
  await database.query(`update "ApiToken" set "expiresAt" = now() where id = $1`, [expired.body['id']]);
  const secrets = [
    'sat_guessed-by-somebody',
    String(revoked.body['token']),
    String(expired.body['token']),
    await provider.token('etl', 'https://else.test'),
    'not.a.token',
    `sat_${'x'.repeat(17_000 - 4)}`,
  ];
  for (const secret of secrets.slice(0, 5)) expect((await plane.bearing(secret)('GET', '/v1/me')).status).toBe(401);
  expect((await gone('GET', '/v1/users')).status).toBe(401);
  const basic = { authorization: 'Basic YWRhOmh1bnRlcjI=' };
  expect((await plane.nobody('GET', '/v1/me', undefined, basic)).status).toBe(401);
  expect((await plane.nobody('GET', '/v1/me')).status).toBe(401);

  expect((await causes('unauthenticated')).sort()).toEqual(
    [
      ['', 'unknown_token'],
      ['ada', 'revoked'],
      ['ada', 'expired'],
      ['', 'wrong_audience'],
      ['', 'malformed'],
      ['gone', 'disabled'],
    ].sort(),
  );
  const [foreign] = await kept('outcome=unauthenticated&noun=me').then((all) =>
    all.filter(({ detail }) => (detail as { cause: string }).cause === 'wrong_audience'),
  );
  expect(foreign).toMatchObject({
    action: 'GET /v1/me',
    userId: null,
    detail: { claimed: { issuer: provider.issuer, subject: 'etl' }, address: expect.stringContaining('127.0.0.1') },
  });
  const { rows } = await database.query<{ text: string }>('select "AdminAction"::text as text from "AdminAction"');
  await database.end();
  const text = JSON.stringify(rows);
  for (const secret of [...secrets, 'YWRhOmh1bnRlcjI']) expect(text).not.toContain(secret.slice(4, 60));
});

test('a right that is missing is kept, for reading as for changing', async () => {
  const member = await plane.as('linus', 'member');
  expect((await member('GET', '/v1/users')).status).toBe(403);
  expect((await member('DELETE', '/v1/users/ada')).status).toBe(403);
  const etl = plane.bearing(await provider.token('etl', audience));
  expect((await etl('GET', '/v1/connections')).status).toBe(403);
  const actions = await kept('outcome=forbidden');
  expect(actions.map(({ user, action, detail }) => [user, action, (detail as { cause: string }).cause])).toEqual([
    ['etl', 'GET /v1/connections', 'not_for_subagent'],
    ['linus', 'DELETE /v1/users/:ref', 'not_for_member'],
    ['linus', 'GET /v1/users', 'not_for_member'],
  ]);
});

test('a flood of wrong tokens is one record with a count, and of unlike ones a bounded number', async () => {
  const count = async () => (await kept('outcome=unauthenticated')).length;
  const before = await count();
  const flood = Array.from({ length: 300 }, (_, index) => plane.bearing(`sat_flood${index}`)('GET', '/v1/users'));
  for (const answer of await Promise.all(flood)) expect(answer.status).toBe(401);
  await plane.app.get(RefusedAccess, { strict: false }).flush();
  expect(await count()).toBeLessThanOrEqual(before + 1);
  const unknown = (await kept('outcome=unauthenticated')).filter(
    ({ detail }) => (detail as { cause: string }).cause === 'unknown_token',
  );
  const times = unknown.reduce((sum, { detail }) => sum + (detail as { times: number }).times, 0);
  expect(times).toBeGreaterThanOrEqual(301);
  expect((await plane.bearing('sat_still-refused')('GET', '/v1/users')).status).toBe(401);
});

test('a wrong set-up token is kept; guessing it, or sending nonsense, does not fill the database', async () => {
  await postgres.createDatabase('guessed');
  const fresh = await startControlPlane(testConfig(postgres.url('guessed')), quiet);
  const nobody = restOf(fresh.url, undefined);
  for (let guess = 0; guess < 30; guess++)
    await nobody('POST', '/v1/setup', { token: `sps_guess${guess}`, name: 'eve' });
  for (let nonsense = 0; nonsense < 30; nonsense++) await nobody('POST', '/v1/setup', { nonsense: 'x'.repeat(5_000) });
  await fresh.stop();
  const database = await postgres.connect('guessed');
  const { rows } = await database.query<{ outcome: string; detail: object; text: string }>(
    'select outcome, detail, "AdminAction"::text as text from "AdminAction" order by outcome',
  );
  await database.end();
  expect(rows.map(({ outcome, detail }) => [outcome, detail])).toEqual([
    ['too_many_requests', expect.objectContaining({ cause: 'setup_token', times: 20 })],
    ['unauthenticated', expect.objectContaining({ cause: 'setup_token', times: 10 })],
  ]);
  expect(JSON.stringify(rows)).not.toContain('sps_');
});
