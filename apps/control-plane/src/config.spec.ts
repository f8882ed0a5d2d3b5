import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { describeConfig } from '@sallyport/runtime';
import { configSchema, readConfig } from './config.js';

const key = Buffer.alloc(32, 7).toString('base64');
const least = { SALLYPORT_DATABASE_URL: 'postgres://u:p@db/sallyport', SALLYPORT_KEY: key };

describe('configuration', () => {
  test('has safe defaults', () => {
    expect(readConfig(least)).toMatchObject({
      database: { kind: 'url' },
      httpListen: { host: '127.0.0.1', port: 7080 },
      grpcNames: ['127.0.0.1', 'localhost'],
      publicUrl: 'http://127.0.0.1:7080',
      holdSeconds: 45,
      maxStaleness: 60_000,
      approvalExpiry: 86_400_000,
      shutdownDelay: 0,
      shutdownLimit: 10_000,
      allowPrivateUrls: false,
      audience: undefined,
    });
  });

  test.each([
    [{ ...least, SALLYPORT_DATABASE_URL: undefined }, /SALLYPORT_DATABASE_URL is not set/],
    [{ ...least, SALLYPORT_EMBEDDED_POSTGRES: '/tmp/x' }, /exactly one of/],
    [{ ...least, SALLYPORT_DATABASE_URL: 'mysql://x' }, /SALLYPORT_DATABASE_URL must be a URL/],
    [{ ...least, SALLYPORT_KEY: undefined }, /SALLYPORT_KEY is not set/],
    [{ ...least, SALLYPORT_KEY: 'c2hvcnQ=' }, /SALLYPORT_KEY is neither/],
    [{ ...least, SALLYPORT_HTTP_LISTEN: '7080' }, /SALLYPORT_HTTP_LISTEN must be host:port/],
    [{ ...least, SALLYPORT_MAX_STALENESS: '1s' }, /SALLYPORT_MAX_STALENESS must be between 15s and 86400s/],
    [{ ...least, SALLYPORT_HOLD: '45' }, /SALLYPORT_HOLD must be a duration/],
    [{ ...least, SALLYPORT_ALLOW_PRIVATE_URLS: 'yes' }, /SALLYPORT_ALLOW_PRIVATE_URLS/],
    [{ ...least, SALLYPORT_GRPC_NAMES: 'a b' }, /SALLYPORT_GRPC_NAMES must be names/],
    [{ ...least, SALLYPORT_AUDIENCES: 'x' }, /did you mean SALLYPORT_AUDIENCE\?/],
  ])('%j is refused', (env, message) => expect(() => readConfig(env)).toThrow(message));

  test('a wrong key is never repeated', () => {
    expect(() => readConfig({ ...least, SALLYPORT_KEY: 'hunter2' })).toThrow(/^(?!.*hunter2)/);
  });

  test('the key may be in a file', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'sallyport-config-'));
    const path = join(directory, 'key');
    await writeFile(path, `${key}\n`);
    expect(readConfig({ ...least, SALLYPORT_KEY: path }).key).toEqual(new Uint8Array(32).fill(7));
    await writeFile(path, 'short');
    expect(() => readConfig({ ...least, SALLYPORT_KEY: path })).toThrow(/does not hold 32 bytes/);
    await rm(directory, { recursive: true });
  });

  test('every variable is described', () => {
    expect(describeConfig(configSchema).filter((row) => row.description === '')).toEqual([]);
  });
});
