import { spawn } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { encodeQuery, encodeRequest, encodeTerminate } from '@sallyport/postgres';
import { until, untilRunning } from '@sallyport/testing';
import { hasPsql } from '@sallyport/tools';
import type { Scene, Way } from './scene.js';
import { connectWire, dial, ready } from './wire.js';

const tlsRequest = 80_877_103;
const gssRequest = 80_877_104;

/** Kernel's timers of established connections that have this port at one end; 2 is keepalive. */
const timersOf = (port: number): readonly string[] =>
  ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local = '', , state]) => state === '01' && local.endsWith(`:${hex(port)}`))
      .map(([, , , , , timer = '']) => timer.slice(0, 2)),
  );
const hex = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0');

const runPsql = (host: string, way: Way, sql: string): Promise<string> =>
  new Promise((resolve) => {
    const args = [`host=${host} port=${way.port} user=${way.user} dbname=app`, '-XAtc', sql];
    const child = spawn('psql', args, { env: { PATH: process.env['PATH'] ?? '', PGPASSWORD: way.password } });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
    child.once('close', () => resolve(said));
  });

export const sockets = (scene: () => Scene): void => {
  describe('a client that has said all it will', () => {
    test.each([
      ['behind a query', [encodeQuery(`select 'x' from generate_series(1, 1000)`)]],
      ['in the middle of one', [encodeQuery('select pg_sleep(0.2), 1')]],
      ['behind several', [encodeQuery('select pg_sleep(0.1)'), encodeQuery('begin'), encodeQuery('select 2')]],
      ['behind a Terminate', [encodeQuery('select pg_sleep(0.1), 1'), encodeTerminate()]],
      ['in the middle of a message', [encodeQuery('select 1'), encodeQuery('select 2').subarray(0, 8)]],
      ['while nothing runs', []],
    ])('%s: what it sent is answered, then the server hangs up', async (name, sent) => {
      const heard = await scene().both(
        async (wire) => {
          wire.send(...sent);
          wire.socket.end();
          return wire.end();
        },
        { allowHalfOpen: true },
      );
      expect(heard === '').toBe(name === 'while nothing runs');
    });

    test('its open transaction is rolled back', async () => {
      const { admin } = scene();
      await scene().both(
        async (wire) => {
          await wire.ask(ready, encodeQuery(`begin; insert into corners.t values (1, 'left open')`));
          wire.socket.end();
          const last = await wire.end();
          await until(async () => {
            const { rows } = await admin.query(`select 1 from pg_locks where relation = 'corners.t'::regclass`);
            return rows.length === 0;
          }, 'its locks are gone');
          const { rows } = await admin.query<{ n: string }>('select count(*) as n from corners.t');
          return `${last}${rows[0]?.n}`;
        },
        { allowHalfOpen: true },
      );
    });

    test('and who is gone altogether does not leave its session behind once there is nobody to answer', async () => {
      const { admin, gate, direct } = scene();
      for (const way of [direct, gate]) {
        const wire = await connectWire(way);
        const text = 'select generate_series(1, 50000000)';
        wire.send(encodeQuery(text));
        await untilRunning(admin, text);
        wire.socket.destroy();
        await until(async () => {
          const { rows } = await admin.query(`select 1 from pg_stat_activity where state = 'active' and query = $1`, [
            text,
          ]);
          return rows.length === 0;
        }, `${way.name} gave up`);
      }
    });
  });

  describe('ways in', () => {
    test('keepalive is on at every hop', async () => {
      const { gate, stack, admin } = scene();
      const wire = await connectWire(gate);
      const { rows } = await admin.query<{ port: number }>(
        `select client_port as port from pg_stat_activity where usename = 'billing_service' and client_addr = '127.0.0.1'`,
      );
      const [target] = rows;
      const hops: readonly (readonly [string, number])[] = [
        ['client to proxy, at the proxy', stack.proxyPort],
        ['agent to proxy, at the proxy', stack.tunnelPort],
        ['agent to target, at the agent', target?.port ?? 0],
      ];
      for (const [hop, port] of hops) {
        // Bytes that are under way have a timer of another kind for a moment.
        await until(() => {
          const timers = timersOf(port);
          return timers.length > 0 && timers.every((timer) => timer === '02');
        }, `keepalive: ${hop}`);
      }
      wire.socket.destroy();
    });

    test('IPv6: to the gateway, and from the agent to a target', async () => {
      const { gate, direct } = scene();
      const text = encodeQuery('select inet_server_addr()');
      const six = await connectWire({ ...gate, host: '::1', user: 'billing-six' });
      expect(await six.ask(ready, text)).toContain('D(::1)');
      six.socket.destroy();
      const four = await connectWire({ ...gate, host: '::1' });
      expect(await four.ask(ready, text)).toContain('D(127.0.0.1)');
      four.socket.destroy();
      expect(direct.host).toBe('127.0.0.1');
    });

    test('a unix socket: as PostgreSQL has it', async () => {
      const { gate, sockets: directory } = scene();
      const path = join(directory, `.s.PGSQL.${gate.port}`);
      const local = { ...gate, path };
      expect((statSync(path).mode & 0o777).toString(8)).toBe('666');
      const wire = await connectWire(local);
      expect(await wire.ask(ready, encodeQuery('select 1'))).toBe('T(?column?:23) D(1) C(SELECT 1) Z(idle)');
      wire.socket.destroy();

      // TLS would protect nothing there, and is told so.
      for (const code of [tlsRequest, gssRequest]) {
        const asking = await dial(local);
        asking.write(encodeRequest(code));
        const [answer] = await new Promise<Buffer[]>((resolve) =>
          asking.once('data', (...all: Buffer[]) => resolve(all)),
        );
        expect(answer?.toString()).toBe('N');
        asking.destroy();
      }
      const refused = await connectWire({ ...local, password: 'no token' }, { stranger: true });
      await refused.hears(/R/);
      refused.send(Buffer.concat([Buffer.from('p'), Buffer.from([0, 0, 0, 6]), Buffer.from('x\0')]));
      expect(await refused.end()).toContain('FATAL|28P01|');
    });

    test('psql -h DIRECTORY', async () => {
      const { gate, sockets: directory } = scene();
      const sql = 'select count(*) from customers';
      // Told either way: which client this run has tried.
      process.stdout.write(`unix socket: tried with ${hasPsql ? 'psql' : 'pg alone, for there is no psql here'}\n`);
      if (hasPsql) expect(await runPsql(directory, gate, sql)).toBe('10000\n');
      const nobody = connect({ path: join(directory, '.s.PGSQL.1') });
      await new Promise((resolve) => nobody.once('error', resolve));
    });
  });
};
