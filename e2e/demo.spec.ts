import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '@sallyport/testing';
import { startDemo, startStack } from '@sallyport/tools';

/** A temporary directory of the demo's own: what it leaves behind is seen, and nobody else's is. */
let temporary: string;
beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), 'sallyport-demo-spec-'));
  // PostgreSQL runs as a user of its own when we are root, and must get there.
  chmodSync(temporary, 0o755);
});
afterEach(() => rmSync(temporary, { recursive: true, force: true }));

/** Of a process, from /proc: all that it started, and what these started. */
function descendants(pid: number): readonly number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    try {
      const parent = /\) \S (\d+)/.exec(readFileSync(`/proc/${name}/stat`, 'utf8'))?.[1];
      parents.set(Number(name), Number(parent));
    } catch {
      // It ended meanwhile.
    }
  }
  const found = [pid];
  for (const each of found) for (const [child, parent] of parents) if (parent === each) found.push(child);
  return found;
}
const usual = [7080, 7081, 7082, 7432, 7433];

/** Somebody has the usual ports already: we, or whoever else is on this machine. */
const occupy = (port: number): Promise<Server> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(server));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => resolve(server));
  });

describe('npm run demo', () => {
  test('takes free ports where the usual ones are taken, tells of a program that dies, and leaves nothing at Ctrl-C', async () => {
    const squatters = await Promise.all(usual.map(occupy));
    const demo = startDemo(['--built'], { TMPDIR: temporary });
    try {
      await until(
        () => demo.screen().includes('Ctrl-C stops') || demo.child.exitCode !== null,
        'the demo is ready',
        180_000,
      );
      const screen = demo.screen();
      expect(screen).toContain('Ctrl-C stops');
      expect(screen).not.toContain('building');
      const ports = [/^REST\s+http:\/\/127\.0\.0\.1:(\d+)/m, /port=(\d+) user=billing/].map((at) =>
        Number(at.exec(screen)?.[1]),
      );
      expect(ports.every((port) => port > 0 && !usual.includes(port))).toBe(true);

      const processes = descendants(demo.child.pid ?? 0);
      const agent = processes.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('apps/agent/dist'));
      expect(agent).toBeDefined();
      process.kill(agent ?? 0, 'SIGKILL');
      await until(
        () => /agent ended by itself \(SIGKILL\); its log ends with:\n {2}\S/.test(demo.screen()),
        'its death is told',
      );

      // Control plane, proxy, identity provider, and two servers with their own.
      expect(processes.length).toBeGreaterThan(8);
      demo.interrupt('SIGINT');
      expect(await demo.exitCode).toBe(0);
      await until(() => processes.every((pid) => !existsSync(`/proc/${pid}`)), 'every process has ended');
      expect(readdirSync(temporary)).toEqual([]);
      expect(demo.screen()).not.toContain('control-plane ended by itself');
    } finally {
      if (demo.child.exitCode === null) demo.child.kill('SIGTERM');
      await demo.exitCode;
      for (const server of squatters) server.close();
    }
  }, 300_000);

  test.each(['SIGTERM', 'SIGHUP', 'SIGINT'] as const)(
    '%s while it starts: what was begun is ended',
    async (signal) => {
      const demo = startDemo(['--built'], { TMPDIR: temporary });
      await until(() => demo.screen().includes('starting the control plane'), 'it has begun', 60_000);
      const processes = descendants(demo.child.pid ?? 0);
      expect(processes.length).toBeGreaterThan(2);
      demo.child.kill(signal);
      expect(await demo.exitCode).toBe(130);
      await until(() => processes.every((pid) => !existsSync(`/proc/${pid}`)), 'every process has ended');
      expect(readdirSync(temporary)).toEqual([]);
    },
    180_000,
  );

  test('a start that fails ends what was begun, and says why', async () => {
    const before = process.env['TMPDIR'];
    process.env['TMPDIR'] = temporary;
    let processes: readonly number[] = [];
    try {
      const failing = startStack({
        holdSeconds: 5,
        progress: (step) => {
          if (!step.startsWith('starting one proxy')) return;
          processes = descendants(process.pid).slice(1);
          throw new Error('no proxy today');
        },
      });
      await expect(failing).rejects.toThrow('no proxy today');
    } finally {
      if (before === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = before;
    }
    expect(processes.length).toBeGreaterThan(3);
    await until(() => processes.every((pid) => !existsSync(`/proc/${pid}`)), 'every process has ended');
    expect(readdirSync(temporary)).toEqual([]);
  }, 240_000);

  test('--help says what it does and builds nothing; what it does not know is a usage error', async () => {
    const help = startDemo(['--help']);
    expect([await help.exitCode, help.screen()]).toEqual([0, expect.stringContaining('npm run demo -- --once')]);
    expect(help.screen()).not.toContain('building');
    const wrong = startDemo(['--twice']);
    expect([await wrong.exitCode, wrong.screen()]).toEqual([64, expect.stringContaining("Unknown option '--twice'")]);
  });
});
