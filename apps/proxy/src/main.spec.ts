import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { writeCredentials } from '@sallyport/pki';
import { until } from '@sallyport/testing';
import { createTestAuthority } from '../testing/authority.js';

const program = fileURLToPath(new URL('../dist/main.js', import.meta.url));
let directory: string;
let env: Record<string, string>;
let taken: Server | undefined;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sallyport-main-'));
  env = {
    PATH: process.env['PATH'] ?? '',
    SALLYPORT_CONTROL_PLANE: '127.0.0.1:1',
    SALLYPORT_NAME: 'gate-1',
    SALLYPORT_STATE_DIRECTORY: join(directory, 'state'),
    SALLYPORT_POSTGRES_LISTEN: '127.0.0.1:0',
    SALLYPORT_TUNNEL_LISTEN: '127.0.0.1:0',
    SALLYPORT_HEALTH_LISTEN: '127.0.0.1:0',
    SALLYPORT_LOG_LEVEL: 'silent',
  };
});
afterEach(() => {
  taken?.close();
  taken = undefined;
  rmSync(directory, { recursive: true, force: true });
});

/** The built program, as it is run. */
const run = (more: Readonly<Record<string, string>> = {}) => {
  const { status, stderr } = spawnSync(process.execPath, [program], {
    env: { ...env, ...more },
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, lines: stderr.trimEnd().split('\n') };
};
const enrolled = async (name = 'gate-1'): Promise<void> => {
  writeCredentials(env['SALLYPORT_STATE_DIRECTORY'] ?? '', await (await createTestAuthority()).issue('proxy', name));
};
const take = async (): Promise<string> => {
  const server = createServer();
  taken = server;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
};
const file = (name: string, content: string): string => {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
};

test('on SIGHUP a proxy shows clients the certificate that lies there now; one that does not fit changes nothing', async () => {
  await enrolled();
  const authority = await createTestAuthority();
  const [one, other] = [await authority.issue('proxy', 'one'), await authority.issue('proxy', 'other')];
  const certificate = file('certificate.pem', one.certificate);
  const key = file('key.pem', one.privateKey);
  const proxy = spawn(process.execPath, [program], {
    env: { ...env, SALLYPORT_LOG_LEVEL: 'info', SALLYPORT_TLS_CERTIFICATE: certificate, SALLYPORT_TLS_KEY: key },
  });
  let said = '';
  proxy.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await until(() => said.includes('listening'));
  const port = Number(/"postgres":(\d+)/.exec(said)?.[1]);
  const shown = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port, rejectUnauthorized: false, ALPNProtocols: ['postgresql'] };
      const socket = connect(options, () => {
        resolve(String(socket.getPeerCertificate().subject.CN));
        socket.destroy();
      });
      socket.on('error', reject);
    });
  expect(await shown()).toBe('one');
  writeFileSync(certificate, other.certificate);
  proxy.kill('SIGHUP');
  await until(() => said.includes('the former one stays'));
  expect(await shown()).toBe('one');
  writeFileSync(key, other.privateKey);
  proxy.kill('SIGHUP');
  await until(async () => (await shown()) === 'other');
  const ended = new Promise<number | null>((resolve) => proxy.once('close', resolve));
  proxy.kill('SIGTERM');
  expect(await ended).toBe(0);
});

