import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { freePort, until } from '@sallyport/testing';
import { type Stack, hasPsql, startStack } from '@sallyport/tools';
import { type Running, runProcess, spawnSally } from '../apps/cli/testing/process.js';
import { sally as sallyInside } from '../apps/cli/testing/sally.js';
import { makeCertificate } from '../apps/cli/testing/tls-front.js';

// Each test starts processes, on a machine that others use.
jest.setTimeout(120_000);

interface Check {
  readonly name: string;
  readonly state: 'ok' | 'broken' | 'not checked';
  readonly says: string;
  readonly next?: string;
  readonly code?: string;
}

let stack: Stack;
let directory: string;
let ca: string;
let token: string;
let tokenFile: string;
const running: Running[] = [];
const masked = 'select card_number from payments order by id limit 1';
const day = 86_400_000;

async function showCertificate(now: number): Promise<void> {
  const { authority, certificate, key } = await makeCertificate(['localhost'], now);
  writeFileSync(join(stack.directory, 'gate.pem'), certificate);
  writeFileSync(join(stack.directory, 'gate.key'), key, { mode: 0o600 });
  writeFileSync(ca, authority);
  const proxy = stack.programs.get('proxy');
  process.kill(proxy?.pid ?? 0, 'SIGHUP');
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sallyport-doctor-'));
  ca = join(directory, 'ca.pem');
  const { authority, certificate, key } = await makeCertificate(['localhost']);
  writeFileSync(ca, authority);
  stack = await startStack({
    holdSeconds: 2,
    progress: () => undefined,
    proxyTls: { certificate, key },
    settings: { 'control-plane': { SALLYPORT_MAX_STALENESS: '15s' }, agent: { SALLYPORT_CATALOG_INTERVAL: '1' } },
  });
  token = await stack.token('etl');
  tokenFile = join(directory, 'token');
  writeFileSync(tokenFile, token, { mode: 0o600 });
}, 240_000);
afterAll(async () => {
  for (const { child, exitCode } of running) {
    child.kill('SIGTERM');
    await exitCode;
  }
  await stack.stop();
  rmSync(directory, { recursive: true, force: true });
}, 60_000);

const gate = (): readonly string[] => ['--gate', `localhost:${stack.proxyPort}`, '--ca', ca];
const asSubagent = (): Record<string, string> => ({ SALLYPORT_CONFIG_DIRECTORY: directory, CALLER: token });
/** Logged in as `ada`, an admin. */
const asAdmin = (): Record<string, string> => ({
  SALLYPORT_CONFIG_DIRECTORY: join(stack.directory, 'sally'),
  CALLER: token,
});

async function doctor(
  env: Readonly<Record<string, string>>,
  args: readonly string[] = ['billing', ...gate(), '--token-env', 'CALLER'],
) {
  const said = await runProcess(['doctor', ...args, '--json'], { env });
  if (said.stdout === '') throw new Error(`nothing was said: ${said.exitCode} ${said.stderr}`);
  const { checks, ok } = JSON.parse(said.stdout) as { readonly checks: readonly Check[]; readonly ok: boolean };
  expect([said.exitCode, ok]).toEqual(checks.some(({ state }) => state === 'broken') ? [1, false] : [0, true]);
  expect(said.stdout + said.stderr).not.toContain(env['CALLER']);
  return {
    checks,
    check: (name: string) => checks.find((each) => each.name === name),
    broken: checks.filter(({ state }) => state === 'broken').map(({ name }) => name),
    ok: checks.filter((each) => each.state === 'ok').map(({ name }) => name),
  };
}
const wayThrough = ['proxy login', 'proxy policy', 'agent', 'target', 'statement'];

