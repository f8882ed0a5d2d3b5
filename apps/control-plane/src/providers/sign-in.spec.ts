import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { freePort, startPostgres, startSignInProvider } from '@sallyport/testing';
import type { SignInProvider, TestPostgres } from '@sallyport/testing';
import { Browser } from '../../testing/browser.js';
import { openDatabase, startPlane } from '../../testing/plane.js';
import type { TestPlane } from '../../testing/plane.js';
import type { Database } from '../db/database.js';

const session = 'sallyport-session';
const secret = 'a secret of the client';

let postgres: TestPostgres;
let plane: TestPlane;
let database: Database;
let provider: SignInProvider;
let ours: string;
beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.createDatabase('sign_in');
  const port = await freePort();
  ours = `http://127.0.0.1:${port}`;
  provider = await startSignInProvider({
    people: {
      grace: { preferred_username: 'grace', email: 'grace@corp.test', groups: ['dba-people', 'x'] },
      linus: { preferred_username: 'linus' },
    },
    client: {
      ...{ id: 'sallyport', secret, redirectUri: `${ours}/auth/corp/callback`, afterLogoutUri: `${ours}/auth` },
      backChannelLogoutUri: `${ours}/auth/corp/backchannel-logout`,
    },
  });
  plane = await startPlane(postgres.url('sign_in'), { SALLYPORT_HTTP_LISTEN: `127.0.0.1:${port}` });
  database = openDatabase(postgres.url('sign_in'));
  await plane.admin('PUT', '/v1/groups/dba', {});
  const made = await plane.admin('PUT', '/v1/identity-providers/corp', {
    ...{ kind: 'oidc', issuer: provider.issuer, clientId: 'sallyport' },
    mapping: { groups: [{ value: 'dba-people', group: 'dba' }] },
  });
  expect(made.status).toBe(201);
  await plane.admin('POST', '/v1/identity-providers/corp/client-secret', { clientSecret: secret });
});
afterAll(async () => {
  await database.$disconnect();
  await plane.stop();
  await provider.stop();
  await postgres.stop();
});
beforeEach(() => database.login.deleteMany());

/** As far as the page of the provider, and back. */
async function signIn(browser: Browser, login: string, returnTo = '/auth') {
  const start = `${ours}/auth/corp/start?returnTo=${encodeURIComponent(returnTo)}`;
  const { url } = await browser.follow(start);
  const typed = await browser.post(url, { login });
  const back = await browser.follow(
    new URL(typed.headers.get('location') ?? '', url),
    ({ origin, pathname }) => origin === ours && !pathname.startsWith('/auth/corp'),
  );
  return { landed: back.url, response: back.response };
}
const me = (browser: Browser) => browser.send(`${ours}/v1/me`);

