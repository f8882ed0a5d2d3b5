import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startPostgres } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import { claimsOf, errorOf, grant, sendForm, tokenOf } from '../../testing/oauth.js';
import { openDatabase, startPlane } from '../../testing/plane.js';
import type { Answer, Rest, TestPlane } from '../../testing/plane.js';
import type { Database } from '../db/database.js';
import { hashSecret } from '../identity/secret-token.js';
import { Logins } from '../logins/logins.service.js';
import type { LoginKind } from '../logins/logins.service.js';
import { AccessTokens } from './access-tokens.js';
import { mostWrongCodes } from './device-answers.js';
import { mostWaiting } from './device-codes.js';

let postgres: TestPostgres;
let plane: TestPlane;
let database: Database;
let tenantId: string;
beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.createDatabase('device');
  plane = await startPlane(postgres.url('device'));
  database = openDatabase(postgres.url('device'));
  for (const name of ['linus', 'grace', 'mallory']) await plane.admin('PUT', `/v1/users/${name}`, { role: 'member' });
  tenantId = (await database.tenant.findFirstOrThrow()).id;
});
afterAll(async () => {
  await database.$disconnect();
  await plane.stop();
  await postgres.stop();
});
beforeEach(async () => {
  await database.login.deleteMany();
  await database.deviceCode.deleteMany();
});

const userIdOf = async (name: string): Promise<string> =>
  (await database.user.findFirstOrThrow({ where: { name } })).id;
/** A person, as they signed in. */
const signedIn = async (name: string, how: LoginKind = 'browser') => {
  const whose = { userId: await userIdOf(name) };
  const expiresAt = new Date(Date.now() + 600_000);
  const login = await plane.app.get(Logins).begin({ tenantId, whose, how, expiresAt });
  const { token } = await plane.app.get(AccessTokens, { strict: false }).mint(login);
  return { login, rest: plane.bearing(token) };
};
const begin = async (): Promise<{ readonly device: string; readonly code: string; readonly answer: Answer }> => {
  const answer = await sendForm(plane.nobody, '/oauth/device_authorization', { client_id: 'sally' });
  return { answer, device: String(answer.body['device_code']), code: String(answer.body['user_code']) };
};
const poll = (device: string, client = 'sally'): Promise<Answer> =>
  sendForm(plane.nobody, '/oauth/token', { grant_type: grant.device, device_code: device, client_id: client });
/** As if the interval had passed. */
const wait = () => database.deviceCode.updateMany({ data: { polledAt: null } });
const say = (rest: Rest, code: string, word: 'approve' | 'deny' = 'approve'): Promise<Answer> =>
  rest('POST', `/v1/device-codes/${code}/${word}`);