describe('sally run', () => {
  const run = (program: readonly string[], args: readonly string[] = ['--token-file', tokenFile]) => {
    const env = { XDG_RUNTIME_DIR: directory, HOME: directory };
    const sally = spawnSally(['run', 'billing', ...gate(), '--database', 'app', ...args, '--', ...program], { env });
    running.push(sally);
    return sally;
  };
  const left = (): readonly string[] => readdirSync(directory).filter((name) => name.startsWith('sallyport-run-'));
  // node-postgres reads password files, and warns that its next version will not.
  const node = (script: string): readonly string[] => [
    ...[process.execPath, '--no-deprecation'],
    ...['--input-type=module', '-e', script],
  ];

  test('a driver finds connection, authority and token by itself', async () => {
    const script = `import pg from ${JSON.stringify(import.meta.resolve('pg'))};
      const client = new pg.Client(); await client.connect();
      console.log((await client.query(${JSON.stringify(masked)})).rows[0].card_number); await client.end();`;
    const sally = run(node(script));
    expect([await sally.exitCode, sally.said]).toEqual([0, { stdout: '************9196\n', stderr: '' }]);
    expect(left()).toEqual([]);
  });

  test('psql, where it is installed, and by DATABASE_URL', async () => {
    if (!hasPsql) return expect(await run(['true']).exitCode).toBe(0);
    const plain = run(['psql', '-XAtc', masked]);
    expect([await plain.exitCode, plain.said]).toEqual([0, { stdout: '************9196\n', stderr: '' }]);
    const source = ['--token-command', `cat ${tokenFile}`, '--database-url'];
    const byUrl = run(['sh', '-c', `psql "$DATABASE_URL" -XAtc "${masked}"`], source);
    expect([await byUrl.exitCode, byUrl.said]).toEqual([0, { stdout: '************9196\n', stderr: '' }]);
  });

  test('the token is in no argument and no variable, in a file of ours alone, and the file goes with us', async () => {
    const sally = run(
      node('console.log(process.pid, process.env.PGPASSFILE); process.stdin.resume(); setInterval(() => 0, 1000)'),
    );
    await until(() => sally.said.stdout.endsWith('\n'), 'it runs', 60_000);
    const [pid = '', passFile = ''] = sally.said.stdout.trim().split(' ');
    for (const process of [pid, sally.child.pid])
      for (const part of ['cmdline', 'environ'])
        expect(readFileSync(`/proc/${process}/${part}`, 'utf8')).not.toContain(token);
    expect(statSync(passFile).mode & 0o777).toBe(0o600);
    expect(readFileSync(passFile, 'utf8')).toBe(`localhost:${stack.proxyPort}:*:billing:${token}\n`);
    sally.child.kill('SIGTERM');
    expect([await sally.exitCode, left()]).toEqual([128 + 15, []]);
  });

  test('the password file is written anew before the token ends; new connections use it', async () => {
    const source = join(directory, 'renewed-token');
    // A token of the kind that lives a second, and ends before the program is done.
    writeFileSync(source, await stack.token('brief'));
    const script = `import { readFileSync } from 'node:fs';
      import pg from ${JSON.stringify(import.meta.resolve('pg'))};
      const first = readFileSync(process.env.PGPASSFILE, 'utf8');
      console.log('started');
      while (readFileSync(process.env.PGPASSFILE, 'utf8') === first) await new Promise((done) => setTimeout(done, 20));
      const client = new pg.Client(); await client.connect();
      console.log((await client.query(${JSON.stringify(masked)})).rows[0].card_number); await client.end();`;
    const sally = run(node(script), ['--token-file', source]);
    await until(() => sally.said.stdout.includes('started'), 'it runs', 60_000);
    writeFileSync(source, token);
    expect([await sally.exitCode, sally.said]).toEqual([0, { stdout: 'started\n************9196\n', stderr: '' }]);
  });

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1'] as const)(
    '%s is handed on, and the answer with it',
    async (signal) => {
      const script = `process.on('${signal}', () => { console.log('got ${signal}'); process.exit(7); }); setInterval(() => 0, 1000); console.log('ready');`;
      const sally = run(node(script));
      await until(() => sally.said.stdout.includes('ready'), 'it runs', 60_000);
      sally.child.kill(signal);
      expect([await sally.exitCode, sally.said.stdout, left()]).toEqual([7, `ready\ngot ${signal}\n`, []]);
    },
  );

  test.each([
    ['its exit code', ['sh', '-c', 'exit 3'], 3],
    ['a signal that ended it', ['sh', '-c', 'kill -KILL $$'], 137],
    ['a program that is not there', ['no-such-program'], 127],
    ['a program that cannot be run', ['/dev/null'], 126],
  ])('%s is passed on, and nothing is left', async (_name, program, exitCode) => {
    expect([await run(program).exitCode, left()]).toEqual([exitCode, []]);
  });

  test('killed outright, it leaves a file behind; the next one removes it', async () => {
    const sally = run(node('console.log(process.pid); setInterval(() => process.kill(process.ppid, 0), 100)'));
    await until(() => sally.said.stdout.endsWith('\n'), 'it runs', 60_000);
    sally.child.kill('SIGKILL');
    process.kill(Number(sally.said.stdout), 'SIGKILL');
    await sally.exitCode;
    expect(left()).toHaveLength(1);
    expect([await run(['true']).exitCode, left()]).toEqual([0, []]);
  });

  test('no token: nothing is started', async () => {
    const sally = run(['echo', 'started'], []);
    expect([await sally.exitCode, sally.said.stdout]).toEqual([64, '']);
  });
});

