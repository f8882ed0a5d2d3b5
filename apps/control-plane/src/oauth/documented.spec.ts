import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { startPostgres } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import { askFor, audience, sendForm, startPlatform, tokenOf } from '../../testing/oauth.js';
import { openDatabase, startPlane } from '../../testing/plane.js';
import type { TestPlane } from '../../testing/plane.js';
import { Logins } from '../logins/logins.service.js';
import { oauthErrors } from './oauth-problem.js';
import { RefreshTokens } from './refresh-tokens.js';

const page = readFileSync(new URL('../../../../docs/identity/tokens.md', import.meta.url), 'utf8');
/** Commands of the page, each with the lines that it goes on over. */
const commands = [...page.matchAll(/^ {4}(curl (?:.*\\\n)*.*)$/gm)].map(([, command = '']) => command);

const run = promisify(execFile);
let postgres: TestPostgres;
let plane: TestPlane;
let environment: Readonly<Record<string, string>>;
beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.createDatabase('documented');
  plane = await startPlane(postgres.url('documented'), { SALLYPORT_AUDIENCE: audience });
  const platform = await startPlatform(plane, 'etl', 'child');
  const database = openDatabase(postgres.url('documented'));
  const { id: userId, tenantId } = await database.user.findFirstOrThrow();
  const expiresAt = new Date(Date.now() + 600_000);
  const login = await plane.app.get(Logins).begin({ tenantId, whose: { userId }, how: 'device', expiresAt });
  const refresh = await database.$transaction((transaction) =>
    plane.app.get(RefreshTokens, { strict: false }).issue(login, transaction),
  );
  const begun = await sendForm(plane.nobody, '/oauth/device_authorization', { client_id: 'sally' });
  await database.deviceCode.updateMany({ data: { state: 'approved', userId } });
  await database.$disconnect();
  environment = {
    ...{ PATH: process.env['PATH'] ?? '', SALLYPORT: plane.url, REFRESH_TOKEN: refresh },
    ...{ CI_TOKEN: await platform.token('etl'), CHILD_TOKEN: await platform.token('child') },
    TOKEN: tokenOf(await askFor(plane, platform).assertion('etl')),
    MINE: tokenOf(await askFor(plane, platform).assertion('etl')),
    DEVICE_CODE: String(begun.body['device_code']),
  };
});
afterAll(async () => {
  await plane.stop();
  await postgres.stop();
});

test('every command of docs/identity/tokens.md does what it says, in its order', async () => {
  expect(commands).toHaveLength(7);
  for (const command of commands) {
    const said = await run('/bin/sh', ['-c', command], { env: environment, timeout: 20_000 });
    const answer = JSON.parse(said.stdout) as Readonly<Record<string, unknown>>;
    expect([command, answer['error'], answer['error_description']]).toEqual([command, undefined, undefined]);
    if (command.includes('introspect')) expect(answer['active']).toBe(true);
    else if (command.includes('/oauth/token')) expect(answer['access_token']).toEqual(expect.any(String));
  }
});

test('every error that a client may get stands in its table', () => {
  const told = new Set([...page.matchAll(/^\| (`[^|]*)\|/gm)].flatMap(([, cell = '']) => cell.match(/[a-z_]+/g) ?? []));
  const elsewhere = new Set(['invalid_token', 'insufficient_scope', 'server_error']);
  expect(Object.keys(oauthErrors).filter((error) => !told.has(error) && !elsewhere.has(error))).toEqual([]);
});
