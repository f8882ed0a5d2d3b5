import { describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { writeCredentials } from '@sallyport/pki';
import { createTestAuthority } from '../testing/authority.js';

const program = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const good = {
  SALLYPORT_CONTROL_PLANE: '127.0.0.1:1',
  SALLYPORT_NAME: 'agent-1',
  SALLYPORT_STATE_DIRECTORY: join(tmpdir(), 'sallyport-agent-never-made'),
};

/** The built program, as it is run. */
const run = (env: Readonly<Record<string, string>>, ...args: string[]) => {
  const { status, stderr, stdout } = spawnSync(process.execPath, [program, ...args], {
    env: { PATH: process.env['PATH'], ...env },
    encoding: 'utf8',
    timeout: 20_000,
  });
  return { status, stdout, lines: stderr.trimEnd().split('\n') };
};

describe('the program', () => {
  test('ends with 64 and one message for each variable that is missing', () => {
    const { status, lines } = run({});
    expect(status).toBe(64);
    for (const name of Object.keys(good)) expect(lines.filter((line) => line.includes(`${name} `))).toHaveLength(1);
    expect(lines).toHaveLength(4);
  });

  test('ends with 64 and one message for each that is mistyped', () => {
    const { status, lines } = run({
      ...good,
      SALLYPORT_NAME: 'Agent 1',
      SALLYPORT_WARM_SOCKETS: '65',
      SALLYPORT_CATALOG_INTERVAL: '0',
      SALLYPORT_WARM_SOCKET: '8',
    });
    expect(status).toBe(64);
    expect(lines).toHaveLength(5);
    for (const name of ['NAME', 'WARM_SOCKETS', 'CATALOG_INTERVAL', 'WARM_SOCKET'])
      expect(lines.filter((line) => line.startsWith(`sallyport-agent: SALLYPORT_${name} `))).toHaveLength(1);
  });

  test('ends with 64 for a credentials file that is wrong, and repeats nothing of it', () => {
    const directory = mkdtempSync(join(tmpdir(), 'sallyport-config-'));
    const path = join(directory, 'credentials.yaml');
    writeFileSync(path, 'billing: { user: app, source: file, password: s3cret }');
    const { status, lines } = run({ ...good, SALLYPORT_CREDENTIALS: path });
    rmSync(directory, { recursive: true });
    expect(status).toBe(64);
    expect(lines.join('\n')).toContain('billing');
    expect(lines.join('\n')).not.toContain('s3cret');
  });

  test('ends with 64 where a file cannot be read, and where it is not enrolled and has no token', () => {
    expect(run({ ...good, SALLYPORT_TARGET_CA: '/nowhere.pem', SALLYPORT_LOG_LEVEL: 'silent' })).toMatchObject({
      status: 64,
      lines: [
        'sallyport-agent: SALLYPORT_TARGET_CA names a file that cannot be read (ENOENT): /nowhere.pem',
        'sallyport-agent: see `--help` or docs/configuration.md',
      ],
    });
    const { status, lines } = run(good);
    expect(status).toBe(64);
    expect(lines.join('\n')).toContain('SALLYPORT_JOIN_TOKEN');
  });

  test('ends with 64 where a file of authorities holds none', () => {
    const { status, lines } = run({ ...good, SALLYPORT_TARGET_CA: program });
    expect([status, lines[0]]).toEqual([
      64,
      `sallyport-agent: SALLYPORT_TARGET_CA ${program} holds no certificates: give a PEM file of authorities`,
    ]);
  });

  test('ends with 69 where its health port is in use, and names it', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'sallyport-config-'));
    writeCredentials(directory, await (await createTestAuthority()).issue('agent', 'agent-1'));
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    const env = { ...good, SALLYPORT_STATE_DIRECTORY: directory, SALLYPORT_LOG_LEVEL: 'silent' };
    const { status, lines } = run({ ...env, SALLYPORT_HEALTH_LISTEN: `127.0.0.1:${port}` });
    taken.close();
    rmSync(directory, { recursive: true });
    expect([status, lines]).toEqual([
      69,
      [
        `sallyport-agent: SALLYPORT_HEALTH_LISTEN 127.0.0.1:${port}: the address is in use (EADDRINUSE): stop what listens there, or choose another`,
      ],
    ]);
  });

  test('takes the variables of credentials, and says what it takes', () => {
    const { lines } = run({ ...good, SALLYPORT_CREDENTIAL_X_USER: 'u', SALLYPORT_CREDENTIAL_X_PASSWORD: 'p' });
    expect(lines.join('\n')).not.toContain('SALLYPORT_CREDENTIAL_X');
    const help = run({}, '--help');
    expect(help.status).toBe(0);
    for (const name of Object.keys(good)) expect(help.stdout).toContain(name);
  });
});
