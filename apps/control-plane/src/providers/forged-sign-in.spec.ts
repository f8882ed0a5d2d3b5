import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { freePort, startPostgres } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import { UnsecuredJWT } from 'jose';
import type { JWTPayload } from 'jose';
import { Browser } from '../../testing/browser.js';
import { ForgingProvider } from '../../testing/forging-provider.js';
import { openDatabase, startPlane } from '../../testing/plane.js';
import type { TestPlane } from '../../testing/plane.js';
import type { Database } from '../db/database.js';
import { mostRefused } from './sign-in-door.js';
import { pathOfOurs } from './sign-ins.js';

let postgres: TestPostgres;
let plane: TestPlane;
let database: Database;
let provider: ForgingProvider;
let other: ForgingProvider;
let ours: string;
beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.createDatabase('forged');
  const port = await freePort();
  ours = `http://127.0.0.1:${port}`;
  plane = await startPlane(postgres.url('forged'), { SALLYPORT_HTTP_LISTEN: `127.0.0.1:${port}` });
  database = openDatabase(postgres.url('forged'));
  await plane.admin('PUT', '/v1/groups/dba', {});
  provider = await startProvider('corp');
  other = await startProvider('other');
});
afterAll(async () => {
  await database.$disconnect();
  await plane.stop();
  await Promise.all([provider.stop(), other.stop()]);
  await postgres.stop();
});
beforeEach(async () => {
  await database.login.deleteMany();
  await database.user.deleteMany({ where: { role: 'member' } });
  await database.identityProvider.updateMany({ data: { disabled: false } });
  for (const each of [provider, other]) Object.assign(each, { status: 200, idToken: undefined, asked: undefined });
});

async function startProvider(name: string): Promise<ForgingProvider> {
  const started = new ForgingProvider();
  await started.start();
  const mapping = { groups: [{ value: 'dba-people', group: 'dba' }] };
  const fields = { kind: 'oidc', issuer: started.issuer, clientId: 'sallyport', mapping };
  expect((await plane.admin('PUT', `/v1/identity-providers/${name}`, fields)).status).toBe(201);
  return started;
}

const now = () => Math.floor(Date.now() / 1000);

interface Begun {
  readonly browser: Browser;
  readonly state: string;
  readonly nonce: string;
  readonly challenge: string;
}

async function begin(browser = new Browser(), name = 'corp'): Promise<Begun> {
  const response = await browser.send(`${ours}/auth/${name}/start`);
  const { searchParams: asked } = new URL(response.headers.get('location') ?? '');
  const [state, nonce, challenge] = ['state', 'nonce', 'code_challenge'].map((each) => asked.get(each) ?? '');
  return { browser, state: state ?? '', nonce: nonce ?? '', challenge: challenge ?? '' };
}

const claimsOf = ({ nonce }: Begun, more: JWTPayload = {}): JWTPayload => ({
  ...{ iss: provider.issuer, aud: 'sallyport', sub: 's-1', iat: now(), exp: now() + 300, nonce, sid: 'at-corp' },
  ...more,
});

const callback = (begun: Begun, query: Readonly<Record<string, string>> = {}, name = 'corp') =>
  begun.browser.send(
    `${ours}/auth/${name}/callback?${new URLSearchParams({ code: 'c', state: begun.state, ...query }).toString()}`,
  );

async function signIn(more: JWTPayload = {}): Promise<{ readonly begun: Begun; readonly response: Response }> {
  const begun = await begin();
  provider.idToken = () => provider.sign(claimsOf(begun, more));
  return { begun, response: await callback(begun) };
}

/** The page that was shown, and what the auditor reads; nobody may be in. */
async function refusalOf(response: Response): Promise<string> {
  const page = await response.text();
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(response.headers.getSetCookie()).toEqual([]);
  expect(await database.login.count()).toBe(0);
  const { cause, reference } = lastRefusal();
  expect(page).toContain(`<small>${cause.split(':')[0] ?? ''} · ${reference}`);
  expect(await isAudited(cause)).toBe(true);
  return cause;
}

const lastRefusal = () =>
  JSON.parse(plane.logged.findLast((each) => each.includes('was refused')) ?? '{}') as Readonly<
    Record<'cause' | 'reference', string>
  >;