describe('several workers', () => {
  /** Several programs have to start, on machines that others use. */
  const patience = 60_000;
  const start = async () => {
    const authority = await createTestAuthority();
    const state = env['SALLYPORT_STATE_DIRECTORY'] ?? '';
    writeCredentials(state, await authority.issue('proxy', 'gate-1'));
    writeCredentials(join(state, 'worker-2'), await authority.issue('proxy', 'gate-1.2'));
    const proxy = spawn(process.execPath, [program], {
      env: { ...env, SALLYPORT_WORKERS: '2', SALLYPORT_LOG_LEVEL: 'info' },
    });
    let said = '';
    proxy.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const ended = new Promise<number | null>((resolve) => proxy.once('close', resolve));
    const listening = (): readonly { worker: number; pid: number; postgres: number; tunnel: number }[] =>
      said
        .split('\n')
        .filter((line) => line.includes('"msg":"listening"'))
        .map((line) => JSON.parse(line) as { worker: number; pid: number; postgres: number; tunnel: number });
    await until(() => listening().length === 2, 'both to listen', patience);
    return { proxy, ended, listening, said: () => said };
  };

  test(
    'share one port and one unix socket, have the rest for themselves, and end with the proxy',
    async () => {
      env['SALLYPORT_POSTGRES_SOCKET_DIRECTORY'] = directory;
      const { proxy, ended, listening } = await start();
      const [one, two] = listening();
      expect([one?.worker, two?.worker, one?.postgres === two?.postgres, one?.tunnel === two?.tunnel]).toEqual([
        1,
        2,
        true,
        false,
      ]);
      const socket = join(directory, `.s.PGSQL.${one?.postgres}`);
      expect([statSync(socket).isSocket(), statSync(socket).mode & 0o777]).toEqual([true, 0o666]);
      proxy.kill('SIGTERM');
      expect(await ended).toBe(0);
      expect(existsSync(socket)).toBe(false);
    },
    2 * patience,
  );

  test(
    'one that is killed comes back, with what it kept and at the same port',
    async () => {
      const { proxy, ended, listening } = await start();
      const [one, two] = listening();
      process.kill(one?.pid ?? 0, 'SIGKILL');
      await until(() => listening().length === 3, 'it to be back', patience);
      const again = listening()[2];
      expect([again?.worker, again?.pid === one?.pid, again?.postgres]).toEqual([1, false, two?.postgres]);
      // A supervisor may tell every process of a group at once.
      for (const pid of [two?.pid, again?.pid, proxy.pid]) process.kill(pid ?? 0, 'SIGTERM');
      expect(await ended).toBe(0);
    },
    2 * patience,
  );

  test(
    'SIGHUP reaches each',
    async () => {
      const authority = await createTestAuthority();
      const own = await authority.issue('proxy', 'a');
      env['SALLYPORT_TLS_CERTIFICATE'] = file('certificate.pem', own.certificate);
      env['SALLYPORT_TLS_KEY'] = file('key.pem', own.privateKey);
      const { proxy, ended, said } = await start();
      writeFileSync(env['SALLYPORT_TLS_KEY'], 'no key');
      proxy.kill('SIGHUP');
      await until(() => [1, 2].every((worker) => new RegExp(`"worker":${worker}.*the former one stays`).test(said())));
      proxy.kill('SIGTERM');
      expect(await ended).toBe(0);
    },
    2 * patience,
  );

  test(
    'they end when their primary is killed',
    async () => {
      const { proxy, ended, listening } = await start();
      proxy.kill('SIGKILL');
      await ended;
      const gone = ({ pid }: { readonly pid: number }): boolean => {
        try {
          return !process.kill(pid, 0);
        } catch {
          return true;
        }
      };
      await until(() => listening().every(gone));
    },
    2 * patience,
  );

  test(
    'one that cannot start ends them all, and says why: the first',
    async () => {
      await enrolled();
      const address = await take();
      const taken = run({ SALLYPORT_WORKERS: '2', SALLYPORT_POSTGRES_LISTEN: address });
      expect(taken).toEqual({
        status: 69,
        lines: [
          `sallyport-proxy, worker 1: SALLYPORT_POSTGRES_LISTEN ${address}: the address is in use (EADDRINUSE): stop what listens there, or choose another`,
        ],
      });
    },
    2 * patience,
  );

  test(
    'or another one',
    async () => {
      await enrolled();
      const other = await (await createTestAuthority()).issue('proxy', 'gate-9.2');
      writeCredentials(join(env['SALLYPORT_STATE_DIRECTORY'] ?? '', 'worker-2'), other);
      const { status, lines } = run({ SALLYPORT_WORKERS: '2' });
      expect([status, lines.length]).toEqual([64, 1]);
      expect(lines[0]).toMatch(/^sallyport-proxy, worker 2: .*worker-2 belongs to the proxy "gate-9.2"/);
    },
    2 * patience,
  );
});

