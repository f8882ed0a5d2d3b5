import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { listenLocally } from './local-socket.js';

let directory: string;
let path: string;
const servers: Server[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sallyport-local-'));
  path = join(directory, '.s.PGSQL.7432');
});
afterEach(async () => {
  for (const server of servers.splice(0)) if (server.listening) await closed(server);
  rmSync(directory, { recursive: true, force: true });
});

const closed = async (server: Server): Promise<void> => {
  server.close();
  await once(server, 'close');
};
const listen = async (at = directory): Promise<Server> => {
  const server = createServer((socket) => socket.on('error', () => undefined).end('hello'));
  servers.push(server);
  const report = (problem: Error): void => {
    throw problem;
  };
  await listenLocally(server, { variable: 'DIRECTORY', directory: at, port: 7432, report });
  return server;
};
const greeting = async (): Promise<string> => {
  const socket = connect({ path });
  const [said] = (await once(socket, 'data')) as [Buffer];
  return said.toString();
};

describe('a unix socket', () => {
  test('is there, for everybody who may enter the directory, and is gone with its server', async () => {
    const server = await listen();
    expect(await greeting()).toBe('hello');
    expect(statSync(path).isSocket()).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o666);
    await closed(server);
    expect(existsSync(path)).toBe(false);
  });

  test('that a killed process left behind is replaced', async () => {
    const script = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', script, path]);
    expect(statSync(path).isSocket()).toBe(true);
    await listen();
    expect(await greeting()).toBe('hello');
  });

  test('on which somebody listens is left alone', async () => {
    await listen();
    await expect(listen()).rejects.toThrow(`DIRECTORY ${path}: somebody listens there`);
    expect(await greeting()).toBe('hello');
  });

  test('does not take the place of a file', async () => {
    writeFileSync(path, 'precious');
    await expect(listen()).rejects.toThrow('something lies there that is no socket');
    expect(statSync(path).size).toBe(8);
  });

  test.each([
    ['a directory that is not there', '/nowhere', 'the directory is not there'],
    ['a path that no client could use', `/tmp/${'x'.repeat(100)}`, 'at most 107 bytes'],
  ])('%s is told', async (_name, at, why) => {
    await expect(listen(at)).rejects.toThrow(why);
  });
});