/** Those of a kind are kept as one for a minute, so earlier tests may have made it; the budget is for sixty kinds. */
const isAudited = async (cause: string): Promise<boolean> =>
  (await database.adminAction.count({
    where: { outcome: 'unauthenticated', detail: { path: ['cause'], equals: cause } },
  })) === 1;

test('an answer as it should be lets one in, once', async () => {
  const { begun, response } = await signIn();
  expect([response.status, response.headers.get('location')]).toEqual([302, '/auth']);
  expect(await database.login.count()).toBe(1);
  const verifier = provider.asked?.get('code_verifier') ?? '';
  expect(createHash('sha256').update(verifier).digest('base64url')).toBe(begun.challenge);
  await database.login.deleteMany();
  expect(await refusalOf(await callback(begun))).toBe('sign_in_unknown');
});

describe('a sign-in', () => {
  test('cannot be finished in another browser, with no state or an unknown one, or when it took too long', async () => {
    const begun = await begin();
    provider.idToken = () => provider.sign(claimsOf(begun));
    for (const change of [
      { browser: new Browser() },
      { browser: (await begin()).browser },
      { state: '' },
      { state: 'x'.repeat(43) },
    ])
      expect(await refusalOf(await callback({ ...begun, ...change }))).toBe('sign_in_unknown');
    await database.signIn.updateMany({ data: { expiresAt: new Date() } });
    expect(await refusalOf(await callback(begun))).toBe('sign_in_unknown');
    expect(provider.asked).toBeUndefined();
  });

  test('begun at one provider cannot be finished at another', async () => {
    const begun = await begin();
    other.idToken = () => other.sign(claimsOf(begun, { iss: other.issuer }));
    expect(await refusalOf(await callback(begun, {}, 'other'))).toBe('sign_in_unknown');
    expect(other.asked).toBeUndefined();
  });

  test('whose answer names another issuer is refused before its code is shown to anybody (RFC 9207)', async () => {
    const begun = await begin();
    expect(await refusalOf(await callback(begun, { iss: other.issuer }))).toMatch(/^answer_invalid/);
    expect(provider.asked).toBeUndefined();
  });

  test.each([
    ['there', 'unheard-of', 'unknown_provider', 404],
    ['switched on', 'corp', 'provider_disabled', 403],
  ])('at a provider that is not %s', async (_, name, cause, status) => {
    await database.identityProvider.updateMany({ data: { disabled: true } });
    const response = await new Browser().send(`${ours}/auth/${name}/start`);
    expect([response.status, await refusalOf(response)]).toEqual([status, cause]);
  });
});

describe('an ID token is refused', () => {
  test.each<[string, (begun: Begun) => JWTPayload]>([
    ['for another client', () => ({ aud: 'somebody-else' })],
    ['for another client as well, authorized to it', () => ({ aud: ['sallyport', 'x'], azp: 'x' })],
    ['of another issuer', () => ({ iss: other.issuer })],
    ['of another sign-in', () => ({ nonce: 'n'.repeat(43) })],
    ['without a nonce', () => ({ nonce: undefined })],
    ['that is over', () => ({ iat: now() - 600, exp: now() - 120 })],
    ['that is not valid yet', () => ({ nbf: now() + 120 })],
    ['without an end', () => ({ exp: undefined })],
    ['of nobody', () => ({ sub: '' })],
    ['of a subject that cannot be kept', () => ({ sub: 'a\u0000b' })],
    ['of a subject that is too long', () => ({ sub: 'a'.repeat(256) })],
  ])('%s', async (_, more) => {
    const begun = await begin();
    provider.idToken = () => provider.sign(claimsOf(begun, more(begun)));
    expect(await refusalOf(await callback(begun))).toMatch(/^answer_invalid/);
  });

  test.each<[string, (begun: Begun) => Promise<string | null>]>([
    ['that is not there', () => Promise.resolve(null)],
    ['that is not signed', (begun) => Promise.resolve(new UnsecuredJWT(claimsOf(begun)).encode())],
    ['that somebody else signed', (begun) => other.sign(claimsOf(begun))],
    ['that somebody else signed with a key of their own', (begun) => other.sign(claimsOf(begun), { kid: 'two' })],
    ['whose signature is cut off', async (begun) => (await provider.sign(claimsOf(begun))).replace(/[^.]+$/, '')],
    [
      'that was changed',
      async (begun) => {
        const [header, , signature] = (await provider.sign(claimsOf(begun))).split('.');
        const changed = Buffer.from(JSON.stringify(claimsOf(begun, { sub: 's-2' }))).toString('base64url');
        return [header, changed, signature].join('.');
      },
    ],
  ])('%s', async (_, token) => {
    const begun = await begin();
    provider.idToken = () => token(begun);
    expect(await refusalOf(await callback(begun))).toMatch(/^answer_invalid/);
  });
});