describe('nothing is broken', () => {
  test('a subagent needs its token and the gate alone', async () => {
    const { checks, ok, check } = await doctor(asSubagent());
    expect(ok).toEqual(['token', 'token time', 'proxy', 'proxy identity', 'proxy certificate', ...wayThrough]);
    expect(check('control plane')).toMatchObject({ state: 'not checked' });
    // What was not checked says why, and nothing else does.
    for (const { state, says, next } of checks) expect([state, says !== '', next]).toEqual([state, true, undefined]);
  });

  test('a subagent that knows the control plane is told whom it is taken for', async () => {
    const { check } = await doctor({ ...asSubagent(), SALLYPORT_URL: stack.controlPlaneUrl, SALLYPORT_TOKEN: token });
    expect(check('control plane login')).toMatchObject({ state: 'ok', says: 'you are etl (subagent)' });
    expect(check('token subagent')).toMatchObject({ state: 'ok', says: 'the control plane takes it for etl' });
  });

  test('an admin sees every hop, node, policy version, target and issuer', async () => {
    const { checks, ok } = await doctor(asAdmin());
    expect(checks.filter(({ state }) => state !== 'ok')).toEqual([]);
    expect(ok).toEqual([
      ...['control plane', 'control plane login', 'clock'],
      ...['token', 'token time', 'token issuer', 'token audience', 'token subagent'],
      ...['proxy', 'proxy identity', 'proxy certificate', ...wayThrough, 'evidence', 'proxy clock'],
      ...['proxy gate-1', 'policy of gate-1', 'agent billing-agent', 'policy of billing-agent'],
      ...['target billing/app', 'issuer demo-idp'],
    ]);
  });

  test('without a gate, a token or a connection what is left is checked; text for people', async () => {
    const said = await runProcess(['doctor'], { env: { SALLYPORT_CONFIG_DIRECTORY: join(stack.directory, 'sally') } });
    expect([said.exitCode, said.stderr]).toEqual([0, '']);
    expect(said.stdout).toMatch(/^ok {11}policy of gate-1 +it acts on bundle \d+, the newest$/m);
    expect(said.stdout).toMatch(/^not checked {2}token +SALLYPORT_TOKEN holds no token$/m);
    expect(said.stdout).toMatch(/^not checked {2}proxy +which gate\?/m);
  });
});

