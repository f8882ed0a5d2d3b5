import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { fileURLToPath } from 'node:url';
import { startPostgres } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import { testKey } from '../testing/plane.js';
import { readConfig } from './config.js';
import { startControlPlane } from './start.js';

const program = fileURLToPath(new URL('../dist/main.js', import.meta.url));
let postgres: TestPostgres;
let taken: Server;
let inUse: string;
beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.createDatabase('control');
  taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  inUse = `127.0.0.1:${(taken.address() as AddressInfo).port}`;
});
afterAll(async () => {
  taken.close();
  await postgres.stop();
});

const env = (more: Readonly<Record<string, string>>): Record<string, string> => ({
  SALLYPORT_DATABASE_URL: postgres.url('control'),
  SALLYPORT_KEY: testKey,
  SALLYPORT_HTTP_LISTEN: '127.0.0.1:0',
  SALLYPORT_GRPC_LISTEN: '127.0.0.1:0',
  SALLYPORT_ENROLMENT_LISTEN: '127.0.0.1:0',
  SALLYPORT_LOG_LEVEL: 'silent',
  ...more,
});
const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
/** What `main` tells, and the code that it ends with. */
const problemOf = async (more: Readonly<Record<string, string>>): Promise<unknown> => {
  const started = startControlPlane(readConfig(env(more)), quiet);
  return started.then(
    async (plane) => {
      await plane.stop();
      return 'it started';
    },
    (problem: unknown) => problem,
  );
};

describe('a control plane that cannot start says in one message where and what to do', () => {
  test('and ends with the code that the docs name', () => {
    const { status, stderr } = spawnSync(process.execPath, [program], {
      env: { PATH: process.env['PATH'] ?? '', ...env({ SALLYPORT_GRPC_LISTEN: inUse }) },
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([
      69,
      `sallyport-control-plane: SALLYPORT_GRPC_LISTEN ${inUse}: the address is in use (EADDRINUSE): stop what listens there, or choose another\n`,
    ]);
  });

  test.each(['SALLYPORT_HTTP_LISTEN', 'SALLYPORT_ENROLMENT_LISTEN'])('%s in use', async (variable) => {
    expect(await problemOf({ [variable]: inUse })).toMatchObject({
      name: 'StartProblem',
      exitCode: 69,
      message: expect.stringContaining(`${variable} ${inUse}: the address is in use (EADDRINUSE)`) as unknown,
    });
  });

  const nobody = (): string => postgres.url('control').replace(/:[^:@/]+@/, ':wr0ng-secret@');
  test.each([
    [
      'a port where nothing listens',
      () => 'postgres://u:wr0ng-secret@127.0.0.1:1/x',
      'u@127.0.0.1:1/x: nothing listens there',
    ],
    ['another database', () => postgres.url('elsewhere'), 'there is no such database: create it (3D000)'],
    ['a wrong password', nobody, 'the password is wrong: correct it (28P01)'],
    [
      'a host that nobody knows',
      () => 'postgres://u:wr0ng-secret@nowhere.invalid/x',
      'nowhere.invalid/x: the host name',
    ],
  ])('%s', async (_what, url, words) => {
    const problem = (await problemOf({ SALLYPORT_DATABASE_URL: url() })) as { message: string };
    expect(problem).toMatchObject({ name: 'StartProblem', exitCode: 69 });
    expect(problem.message).toMatch(/^SALLYPORT_DATABASE_URL /);
    expect(problem.message).toContain(words);
    expect(problem.message).not.toContain('wr0ng-secret');
  });

  test('an embedded PostgreSQL whose directory cannot be made', async () => {
    const none = { SALLYPORT_DATABASE_URL: '', SALLYPORT_EMBEDDED_POSTGRES: `${program}/inside` };
    expect(await problemOf(none)).toMatchObject({
      exitCode: 69,
      message: expect.stringMatching(/^SALLYPORT_EMBEDDED_POSTGRES .* cannot be made \(ENOTDIR\)/) as unknown,
    });
  });
});