describe('bad days', () => {
  test('clocks that differ by less than a minute do not matter', async () => {
    expect((await signIn({ iat: now() + 50, nbf: now() + 50 })).response.status).toBe(302);
    expect((await signIn({ iat: now() - 300, exp: now() - 50 })).response.status).toBe(302);
  });

  test('the provider says no', async () => {
    const begun = await begin();
    const query = new URLSearchParams({ state: begun.state, error: 'access_denied', error_description: '<b>hi' });
    const response = await begun.browser.send(`${ours}/auth/corp/callback?${query.toString()}`);
    expect(await refusalOf(response)).toBe('provider_refused: access_denied');
  });

  test('the provider is down', async () => {
    const down = await startProvider('down');
    const begun = await begin(new Browser(), 'down');
    await down.stop();
    const response = await callback(begun, {}, 'down');
    expect(response.status).toBe(502);
    expect(await refusalOf(response)).toMatch(/^provider_unreachable/);
  });

  test('the provider answers nonsense', async () => {
    const begun = await begin();
    provider.status = 500;
    provider.idToken = () => provider.sign(claimsOf(begun));
    expect(await refusalOf(await callback(begun))).toMatch(/^answer_invalid/);
  });

  test('keys rotated under us: read again, and no less strict', async () => {
    await provider.rotate('two');
    expect((await signIn()).response.status).toBe(302);
  });

  test.each<[string, unknown, readonly string[]]>([
    ['a list', ['dba-people', 'x'], ['dba']],
    ['a string', 'dba-people', ['dba']],
    ['a number', 7, []],
    ['2,000 of them', [...Array.from({ length: 1_999 }, (_, at) => `g-${at}`), 'dba-people'], ['dba']],
  ])('groups as %s', async (_, groups, expected) => {
    const { response } = await signIn({ groups });
    expect(response.status).toBe(302);
    const { groups: members } = await database.user.findFirstOrThrow({
      where: { role: 'member' },
      include: { groups: { include: { group: true } } },
    });
    expect(members.map(({ group }) => group.name)).toEqual(expected);
  });

  test.each<[string, JWTPayload, string]>([
    [
      'a link',
      { _claim_names: { groups: 's' }, _claim_sources: { s: { endpoint: 'https://x.test' } } },
      'groups_elsewhere',
    ],
    ['things', { groups: [{ name: 'dba-people' }] }, 'groups_unreadable'],
    ['more than are read', { groups: Array.from({ length: 5_001 }, (_, at) => `g${at}`) }, 'groups_too_many'],
  ])('groups as %s', async (_, more, cause) => {
    expect(await refusalOf((await signIn(more)).response)).toBe(`${cause}: groups`);
    expect(await database.user.count({ where: { role: 'member' } })).toBe(0);
  });
});

