import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { startPostgres } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import { startPlatform } from '../../../control-plane/testing/oauth.js';
import type { TestPlatform } from '../../../control-plane/testing/oauth.js';
import { openDatabase, startPlane } from '../../../control-plane/testing/plane.js';
import type { TestPlane } from '../../../control-plane/testing/plane.js';
import type { Database } from '../../../control-plane/src/db/database.js';
import { Logins } from '../../../control-plane/src/logins/logins.service.js';
import { AccessTokens } from '../../../control-plane/src/oauth/access-tokens.js';
import { readClaims } from '../claims.js';
import { sally } from '../../testing/sally.js';

let postgres: TestPostgres;
let plane: TestPlane;
let database: Database;
let platform: TestPlatform;
let directory: string;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sallyport-device-'));
  postgres = await startPostgres();
  await postgres.createDatabase('device');
  plane = await startPlane(postgres.url('device'));
  database = openDatabase(postgres.url('device'));
  platform = await startPlatform(plane, 'etl');
  await plane.admin('PUT', '/v1/users/linus', { role: 'member' });
}, 120_000);
afterAll(async () => {
  await database.$disconnect();
  await plane.stop();
  await postgres.stop();
  rmSync(directory, { recursive: true, force: true });
});
beforeEach(async () => {
  await database.login.deleteMany();
  await database.deviceCode.deleteMany();
});

const home = (name: string) => {
  const path = join(directory, name);
  return { env: { SALLYPORT_CONFIG_DIRECTORY: path }, file: join(path, 'login.json') };
};
interface Stored {
  readonly token: string;
  readonly refreshToken: string;
}
const stored = (file: string): Stored => JSON.parse(readFileSync(file, 'utf8')) as Stored;
/** What a person does in their browser while `sally` waits. */
const say = async (word: 'approve' | 'deny'): Promise<void> => {
  const { id: userId, tenantId } = await database.user.findFirstOrThrow({ where: { name: 'linus' } });
  const expiresAt = new Date(Date.now() + 600_000);
  const login = await plane.app.get(Logins).begin({ tenantId, whose: { userId }, how: 'browser', expiresAt });
  const { token } = await plane.app.get(AccessTokens, { strict: false }).mint(login);
  const { userCode } = await database.deviceCode.findFirstOrThrow({ where: { state: 'pending' } });
  expect((await plane.bearing(token)('POST', `/v1/device-codes/${userCode}/${word}`)).status).toBe(204);
};
const logIn = (env: Record<string, string>, ...more: readonly string[]) =>
  sally(['login', '--url', plane.url, '--device', ...more], { env, wait: () => say('approve') });
/** A token whose end has come. */
const ended = `e30.${Buffer.from(JSON.stringify({ exp: 1 })).toString('base64url')}.AAAA`;
/** When the token of a quarter of an hour is over. */
const later = () => Date.now() + 16 * 60_000;

describe('sally login --device', () => {
  test('shows a code, waits, and is logged in as who confirmed it', async () => {
    const { env, file } = home('one');
    const said = await logIn(env);
    expect([said.exitCode, said.stdout]).toEqual([
      0,
      `Logged in at ${plane.url} as linus (member); kept in ${file}.\n`,
    ]);
    expect(said.stderr).toMatch(/^Open {3}http:\S+\/auth\/device\nand type {3}[A-Z]{4}-[A-Z]{4} /);
    expect((await sally(['whoami'], { env })).stdout).toBe('linus (member)\n');
    const { token, refreshToken } = stored(file);
    for (const secret of [token, refreshToken]) expect(said.stdout + said.stderr).not.toContain(secret);
  });

  test('asks more slowly when it is told to, and goes on', async () => {
    const { env } = home('slow');
    const waits: number[] = [];
    const wait = async (milliseconds: number): Promise<void> => {
      waits.push(milliseconds);
      if (waits.length === 3) await say('approve');
    };
    expect((await sally(['login', '--url', plane.url, '--device'], { env, wait })).exitCode).toBe(0);
    expect(waits).toEqual([5_000, 5_000, 10_000]);
  });

  test.each([
    ['somebody refuses', () => say('deny'), 77, 'somebody refused this login'],
    [
      'time is over',
      async () => void (await database.deviceCode.updateMany({ data: { expiresAt: new Date(0) } })),
      75,
      'nobody confirmed the code in time',
    ],
  ])('keeps nothing when %s', async (name, wait, exitCode, message) => {
    const { env } = home(name.replaceAll(' ', '-'));
    const said = await sally(['login', '--url', plane.url, '--device'], { env, wait });
    expect([said.exitCode, said.stderr]).toEqual([exitCode, expect.stringContaining(message)]);
    expect((await sally(['whoami'], { env })).exitCode).toBe(78);
  });

  test('--json: one document, without the tokens', async () => {
    const { env, file } = home('json');
    const said = await logIn(env, '--json');
    expect(JSON.parse(said.stdout)).toMatchObject({ kind: 'user', name: 'linus' });
    expect(said.stdout + said.stderr).not.toContain(stored(file).refreshToken);
  });
});

