import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { encodePassword, encodeQuery } from '@sallyport/postgres';
import { until } from '@sallyport/testing';
import type { Scene } from './scene.js';
import { connectWire, ready } from './wire.js';
import type { Wire } from './wire.js';

/** Where a server hangs up without a word, the gateway says why. */
const hungUp = 'E(FATAL|08006|the target closed the connection|{"code":"target_unavailable"}||)';
/** While a command ran. */
const hungUpOn = 'E(FATAL|08006|the target closed the connection|{"code":"target_unavailable","outcome":"unknown"}||)';

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** The target's server goes down: these come last, for nothing is as it was afterwards. */
export const restarts = (scene: () => Scene): void =>
  describe('a target that goes down', () => {
    const connectAll = (): Promise<readonly Wire[]> =>
      Promise.all(scene().ways.flatMap((way) => [connectWire(way), connectWire(way)]));

    /** What idle and busy sessions hear of it, direct and through the gateway. */
    const heardOf = async (text: string, goDown: (postmaster: number) => Promise<void>): Promise<readonly string[]> => {
      const server = await scene().stack.target.connect('app');
      const { rows } = await server.query<{ data_directory: string }>('show data_directory');
      const directory = rows[0]?.data_directory ?? '';
      const postmaster = Number(readFileSync(join(directory, 'postmaster.pid'), 'utf8').split('\n')[0]);
      const wires = await connectAll();
      for (const [at, wire] of wires.entries()) if (at % 2 === 1) wire.send(encodeQuery(text));
      await until(async () => {
        const active = `select 1 from pg_stat_activity where state = 'active' and query = $1`;
        return (await server.query(active, [text])).rows.length === 2;
      }, 'two sessions are busy');
      await goDown(postmaster);
      const heard = await Promise.all(wires.map((wire) => wire.end()));
      for (const { socket } of wires) socket.destroy();
      await server.end().catch(() => undefined);
      return heard;
    };

    const isBackAgain = async (): Promise<void> => {
      for (const way of scene().ways) {
        const wire = await connectWire(way);
        expect(await wire.ask(ready, encodeQuery('select 1'))).toBe('T(?column?:23) D(1) C(SELECT 1) Z(idle)');
        wire.socket.destroy();
      }
    };

    test('by its administrator: 57P01 reaches every client, and the next connection works when it is back', async () => {
      const { stack, gate } = scene();
      const [idle, busy, idleThrough, busyThrough] = await heardOf('select pg_sleep(58)', async (postmaster) => {
        process.kill(postmaster, 'SIGINT');
        await until(() => !isRunning(postmaster), 'the server is down');
      });
      const word = 'E(FATAL|57P01|terminating connection due to administrator command|||)';
      expect([idle, busy]).toEqual([word, expect.stringContaining(word)]);
      expect([idleThrough, busyThrough]).toEqual([idle, busy]);
      // While it is down, a client that is there itself finds nobody; the gateway is there, and says so.
      const refused = await connectWire(gate, { stranger: true });
      await refused.hears(/R/);
      refused.send(encodePassword(gate.password));
      expect(await refused.end()).toMatch(/^E\(FATAL\|08006\|/);
      await stack.target.restart();
      await isBackAgain();
    }, 120_000);

    test('one backend crashes: the others hear of it', async () => {
      const [idle, busy, idleThrough, busyThrough] = await heardOf('select pg_sleep(57)', async (postmaster) => {
        const victim = await scene().stack.target.connect('app');
        const { rows } = await victim.query<{ pid: number }>('select pg_backend_pid() as pid');
        process.kill(rows[0]?.pid ?? postmaster, 'SIGKILL');
      });
      expect(idle).toMatch(/^N\(57P02\|/);
      expect([idleThrough, busyThrough]).toEqual([`${idle} ${hungUp}`, `${busy} ${hungUpOn}`]);
      await until(() =>
        scene()
          .stack.target.connect('app')
          .then(
            (client) => client.end().then(() => true),
            () => false,
          ),
      );
      await isBackAgain();
    }, 120_000);

    test('all at once: a client that is there itself mostly hears nothing, the gateway says what happened', async () => {
      const { stack } = scene();
      const heard = await heardOf('select pg_sleep(56)', () => stack.target.crash());
      // A statement that runs had described its rows, or not yet.
      const last = heard.map((text) => text.replace(/^T\(pg_sleep:2278\) ?/, ''));
      // A backend that outlives its postmaster for a moment says so itself.
      const orphaned = 'E(FATAL|57P01|terminating connection due to unexpected postmaster exit|||)';
      const [idle, busy, idleThrough, busyThrough] = last;
      for (const text of [idle, busy]) expect(['', orphaned]).toContain(text);
      for (const text of [idleThrough, busyThrough]) expect([hungUp, hungUpOn, orphaned]).toContain(text);
      await stack.target.restart();
      await isBackAgain();
    }, 120_000);
  });