describe('a logout token', () => {
  const event = 'http://schemas.openid.net/event/backchannel-logout';
  const claims = (more: JWTPayload = {}): JWTPayload => ({
    ...{ iss: provider.issuer, aud: 'sallyport', iat: now(), exp: now() + 120, jti: `j-${Math.random()}` },
    ...{ events: { [event]: {} }, sub: 's-1', sid: 'at-corp', ...more },
  });
  const send = async (token: string): Promise<number> =>
    (
      await fetch(`${ours}/auth/corp/backchannel-logout`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ logout_token: token }).toString(),
      })
    ).status;
  const live = () => database.login.count({ where: { endedAt: null } });

  test('ends the session, once', async () => {
    await signIn();
    const token = await provider.sign(claims(), { typ: 'logout+jwt' });
    expect([await send(token), await live()]).toEqual([200, 0]);
    await signIn();
    expect([await send(token), await live()]).toEqual([400, 1]);
  });

  test('of a person alone ends all that they began there; of somebody else, nothing', async () => {
    await signIn();
    await signIn({ sid: 'second' });
    expect([await send(await provider.sign(claims({ sub: 's-2' }))), await live()]).toEqual([200, 2]);
    expect([await send(await provider.sign(claims({ sid: 'unknown' }))), await live()]).toEqual([200, 2]);
    expect([await send(await provider.sign(claims({ sid: undefined }))), await live()]).toEqual([200, 0]);
  });

  test('signed with a key that is new is verified with it', async () => {
    await signIn();
    await provider.rotate('three');
    expect([await send(await provider.sign(claims())), await live()]).toEqual([200, 0]);
  });

  test.each<[string, () => Promise<string>]>([
    ['that is an ID token', () => provider.sign(claims({ nonce: 'n', events: undefined }))],
    ['with a nonce', () => provider.sign(claims({ nonce: 'n' }))],
    ['without the event', () => provider.sign(claims({ events: {} }))],
    ['with events that are no object', () => provider.sign(claims({ events: event }))],
    ['without an id', () => provider.sign(claims({ jti: undefined }))],
    ['of nobody', () => provider.sign(claims({ sub: undefined, sid: undefined }))],
    ['for another client', () => provider.sign(claims({ aud: 'x' }))],
    ['of another issuer', () => provider.sign(claims({ iss: other.issuer }))],
    ['that is over', () => provider.sign(claims({ iat: now() - 200, exp: now() - 100 }))],
    ['that is old', () => provider.sign(claims({ iat: now() - 900 }))],
    ['of another type', () => provider.sign(claims(), { typ: 'at+jwt' })],
    ['that somebody else signed', () => other.sign(claims())],
    ['that is not signed', () => Promise.resolve(new UnsecuredJWT(claims()).encode())],
    ['that is none', () => Promise.resolve('x')],
    ['that is too long', () => Promise.resolve('x'.repeat(20_000))],
  ])('%s ends nothing', async (_, token) => {
    await signIn();
    expect([await send(await token()), await live()]).toEqual([400, 1]);
    expect(lastRefusal().cause).toMatch(/^answer_invalid: logout token/);
    expect(await isAudited(lastRefusal().cause)).toBe(true);
  });
});

describe('where one goes afterwards', () => {
  const at = 'https://sallyport.corp.test';
  test.each(['/docs', '/auth?x=%2F%2Fevil.test', '/oauth/device?user_code=BCDF-GHJK'])(
    'is a path of ours: %s',
    (path) => {
      expect(pathOfOurs(path, at)).toBe(path);
    },
  );

  test.each<[unknown]>([
    ['https://evil.test/'],
    ['//evil.test'],
    ['/\\evil.test'],
    ['\\\\evil.test'],
    ['/\t/evil.test'],
    ['/\n/evil.test'],
    [' //evil.test'],
    ['/.//evil.test'],
    ['/x/..//evil.test'],
    ['/%2e%2e//evil.test'],
    ['javascript:alert(1)'],
    ['data:text/html,x'],
    ['evil.test'],
    [''],
    [`/${'x'.repeat(2_001)}`],
    [['/a', '/b']],
    [undefined],
  ])('is never elsewhere: %j', (wanted) => {
    expect(pathOfOurs(wanted, at)).toBe('/auth');
  });
});

test('nobody becomes an admin by signing in, or by set-up a second time', async () => {
  expect((await signIn({ role: 'admin', roles: ['admin'], preferred_username: 'ada' })).response.status).toBe(302);
  const admins = await database.user.findMany({ where: { role: 'admin' }, include: { identities: true } });
  expect(admins).toMatchObject([{ name: 'ada', identities: [] }]);
  const again = await plane.nobody('POST', '/v1/setup', { token: plane.setupToken, name: 'eve' });
  expect(again.status).toBeGreaterThanOrEqual(400);
});

test('who is refused too often has to wait', async () => {
  const statuses: number[] = [];
  for (let count = 0; count <= mostRefused; count++)
    statuses.push((await new Browser().send(`${ours}/auth/unheard-of/start`)).status);
  expect([statuses[0], statuses.at(-1)]).toEqual([404, 429]);
});