describe('the token', () => {
  test('expired', async () => {
    const brief = await stack.token('brief');
    await until(() => Date.now() > (decodeJwt(brief).exp ?? Infinity) * 1000, 'it has expired');
    const { broken, check } = await doctor({ ...asAdmin(), CALLER: brief });
    expect(broken).toEqual(['token time', 'proxy login']);
    expect(check('token time')).toMatchObject({ code: 'expired', says: expect.stringMatching(/^it expired at /) });
    // Everybody is refused in the same words; an admin reads which cause it was.
    expect(check('proxy login')?.says).toBe('expired: the token has expired');
    const { check: ofSubagent } = await doctor({ ...asSubagent(), CALLER: brief });
    expect(ofSubagent('proxy login')).toMatchObject({ says: 'authentication failed', code: 'unauthenticated' });
  });

  test('for another audience', async () => {
    const other = await stack.token('etl', 'https://elsewhere.example.com');
    const { broken, check } = await doctor({ ...asAdmin(), CALLER: other });
    expect(broken).toEqual(['token audience', 'proxy login']);
    expect(check('token audience')?.says).toContain(
      'https://elsewhere.example.com; demo-idp takes https://sallyport.demo',
    );
    expect(check('proxy login')?.says).toMatch(/^wrong_audience: /);
    const { check: ofSubagent, broken: known } = await doctor({
      ...asSubagent(),
      CALLER: other,
      SALLYPORT_URL: stack.controlPlaneUrl,
    });
    expect(known).toContain('token subagent');
    expect(ofSubagent('token subagent')?.says).toContain('the control plane does not take it');
  });

  test('bound to nobody, for no such connection, no token at all', async () => {
    const stranger = await doctor({ ...asAdmin(), CALLER: await stack.token('stranger') });
    expect(stranger.broken).toEqual(['token subagent', 'proxy login']);
    const nowhere = await doctor(asAdmin(), ['nothing', ...gate(), '--token-env', 'CALLER']);
    expect(nowhere.broken).toEqual(['proxy login', 'connection']);
    expect(nowhere.check('proxy login')?.says).toMatch(/^unknown_connection: /);
    const none = await doctor({ ...asSubagent(), CALLER: 'not-a-token' });
    expect(none.broken).toEqual(['token']);
    expect(none.check('proxy login')).toMatchObject({ state: 'not checked', says: 'there is no token to log in with' });
    const noFile = await doctor(asSubagent(), ['billing', ...gate(), '--token-file', '/nowhere']);
    expect(noFile.broken).toEqual(['token']);
  });
});

describe('the gate', () => {
  test('nobody there; nobody whom we know there', async () => {
    const away = `localhost:${await freePort()}`;
    const nobody = await doctor(asSubagent(), ['billing', '--gate', away, '--ca', ca, '--token-env', 'CALLER']);
    expect(nobody.broken).toEqual(['proxy']);
    expect(nobody.check('proxy')).toMatchObject({
      code: 'gate_unreachable',
      says: expect.stringContaining('ECONNREFUSED'),
    });
    const unknown = await doctor(asSubagent(), ['billing', ...gate().slice(0, 2), '--token-env', 'CALLER']);
    expect(unknown.broken).toEqual(['proxy identity']);
    // Who it says that it is is told; the token is not sent.
    expect(unknown.check('proxy certificate')).toMatchObject({
      state: 'ok',
      says: expect.stringContaining('localhost'),
    });
    expect(unknown.check('proxy login')?.state).toBe('not checked');
  });

  test('its certificate is nearly over', async () => {
    await showCertificate(Date.now() - day + 3_600_000);
    let seen: Awaited<ReturnType<typeof doctor>> | undefined;
    await until(
      async () => {
        seen = await doctor(asSubagent());
        return seen.check('proxy certificate')?.state === 'broken';
      },
      'the proxy shows the new certificate',
      60_000,
    );
    expect(seen?.broken).toEqual(['proxy certificate']);
    expect(seen?.check('proxy certificate')).toMatchObject({
      says: expect.stringMatching(/^the certificate of localhost ends at .*, in (5\d|60) min$/),
      next: expect.stringContaining('SALLYPORT_TLS_CERTIFICATE'),
    });
    await showCertificate(Date.now());
    await until(async () => (await doctor(asSubagent())).broken.length === 0, 'it is renewed', 60_000);
  });

  test('a clock that is wrong: the token is judged by the control plane’s', async () => {
    const login = JSON.parse(readFileSync(join(stack.directory, 'sally', 'login.json'), 'utf8')) as { url: string };
    const { exitCode, stdout } = await sallyInside(['doctor', 'billing', '--token-env', 'CALLER', '--json'], {
      env: { ...asAdmin(), SALLYPORT_URL: login.url },
      now: () => Date.now() + 2 * 3_600_000,
    });
    const { checks } = JSON.parse(stdout) as { readonly checks: readonly Check[] };
    expect(exitCode).toBe(1);
    expect(checks.filter(({ state }) => state === 'broken')).toEqual([
      expect.objectContaining({
        name: 'clock',
        says: expect.stringMatching(/is (2 h|119 min) ahead of the control plane’s$/),
      }),
    ]);
  });
});