describe('a login by code', () => {
  test('renews its token when that is about to end', async () => {
    const { env, file } = home('renewed');
    await logIn(env);
    const before = stored(file);
    expect((await sally(['whoami'], { env })).exitCode).toBe(0);
    expect(stored(file)).toEqual(before);
    expect((await sally(['whoami'], { env, now: later })).stdout).toBe('linus (member)\n');
    const after = stored(file);
    expect([after.token === before.token, after.refreshToken === before.refreshToken]).toEqual([false, false]);
  });

  test('is renewed once, however many `sally` run at once; a lock of who died is passed over', async () => {
    const { env, file } = home('raced');
    await logIn(env);
    writeFileSync(`${file}.lock`, '');
    utimesSync(`${file}.lock`, 0, 0);
    const renewed: string[] = [];
    const wait = () => setTimeout(5);
    const before = stored(file);
    writeFileSync(file, JSON.stringify({ ...before, token: ended }), { mode: 0o600 });
    const runs = Array.from({ length: 4 }, () => sally(['whoami'], { env, wait }));
    for (const { exitCode } of await Promise.all(runs)) renewed.push(String(exitCode));
    expect(renewed).toEqual(['0', '0', '0', '0']);
    expect(await database.refreshToken.count({ where: { login: { how: 'device' } } })).toBe(2);
  });

  test('whose refresh token somebody else used is over, and says so', async () => {
    const { env, file } = home('stolen');
    await logIn(env);
    const before = readFileSync(file, 'utf8');
    await sally(['whoami'], { env, now: later });
    writeFileSync(file, before, { mode: 0o600 });
    const said = await sally(['whoami'], { env, now: later });
    expect([said.exitCode, said.stderr]).toEqual([77, expect.stringContaining('your login is over')]);
    expect(said.stderr).toContain('sally login --device');
  });

  test('is listed and revoked', async () => {
    const { env, file } = home('listed');
    await logIn(env);
    const [id = ''] = readClaims(stored(file).token)?.all['logins'] as readonly string[];
    const listed = await sally(['logins', 'ls'], { env });
    expect(listed.stdout).toMatch(new RegExp(`${id} +linus +device`));
    expect((await sally(['logins', 'revoke', id], { env })).stdout).toBe(`${id} has ended.\n`);
    expect((await sally(['whoami'], { env })).exitCode).toBe(77);
  });

  test('is ended by logging out', async () => {
    const { env } = home('out');
    await logIn(env);
    expect((await sally(['logout'], { env })).stdout).toBe('Logged out.\n');
    expect(await database.login.count({ where: { how: 'device', endedAt: null } })).toBe(0);
    expect((await sally(['whoami'], { env })).exitCode).toBe(78);
  });
});

describe('sally token', () => {
  test('exchange hands on less; inspect tells what it says, and whether it is good', async () => {
    const { env } = home('exchange');
    await logIn(env);
    const with_ = { ...env, CI_TOKEN: await platform.token('etl', { aud: 'x' }) };
    const less = ['token', 'exchange', '--connections', 'billing,crm', '--actions', 'read', '--minutes', '5'];
    const made = await sally([...less, '--purpose', 'May', '--budget', 'rows=10/1h'], { env });
    expect([made.exitCode, made.stderr]).toEqual([0, '']);
    const token = made.stdout.trim();
    expect(readClaims(token)?.all).toMatchObject({
      authorization_details: [{ type: 'sallyport_connection', connections: ['billing', 'crm'], actions: ['read'] }],
      ...{ purpose: 'May', budgets: [{ limits: 'rows=10/1h' }] },
    });
    const told = await sally(['token', 'inspect', '--token-env', 'HANDED'], { env: { ...env, HANDED: token } });
    expect(told.stdout).toMatch(/^good now\n/);
    expect(told.stdout).toContain('purpose: May\n');
    expect(told.stdout).not.toContain(token);
    const widened = { ...env, SALLYPORT_URL: plane.url, SALLYPORT_TOKEN: token };
    const more = await sally(['token', 'exchange', '--connections', 'hr'], { env: widened });
    expect([more.exitCode, more.stderr]).toEqual([77, expect.stringContaining('invalid_authorization_details')]);
    expect((await sally(['token', 'exchange', '--actor-env', 'CI_TOKEN'], { env: with_ })).exitCode).toBe(77);
    expect((await sally(['token', 'exchange', '--actor-env', 'NONE'], { env })).exitCode).toBe(64);
    const actor = { ...env, CI_TOKEN: await platform.token('etl') };
    const acting = await sally(['token', 'exchange', '--actor-env', 'CI_TOKEN'], { env: actor });
    expect(readClaims(acting.stdout.trim())?.all).toHaveProperty('act');
    await database.login.updateMany({ data: { endedAt: new Date() } });
    const over = await sally(['token', 'inspect', '--token-env', 'HANDED'], {
      env: { SALLYPORT_URL: plane.url, SALLYPORT_TOKEN: await adminToken(), HANDED: token },
    });
    expect(over.stdout).toMatch(/^not good: /);
    const offline = await sally(['token', 'inspect', '--token-env', 'HANDED', '--offline'], { env: { HANDED: token } });
    expect(offline.stdout).toMatch(/^not verified\n/);
  });

  test.each([
    [['token'], "required option '--issuer <url>' not specified"],
    [['token', '--issuer', 'https://x'], "required option '--client-id <id>' not specified"],
  ])('%j still asks for what it needs', async (args, message) => {
    const said = await sally(args, {});
    expect([said.exitCode, said.stderr]).toEqual([64, expect.stringContaining(message)]);
  });
});

const adminToken = async (): Promise<string> =>
  String((await plane.admin('POST', '/v1/tokens', { name: 'cli' })).body['token']);
