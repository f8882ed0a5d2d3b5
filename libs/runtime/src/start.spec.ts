import { afterEach, describe, expect, test } from '@jest/globals';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { startHealthServer } from './health.js';
import { createMetrics } from './metrics.js';
import { StartProblem } from './problem.js';
import { listen } from './start.js';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});
const open = (port: number, reports: Error[] = [], host = '127.0.0.1'): Promise<number> => {
  const server = createServer();
  servers.push(server);
  return listen(server, { variable: 'SALLYPORT_X_LISTEN', address: { host, port }, report: (e) => reports.push(e) });
};

describe('listening', () => {
  test('an address in use is named with its variable and a way out', async () => {
    const port = await open(0);
    const problem: unknown = await open(port).catch((error: unknown) => error);
    expect(problem).toBeInstanceOf(StartProblem);
    expect(problem).toMatchObject({
      exitCode: 69,
      message: `SALLYPORT_X_LISTEN 127.0.0.1:${port}: the address is in use (EADDRINUSE): stop what listens there, or choose another`,
    });
  });

  test('an address that this machine does not have, too', async () => {
    await expect(open(0, [], '192.0.2.1')).rejects.toThrow('this machine has no such address (EADDRNOTAVAIL)');
  });

  test('an error of a listener that listens is told and ends nothing', async () => {
    const reports: Error[] = [];
    const port = await open(0, reports);
    servers[0]?.emit('error', new Error('accept EMFILE'));
    servers[0]?.emit('error', new Error('accept EMFILE'));
    expect(reports).toHaveLength(2);
    expect((servers[0]?.address() as AddressInfo).port).toBe(port);
  });
});

describe('health', () => {
  test('tells life, readiness with what is missing, metrics, and nothing else', async () => {
    const metrics = createMetrics();
    metrics.counter('sallyport_things_total', 'Things.').add(2);
    let missing = ['no policy'];
    const health = await startHealthServer({
      address: { host: '127.0.0.1', port: 0 },
      metrics,
      missing: () => missing,
      log: { warn: () => undefined },
    });
    const get = async (path: string, method = 'GET'): Promise<readonly [number, string]> => {
      const response = await fetch(`http://127.0.0.1:${health.port}${path}`, { method });
      return [response.status, await response.text()];
    };
    expect(await get('/healthz')).toEqual([200, 'ok\n']);
    expect(await get('/readyz')).toEqual([503, 'no policy\n']);
    missing = [];
    expect(await get('/readyz')).toEqual([200, 'ready\n']);
    expect(await get('/metrics')).toEqual([
      200,
      '# HELP sallyport_things_total Things.\n# TYPE sallyport_things_total counter\nsallyport_things_total 2\n',
    ]);
    expect((await get('/'))[0]).toBe(404);
    await health.close();
  });
});
