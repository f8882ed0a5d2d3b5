import { afterEach, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { gatherWrite, release } from './gather.js';

const open: { destroy(): void }[] = [];
const servers: Server[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each.destroy();
  for (const each of servers.splice(0)) each.close();
});

/** Two ends of one connection, and what came at the far one. */
const pair = async (): Promise<{ readonly near: Socket; readonly came: () => string }> => {
  const listening = createServer();
  servers.push(listening);
  listening.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const near = connect((listening.address() as AddressInfo).port, '127.0.0.1');
  const [far] = (await once(listening, 'connection')) as [Socket];
  open.push(near, far);
  let came = '';
  far.setEncoding('latin1').on('data', (text: string) => (came += text));
  await once(near, 'connect');
  return { near, came: () => came };
};

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const everything = async (came: () => string, length: number): Promise<string> => {
  while (came().length < length) await turn();
  return came();
};

test('small writes wait for the end of the turn, in order, and no longer', async () => {
  const { near, came } = await pair();
  expect(gatherWrite(near, bytes('a'))).toBe(true);
  gatherWrite(near, bytes('b'));
  expect(near.bytesWritten - near.writableLength).toBe(0);
  expect(near.writableLength).toBe(2);
  await turn();
  expect(near.writableLength).toBe(0);
  expect(await everything(came, 2)).toBe('ab');
});

test('a long write takes along what waited before it, and waits for nothing', async () => {
  const { near, came } = await pair();
  gatherWrite(near, bytes('first'));
  gatherWrite(near, bytes('x'.repeat(100_000)));
  expect(near.writableCorked).toBe(0);
  expect(await everything(came, 100_005)).toBe(`first${'x'.repeat(100_000)}`);
});

test('many small ones do not pile up', async () => {
  const { near, came } = await pair();
  let most = 0;
  for (let index = 0; index < 1_000; index++) {
    gatherWrite(near, bytes('y'.repeat(1_000)));
    most = Math.max(most, near.writableCorked);
    if (near.writableCorked > 0) expect(near.writableLength).toBeLessThan(20_000);
  }
  expect(most).toBe(1);
  expect((await everything(came, 1_000_000)).length).toBe(1_000_000);
});

test('released, or ended, it goes at once', async () => {
  const { near, came } = await pair();
  gatherWrite(near, bytes('a'));
  release(near);
  expect(near.writableCorked).toBe(0);
  gatherWrite(near, bytes('b'));
  near.end();
  expect(await everything(came, 2)).toBe('ab');
});

test('very many sockets in one turn are not kept waiting for each other', async () => {
  const pairs = await Promise.all(Array.from({ length: 40 }, () => pair()));
  for (const { near } of pairs) gatherWrite(near, bytes('z'));
  expect(pairs.filter(({ near }) => near.writableCorked > 0).length).toBeLessThan(20);
  for (const { came } of pairs) expect(await everything(came, 1)).toBe('z');
});
