import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, startPostgres } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import { testConfig } from '../../../control-plane/testing/plane.js';
import { type ControlPlane, startControlPlane } from '../../../control-plane/src/start.js';
import { entry, runProcess } from '../../testing/process.js';
import { sally } from '../../testing/sally.js';
import { makeCertificate, startTlsFront } from '../../testing/tls-front.js';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
let postgres: TestPostgres;
let plane: ControlPlane;
let directory: string;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sallyport-login-'));
  postgres = await startPostgres();
  await postgres.createDatabase('login');
  plane = await startControlPlane(testConfig(postgres.url('login')), quiet);
}, 120_000);
afterAll(async () => {
  await plane.stop();
  await postgres.stop();
  rmSync(directory, { recursive: true, force: true });
});

const home = (name: string): { readonly env: Record<string, string>; readonly file: string } => {
  const path = join(directory, name);
  return { env: { SALLYPORT_CONFIG_DIRECTORY: path }, file: join(path, 'login.json') };
};
let ada = '';

describe('sally login', () => {
  test('the set-up token makes the first admin, once; only its owner can read what is kept', async () => {
    const { env, file } = home('ada');
    const setup = ['login', '--url', plane.url, '--setup', '--name', 'ada'];
    const first = await sally(setup, { env, input: `${plane.setupToken ?? ''}\n` });
    expect(first).toEqual({
      exitCode: 0,
      stdout: `Logged in at ${plane.url} as ada (admin); kept in ${file}.\n`,
      stderr: '',
    });
    expect([statSync(file).mode & 0o777, statSync(join(directory, 'ada')).mode & 0o777]).toEqual([0o600, 0o700]);
    ada = (JSON.parse(readFileSync(file, 'utf8')) as { token: string }).token;
    expect((await sally(['whoami'], { env })).stdout).toBe('ada (admin)\n');
    const second = await sally(setup, { env: home('eve').env, input: plane.setupToken ?? '' });
    expect([second.exitCode, second.stderr]).toEqual([77, expect.stringContaining('was used already')]);
    expect(existsSync(home('eve').file)).toBe(false);
  });

  test('a token of a person', async () => {
    const made = await sally(['api-tokens', 'create', '--name', 'laptop', '--days', '30'], { env: home('ada').env });
    expect(made.stdout).toMatch(/^sat_\S+\n$/);
    const { env } = home('laptop');
    expect((await sally(['login', '--url', plane.url], { env, input: made.stdout })).exitCode).toBe(0);
    const listed = JSON.parse((await sally(['api-tokens', 'ls', '--json'], { env })).stdout) as {
      readonly items: readonly { readonly name: string; readonly id: string }[];
    };
    const id = listed.items.find(({ name }) => name === 'laptop')?.id ?? '';
    expect((await sally(['api-tokens', 'revoke', id], { env })).stdout).toBe(`${id} is revoked.\n`);
    const after = await sally(['whoami'], { env });
    expect([after.exitCode, after.stderr]).toEqual([
      77,
      expect.stringContaining('get another one and run `sally login` again'),
    ]);
    expect((await sally(['logout'], { env })).exitCode).toBe(0);
    expect((await sally(['whoami'], { env })).exitCode).toBe(78);
  });

  test.each([
    ['a wrong one', 'sat_nobody', 77],
    ['none', '', 64],
    ['two lines', 'sat_a\nsat_b', 64],
  ])('a bad token: %s, and nothing is kept', async (name, input, exitCode) => {
    const { env, file } = home(name);
    const said = await sally(['login', '--url', plane.url], { env, input });
    expect([said.exitCode, said.stdout]).toEqual([exitCode, '']);
    expect(said.stderr.split('\n').length).toBeGreaterThanOrEqual(3);
    if (input !== '') expect(said.stderr).not.toContain(input);
    expect(existsSync(file)).toBe(false);
  });

  test('--json: each answers with one document, and none with the token', async () => {
    const { env } = home('json');
    const said = [
      await sally(['login', '--url', plane.url, '--json'], { env, input: ada }),
      await sally(['whoami', '--json'], { env }),
      await sally(['logout', '--json'], { env }),
    ];
    const documents = said.map(({ stdout }) => JSON.parse(stdout) as unknown);
    expect(documents).toEqual([
      expect.objectContaining({ kind: 'user', name: 'ada', role: 'admin' }),
      documents[0],
      { loggedOut: true },
    ]);
    expect(JSON.stringify(said)).not.toContain(ada);
  });

  test('unreachable: who, why, and what next', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const said = await sally(['login', '--url', url], { env: home('nowhere').env, input: 'sat_x' });
    expect(said.exitCode).toBe(69);
    expect(said.stderr).toMatch(
      /^sally: cannot reach the control plane at http:\/\/\S+: .*ECONNREFUSED.*\n {2}check the address/,
    );
  });

  test('a server that is no control plane', async () => {
    const said = await sally(['login', '--url', `${plane.url}/docs`], { env: home('docs').env, input: ada });
    expect([said.exitCode, said.stdout, existsSync(home('docs').file)]).toEqual([1, '', false]);
  });
});