describe('a hop is down', () => {
  const mended = async (): Promise<void> =>
    until(async () => (await doctor(asAdmin())).broken.length === 0, 'all is well again', 60_000);
  afterEach(mended, 90_000);

  test('the target', async () => {
    await stack.target.crash();
    const subagent = await doctor(asSubagent());
    expect(subagent.broken).toEqual(['target']);
    expect(subagent.check('target')).toMatchObject({
      code: 'target_unavailable',
      says: 'the target cannot be reached (ECONNREFUSED)',
      next: expect.stringContaining('start the target'),
    });
    expect(subagent.ok).toEqual(expect.arrayContaining(['proxy login', 'proxy policy', 'agent']));
    // An admin sees it without a token of anybody: agents look by themselves.
    await until(
      async () => (await doctor(asAdmin(), [])).broken.includes('target billing/app'),
      'the agent has looked',
      60_000,
    );
    await stack.target.restart();
  });

  test('the agent', async () => {
    await stack.programs.get('agent')?.stop();
    const { broken, check } = await doctor(asAdmin());
    expect(broken).toEqual(['agent', 'agent billing-agent']);
    expect(check('agent')).toMatchObject({ code: 'no_agent' });
    expect(check('agent billing-agent')?.says).toMatch(/^it is not connected to the control plane; last seen /);
    expect(check('target billing/app')).toMatchObject({ state: 'not checked' });
    await stack.restart('agent');
  });

  test('the control plane: the policy goes stale', async () => {
    await stack.programs.get('control-plane')?.kill();
    const admin = await doctor(asAdmin());
    expect(admin.broken[0]).toBe('control plane');
    expect(admin.check('control plane')).toMatchObject({ code: 'unreachable' });
    await until(async () => (await doctor(asSubagent())).broken.length > 0, 'the policy is stale', 60_000);
    const { broken, check } = await doctor(asSubagent());
    expect(broken).toEqual(['proxy policy']);
    expect(check('proxy policy')).toMatchObject({ code: 'policy_stale' });
    await stack.restart('control-plane');
  });

  test('the proxy hangs: it does not answer, and does not get what is published', async () => {
    const proxy = stack.programs.get('proxy')?.pid ?? 0;
    process.kill(proxy, 'SIGSTOP');
    try {
      await stack.admin.expect('PUT', '/v1/groups/newer', {});
      const { broken, check } = await doctor(asAdmin());
      expect(broken).toEqual(expect.arrayContaining(['proxy', 'policy of gate-1']));
      expect(check('proxy')).toMatchObject({ code: 'gate_unreachable' });
      expect(check('policy of gate-1')?.says).toMatch(/^it acts on bundle \d+; published is \d+$/);
    } finally {
      process.kill(proxy, 'SIGCONT');
    }
  });
});