describe('signing in with a browser', () => {
  test('goes by the provider and back to where one wanted to go', async () => {
    const browser = new Browser();
    const { landed, response } = await signIn(browser, 'grace', '/auth?from=deep%20link');
    expect(landed.href).toBe(`${ours}/auth?from=deep%20link`);
    const [cookie] = response.headers.getSetCookie();
    expect(cookie).toMatch(/^sallyport-session=[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Lax$/);
    expect(await (await me(browser)).json()).toMatchObject({
      kind: 'user',
      name: 'grace',
      role: 'member',
      groups: ['dba'],
    });
    const logins = (await (await browser.send(`${ours}/v1/logins`)).json()) as { readonly items: readonly object[] };
    expect(logins.items).toMatchObject([{ user: 'grace', how: 'browser', endedAt: null }]);
    const page = await (await browser.send(`${ours}/auth`)).text();
    expect(page).toContain('signed in as <strong>grace</strong>');
    const kept = JSON.stringify([await database.login.findMany(), await database.signIn.findMany()]);
    expect(kept).not.toContain(browser.cookie(ours, session));
  });

  test('shows who may sign in where, under a policy that lets no script run', async () => {
    const response = await new Browser().send(`${ours}/auth?returnTo=%2Fdocs`);
    expect(response.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-[^']+';/);
    expect(response.headers.get('cache-control')).toContain('no-store');
    expect(await response.text()).toContain('href="/auth/corp/start?returnTo=%2Fdocs"');
  });

  test('gives a session of its own, and ends the one before', async () => {
    const browser = new Browser();
    // Somebody set it, to know it.
    browser.setCookie(ours, session, 'a'.repeat(43));
    await signIn(browser, 'grace');
    const first = browser.cookie(ours, session);
    expect(first).not.toBe('a'.repeat(43));
    await signIn(browser, 'linus');
    expect(browser.cookie(ours, session)).not.toBe(first);
    const rows = await database.login.findMany({ orderBy: { createdAt: 'asc' } });
    expect(rows.map(({ endReason }) => endReason)).toEqual(['signed in again', null]);
  });
});

describe('a session', () => {
  const lastCause = async () => {
    const { detail } = await database.adminAction.findFirstOrThrow({
      where: { outcome: 'unauthenticated' },
      orderBy: [{ at: 'desc' }, { id: 'desc' }],
    });
    return (detail as { readonly cause: string }).cause;
  };

  test.each([
    ['that is idle', () => ({ lastUsedAt: new Date(Date.now() - 3_600_001) })],
    ['that is over', () => ({ expiresAt: new Date() })],
    ['that was ended', () => ({ endedAt: new Date() })],
  ])('%s is none', async (_, data) => {
    const browser = new Browser();
    await signIn(browser, 'grace');
    expect((await me(browser)).status).toBe(200);
    await database.login.updateMany({ data: data() });
    expect((await me(browser)).status).toBe(401);
    expect(await lastCause()).toBe('session_over');
  });

  test('of somebody disabled is none', async () => {
    const browser = new Browser();
    await signIn(browser, 'linus');
    await database.user.updateMany({ where: { name: 'linus' }, data: { disabled: true } });
    expect((await me(browser)).status).toBe(401);
    await database.user.updateMany({ where: { name: 'linus' }, data: { disabled: false } });
  });

  test.each([
    ['with the origin of a stranger', { origin: 'https://evil.test' }],
    ['from a site that is not ours', { origin: 'null', 'sec-fetch-site': 'cross-site' }],
    ['from another host of our site', { 'sec-fetch-site': 'same-site' }],
    ['that says nothing of where it is from', {}],
  ])('changes nothing by a request %s', async (_, headers: Record<string, string>) => {
    const browser = new Browser();
    await signIn(browser, 'grace');
    const { id } = await database.login.findFirstOrThrow();
    const refused = await browser.send(`${ours}/v1/logins/${id}`, { method: 'DELETE', headers });
    expect([refused.status, await lastCause()]).toEqual([401, 'cross_site']);
    const out = await browser.send(`${ours}/auth/logout`, { method: 'POST', headers });
    expect(out.status).toBe(403);
    expect(await database.login.count({ where: { endedAt: null } })).toBe(1);
    const done = await browser.send(`${ours}/v1/logins/${id}`, { method: 'DELETE', headers: { origin: ours } });
    expect(done.status).toBe(204);
    expect((await me(browser)).status).toBe(401);
  });

  test('ends here by signing out, with the way to end it at the provider', async () => {
    const browser = new Browser();
    await signIn(browser, 'grace');
    const response = await browser.post(`${ours}/auth/logout`);
    const page = await response.text();
    expect(page).toContain(`${provider.issuer}/session/end?`);
    expect(browser.cookie(ours, session)).toBeUndefined();
    expect(await database.login.findMany()).toMatchObject([{ endReason: 'signed out' }]);
  });

  test('ends here when the person signs out at the provider', async () => {
    const browser = new Browser();
    await signIn(browser, 'grace');
    const page = await (await browser.send(`${provider.issuer}/session/end`)).text();
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(page)?.[1] ?? '';
    await browser.post(`${provider.issuer}/session/end/confirm`, { xsrf, logout: 'yes' });
    expect(await database.login.findMany()).toMatchObject([{ endReason: 'signed out at the provider' }]);
    expect((await me(browser)).status).toBe(401);
  });
});

test('PKCE: the challenge is of a verifier that is kept sealed', async () => {
  const browser = new Browser();
  const { url } = await browser.follow(`${ours}/auth/corp/start`, ({ origin }) => origin === provider.issuer);
  expect(Object.fromEntries(url.searchParams)).toMatchObject({
    ...{ response_type: 'code', code_challenge_method: 'S256', redirect_uri: `${ours}/auth/corp/callback` },
    ...{ code_challenge: expect.stringMatching(/^[\w-]{43}$/), state: expect.stringMatching(/^[\w-]{43}$/) },
  });
  const state = url.searchParams.get('state') ?? '';
  const stateHash = createHash('sha256').update(state).digest('hex');
  expect(await database.signIn.count({ where: { stateHash, usedAt: null } })).toBe(1);
});