describe('sally login over TLS', () => {
  test('the authority must be known: not at all, a wrong one, the right one, the right one for another host', async () => {
    const [front, other] = await Promise.all([makeCertificate(['127.0.0.1']), makeCertificate(['127.0.0.1'])]);
    const server = await startTlsFront({ port: Number(new URL(plane.url).port) }, front);
    const { env, file } = home('tls');
    const paths = { right: join(directory, 'right.pem'), wrong: join(directory, 'wrong.pem') };
    writeFileSync(paths.right, front.authority);
    writeFileSync(paths.wrong, other.authority);
    const url = `https://127.0.0.1:${server.port}`;
    const login = (...more: readonly string[]) => runProcess(['login', '--url', url, ...more], { env, input: ada });
    try {
      for (const more of [[], ['--ca', paths.wrong]]) {
        const said = await login(...more);
        expect([said.exitCode, said.stderr]).toEqual([
          69,
          expect.stringContaining('certificate of https://127.0.0.1:'),
        ]);
        expect(said.stderr).toContain('--ca');
        expect(existsSync(file)).toBe(false);
      }
      const elsewhere = await runProcess(['login', '--url', `https://localhost:${server.port}`, '--ca', paths.right], {
        env,
        input: ada,
      });
      expect([elsewhere.exitCode, existsSync(file)]).toEqual([69, false]);
      expect(await login('--ca', paths.right)).toMatchObject({ exitCode: 0, stderr: '' });
      // It is kept with the login; a variable serves as well.
      expect(await runProcess(['whoami'], { env })).toMatchObject({ exitCode: 0, stdout: 'ada (admin)\n' });
      const byVariable = { SALLYPORT_URL: url, SALLYPORT_TOKEN: ada, SALLYPORT_CONFIG_DIRECTORY: directory };
      expect((await runProcess(['whoami'], { env: byVariable })).exitCode).toBe(69);
      expect((await runProcess(['whoami'], { env: { ...byVariable, SALLYPORT_CA: paths.right } })).exitCode).toBe(0);
    } finally {
      await server.stop();
    }
  }, 120_000);

  test('a file that holds no authority is said to', async () => {
    writeFileSync(join(directory, 'empty.pem'), 'nothing');
    const said = await runProcess(['login', '--url', plane.url, '--ca', join(directory, 'empty.pem')], { input: ada });
    expect([said.exitCode, said.stderr]).toEqual([64, expect.stringContaining('holds no PEM certificate')]);
  });
});

test('typed at a terminal, a token is not shown', async () => {
  const { env } = home('typed');
  const command = `'${process.execPath}' '${entry}' login --url '${plane.url}'`;
  const terminal = spawn('script', ['-qefc', command, '/dev/null'], {
    env: { PATH: process.env['PATH'] ?? '', TERM: 'xterm', ...env },
  });
  let screen = '';
  const ended = new Promise<number | null>((resolve) => terminal.once('close', resolve));
  terminal.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    if (!screen.includes('Token: ') && (screen + chunk).includes('Token: ')) terminal.stdin.write(`${ada}\r`);
    screen += chunk;
  });
  expect(await ended).toBe(0);
  expect(screen).toContain('Logged in at');
  expect(screen).not.toContain(ada);
}, 120_000);