describe('a proxy that cannot start says in one message where and what to do', () => {
  test('a variable that is missing', () => {
    const { SALLYPORT_NAME: _none, ...rest } = env;
    env = rest;
    const { status, lines } = run();
    expect([status, lines]).toEqual([
      64,
      [
        'sallyport-proxy: SALLYPORT_NAME is not set: Name of this proxy, as the join token was made for.',
        'sallyport-proxy: see `--help` or docs/configuration.md',
      ],
    ]);
  });

  test('a spool that could not hold what one statement may need', () => {
    expect(run({ SALLYPORT_SPOOL_LIMIT: '1MiB' })).toMatchObject({
      status: 64,
      lines: expect.arrayContaining(['sallyport-proxy: SALLYPORT_SPOOL_LIMIT must be 16MiB or more']) as unknown,
    });
  });

  test('no certificate and no token', () => {
    const { status, lines } = run();
    expect([status, lines.length]).toEqual([64, 1]);
    expect(lines[0]).toMatch(/the proxy "gate-1" is not enrolled: .*SALLYPORT_JOIN_TOKEN/);
  });

  test('the directory of another one', async () => {
    await enrolled('gate-2');
    const { status, lines } = run();
    expect([status, lines.length]).toEqual([64, 1]);
    expect(lines[0]).toContain('belongs to the proxy "gate-2"');
  });

  test('a damaged certificate', async () => {
    await enrolled();
    writeFileSync(join(env['SALLYPORT_STATE_DIRECTORY'] ?? '', 'credentials.json'), '{}');
    const { status, lines } = run();
    expect([status, lines.length]).toEqual([64, 1]);
    expect(lines[0]).toContain('credentials.json is damaged: remove it and enrol again');
  });

  test.each(['SALLYPORT_POSTGRES_LISTEN', 'SALLYPORT_TUNNEL_LISTEN', 'SALLYPORT_HEALTH_LISTEN'])(
    '%s in use',
    async (variable) => {
      await enrolled();
      const address = await take();
      expect(run({ [variable]: address })).toEqual({
        status: 69,
        lines: [
          `sallyport-proxy: ${variable} ${address}: the address is in use (EADDRINUSE): stop what listens there, or choose another`,
        ],
      });
    },
  );

  test('a spool directory that cannot be made', async () => {
    await enrolled();
    writeFileSync(join(env['SALLYPORT_STATE_DIRECTORY'] ?? '', 'spool'), '');
    const { status, lines } = run();
    expect([status, lines.length]).toEqual([69, 1]);
    expect(lines[0]).toContain('SALLYPORT_STATE_DIRECTORY: ');
    expect(lines[0]).toContain('spool cannot be made (EEXIST)');
  });

  test('certificates for clients', async () => {
    await enrolled();
    const authority = await createTestAuthority();
    const [one, other] = [await authority.issue('proxy', 'a'), await authority.issue('proxy', 'b')];
    const certificate = file('certificate.pem', one.certificate);
    const key = file('key.pem', one.privateKey);
    const cases = [
      [certificate, undefined, 'SALLYPORT_TLS_CERTIFICATE and SALLYPORT_TLS_KEY are set together, or neither is'],
      ['/nowhere.pem', key, 'SALLYPORT_TLS_CERTIFICATE names a file that cannot be read (ENOENT): /nowhere.pem'],
      [key, key, `SALLYPORT_TLS_CERTIFICATE ${key} is no certificate`],
      [certificate, certificate, `SALLYPORT_TLS_KEY ${certificate} is no private key`],
      [certificate, file('other.pem', other.privateKey), 'is not the key of the certificate in'],
    ] as const;
    for (const [cert, own, words] of cases) {
      const { status, lines } = run({
        SALLYPORT_TLS_CERTIFICATE: cert,
        ...(own === undefined ? {} : { SALLYPORT_TLS_KEY: own }),
      });
      expect([status, lines.length, lines[0]]).toEqual([64, 2, expect.stringContaining(words)]);
    }
  });

  test('a state directory that another proxy runs on', async () => {
    await enrolled();
    const first = spawn(process.execPath, [program], { env: { ...env, SALLYPORT_LOG_LEVEL: 'info' } });
    let said = '';
    first.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await until(() => said.includes('listening'));
    const { status, lines } = run();
    expect([status, lines.length]).toEqual([69, 1]);
    expect(lines[0]).toContain('is in use by another process');
    const ended = new Promise<number | null>((resolve) => first.once('close', resolve));
    first.kill('SIGTERM');
    expect(await ended).toBe(0);
  });
});