describe('a device that has no browser', () => {
  test('is told a code, and logs in as who confirms it', async () => {
    const { answer, device, code } = await begin();
    expect(code).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(String(answer.body['verification_uri_complete'])).toContain(code);
    expect(errorOf(await poll(device))).toEqual([400, 'authorization_pending']);
    const { rest, login } = await signedIn('linus');
    expect((await rest('GET', `/v1/device-codes/${code}`)).body).toMatchObject({ userCode: code });
    expect((await say(rest, code.toLowerCase().replace('-', ''))).status).toBe(204);
    const got = await poll(device);
    expect(claimsOf(got)).toMatchObject({ sub: await userIdOf('linus'), client_id: 'sally' });
    expect((await plane.bearing(tokenOf(got))('GET', '/v1/me')).body['name']).toBe('linus');
    const made = await database.login.findFirstOrThrow({ where: { how: 'device' } });
    expect(made.expiresAt.getTime()).toBeGreaterThan(login.expiresAt.getTime());
    const fields = { grant_type: grant.refresh, refresh_token: String(got.body['refresh_token']), client_id: 'sally' };
    expect((await sendForm(plane.nobody, '/oauth/token', fields)).status).toBe(200);
    expect(await database.deviceCode.count({ where: { deviceHash: device } })).toBe(0);
  });

  test('gets a token once, however many ask at once', async () => {
    const { device, code } = await begin();
    await say((await signedIn('linus')).rest, code);
    const answers = await Promise.all(Array.from({ length: 6 }, () => poll(device)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(errorOf(await poll(device))).toEqual([400, 'invalid_grant']);
    expect(await database.login.count({ where: { how: 'device' } })).toBe(1);
  });

  test('that asks too often has to ask more slowly', async () => {
    const { device } = await begin();
    expect(errorOf(await poll(device))).toEqual([400, 'authorization_pending']);
    expect(errorOf(await poll(device))).toEqual([400, 'slow_down']);
    expect((await database.deviceCode.findFirstOrThrow()).interval).toBe(10);
    await wait();
    expect(errorOf(await poll(device))).toEqual([400, 'authorization_pending']);
  });

  test.each<readonly [string, (code: string) => Promise<unknown>, readonly unknown[]]>([
    ['somebody refuses', async (code) => say((await signedIn('linus')).rest, code, 'deny'), [400, 'access_denied']],
    [
      'time is over',
      () => database.deviceCode.updateMany({ data: { expiresAt: new Date(0) } }),
      [400, 'expired_token'],
    ],
    [
      'who confirmed it has signed out since',
      async (code) => {
        const { rest, login } = await signedIn('linus');
        await say(rest, code);
        await plane.app.get(Logins).end(tenantId, login.id, 'signed out');
      },
      [400, 'invalid_grant'],
    ],
    [
      'who confirmed it was disabled since',
      async (code) => {
        await say((await signedIn('grace')).rest, code);
        await database.user.updateMany({ where: { name: 'grace' }, data: { disabled: true } });
      },
      [400, 'invalid_grant'],
    ],
  ])('gets nothing when %s', async (_, happens, expected) => {
    const { device, code } = await begin();
    await happens(code);
    expect(errorOf(await poll(device))).toEqual(expected);
    expect(await database.login.count({ where: { how: 'device', endedAt: null } })).toBe(0);
    await database.user.updateMany({ where: { name: 'grace' }, data: { disabled: false } });
  });

  test('is `sally`, and no other client', async () => {
    const { device } = await begin();
    expect(errorOf(await poll(device, 'console'))).toEqual([400, 'unauthorized_client']);
    for (const fields of [{}, { client_id: 'console' }])
      expect(errorOf(await sendForm(plane.nobody, '/oauth/device_authorization', fields))).toEqual([
        401,
        'invalid_client',
      ]);
  });
});

describe('the word of a person', () => {
  test('counts once', async () => {
    const { code, device } = await begin();
    const [linus, grace] = [await signedIn('linus'), await signedIn('grace')];
    expect((await say(linus.rest, code)).status).toBe(204);
    expect((await say(grace.rest, code)).status).toBe(404);
    expect((await say(grace.rest, code, 'deny')).status).toBe(404);
    expect(claimsOf(await poll(device)).sub).toBe(await userIdOf('linus'));
  });

  test('is given in a browser: no token of any kind makes a login', async () => {
    const { code } = await begin();
    const withApiToken = await plane.as('linus', 'member');
    const withDevice = await signedIn('linus', 'device');
    for (const rest of [withApiToken, withDevice.rest]) expect((await say(rest, code)).status).toBe(403);
    expect((await say((await signedIn('linus')).rest, code)).status).toBe(204);
  });

  test('is not for devices of other organisations', async () => {
    const { code } = await begin();
    await database.deviceCode.updateMany({ data: { tenantId: 'ten_other' } });
    const { rest } = await signedIn('linus');
    expect((await rest('GET', `/v1/device-codes/${code}`)).status).toBe(404);
    expect((await say(rest, code)).status).toBe(404);
  });

  test('who guesses codes has to wait, and alone', async () => {
    const { code } = await begin();
    const { rest } = await signedIn('mallory');
    for (let each = 0; each < mostWrongCodes; each++)
      expect((await rest('GET', '/v1/device-codes/BBBB-BBBB')).status).toBe(404);
    for (const path of [`/v1/device-codes/${code}`, '/v1/device-codes/BBBB-BBBB']) {
      const answer = await rest('GET', path);
      expect([answer.status, Number(answer.headers.get('retry-after')) > 0]).toEqual([429, true]);
    }
    expect((await say(rest, code)).status).toBe(429);
    expect((await say((await signedIn('linus')).rest, code)).status).toBe(204);
  });
});

describe('the page', () => {
  const secret = 'a'.repeat(43);
  const open = async (path: string, init: RequestInit = {}, cookie = `sallyport-session=${secret}`) => {
    const headers = { cookie, ...(init.headers as Readonly<Record<string, string>> | undefined) };
    const answer = await fetch(plane.url + path, { redirect: 'manual', ...init, headers });
    return { status: answer.status, location: answer.headers.get('location'), text: await answer.text() };
  };
  const press = async (code: string, word: string, headers: Readonly<Record<string, string>>) =>
    open('/auth/device', { method: 'POST', body: new URLSearchParams({ user_code: code, word }), headers });
  const ours = { 'sec-fetch-site': 'same-origin' };
  beforeEach(async () => {
    const whose = { userId: await userIdOf('linus') };
    const expiresAt = new Date(Date.now() + 600_000);
    const cookieHash = hashSecret(secret);
    await plane.app.get(Logins).begin({ tenantId, whose, how: 'browser', expiresAt, cookieHash });
  });

  test('shows which device it is, and logs it in at a press of the button', async () => {
    const { code, device } = await begin();
    expect((await open('/auth/device')).text).toContain('name="user_code"');
    const shown = await open(`/auth/device?user_code=${code}`);
    expect(shown.text).toContain('<strong>127.0.0.1</strong>');
    expect(shown.text).toContain('<strong>linus</strong>');
    expect(await press(code, 'approve', ours)).toMatchObject({ status: 200 });
    expect(claimsOf(await poll(device)).sub).toBe(await userIdOf('linus'));
  });

  test('takes no word that another site sent, nor one without a session', async () => {
    const { code, device } = await begin();
    const strangers: readonly Readonly<Record<string, string>>[] = [
      { 'sec-fetch-site': 'cross-site' },
      { origin: 'https://evil.example' },
      {},
    ];
    for (const headers of strangers) expect(await press(code, 'approve', headers)).toMatchObject({ status: 302 });
    const nobody = await open(`/auth/device?user_code=${code}`, {}, 'x=y');
    expect(nobody).toMatchObject({
      status: 302,
      location: `/auth?returnTo=${encodeURIComponent(`/auth/device?user_code=${code}`)}`,
    });
    expect(errorOf(await poll(device))).toEqual([400, 'authorization_pending']);
  });

  test('refuses, and says of a wrong code or word what is wrong', async () => {
    const { code, device } = await begin();
    expect(await press('BBBB-BBBB', 'approve', ours)).toMatchObject({ status: 404 });
    expect(await press(code, 'perhaps', ours)).toMatchObject({ status: 400 });
    expect((await open('/auth/device?user_code=%3Cscript%3E')).text).not.toContain('<script>');
    expect(await press(code, 'deny', ours)).toMatchObject({ status: 200 });
    expect(errorOf(await poll(device))).toEqual([400, 'access_denied']);
  });
});

test('devices wait in bounded numbers', async () => {
  const expiresAt = new Date(Date.now() + 600_000);
  await database.deviceCode.createMany({
    data: Array.from({ length: mostWaiting }, (_, index) => ({
      ...{ id: `dev_${index}`, tenantId, deviceHash: `h${index}`, userCode: `c${index}`, state: 'pending' },
      ...{ address: '::1', expiresAt },
    })),
  });
  expect(errorOf((await begin()).answer)).toEqual([503, 'temporarily_unavailable']);
});
