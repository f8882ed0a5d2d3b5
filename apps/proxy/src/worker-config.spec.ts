import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { readConfig } from '@sallyport/runtime';
import { proxyConfigSchema } from './config.js';
import { configOfWorker, leftByWorkers, workerProblems } from './worker-config.js';

const configOf = (more: Readonly<Record<string, string>> = {}) =>
  readConfig(proxyConfigSchema, {
    SALLYPORT_CONTROL_PLANE: '127.0.0.1:7081',
    SALLYPORT_NAME: 'gate-1',
    SALLYPORT_STATE_DIRECTORY: '/var/lib/sallyport',
    ...more,
  });

describe('the configuration of a worker', () => {
  test('the first one’s is the proxy’s own', () => {
    const config = configOf({ SALLYPORT_WORKERS: '4' });
    expect(configOfWorker(config, 1)).toBe(config);
  });

  test('the others have a name, a directory and ports of their own, and clients at the same place', () => {
    const config = configOf({
      SALLYPORT_WORKERS: '4',
      SALLYPORT_TUNNEL_LISTEN: '[::]:7433',
      SALLYPORT_TUNNEL_ADVERTISE: 'gate-1.example.com:9000',
    });
    expect(configOfWorker(config, 3)).toEqual({
      ...config,
      SALLYPORT_NAME: 'gate-1.3',
      SALLYPORT_STATE_DIRECTORY: '/var/lib/sallyport/worker-3',
      SALLYPORT_TUNNEL_LISTEN: '[::]:7453',
      SALLYPORT_TUNNEL_ADVERTISE: 'gate-1.example.com:9020',
      SALLYPORT_HEALTH_LISTEN: '127.0.0.1:7454',
    });
  });

  test('a port that the system chooses stays its choice, and nothing is advertised that was not', () => {
    const config = configOf({ SALLYPORT_TUNNEL_LISTEN: '127.0.0.1:0', SALLYPORT_HEALTH_LISTEN: '127.0.0.1:0' });
    const own = configOfWorker(config, 2);
    expect([own.SALLYPORT_TUNNEL_LISTEN, own.SALLYPORT_HEALTH_LISTEN]).toEqual(['127.0.0.1:0', '127.0.0.1:0']);
    expect('SALLYPORT_TUNNEL_ADVERTISE' in own).toBe(false);
  });
});

describe('what cannot be', () => {
  test.each([
    ['one worker, whatever the ports', { SALLYPORT_TUNNEL_LISTEN: '127.0.0.1:65535' }, []],
    ['the usual ports, as many workers as there may be', { SALLYPORT_WORKERS: '32' }, []],
    [
      'ports that meet',
      {
        SALLYPORT_WORKERS: '3',
        SALLYPORT_TUNNEL_LISTEN: '127.0.0.1:9000',
        SALLYPORT_HEALTH_LISTEN: '127.0.0.1:9020',
      },
      [
        'SALLYPORT_TUNNEL_LISTEN of worker 3 would be 127.0.0.1:9020, which is SALLYPORT_HEALTH_LISTEN of worker 1: choose another port',
      ],
    ],
    [
      'ports beyond the last',
      { SALLYPORT_WORKERS: '2', SALLYPORT_TUNNEL_LISTEN: '127.0.0.1:65530' },
      ['SALLYPORT_TUNNEL_LISTEN of worker 2 would have a port above 65535'],
    ],
    [
      'a name without room for a number',
      { SALLYPORT_WORKERS: '2', SALLYPORT_NAME: 'x'.repeat(62) },
      [`SALLYPORT_NAME is too long: "${'x'.repeat(62)}.2" has more than 63 characters`],
    ],
  ])('%s', (_name, more, problems) => {
    expect(workerProblems(configOf(more))).toEqual(problems);
  });
});

test('directories of workers that there are no more are found', () => {
  const state = mkdtempSync(join(tmpdir(), 'sallyport-left-'));
  try {
    for (const name of ['worker-2', 'worker-3', 'worker-10', 'spool', 'worker-x']) mkdirSync(join(state, name));
    const left = (count: string) =>
      leftByWorkers(configOf({ SALLYPORT_STATE_DIRECTORY: state, SALLYPORT_WORKERS: count }));
    expect([...left('2')].sort()).toEqual([join(state, 'worker-10'), join(state, 'worker-3')]);
    expect(left('10')).toEqual([]);
    expect(left('1')).toHaveLength(3);
  } finally {
    rmSync(state, { recursive: true });
  }
});
