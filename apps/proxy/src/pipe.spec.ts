import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { until } from '@sallyport/testing';
import { createSocketPipe } from './pipe.js';

let server: Server;
let ends: number;
let kept: Socket | undefined;
beforeEach(async () => {
  ends = 0;
  server = createServer({ allowHalfOpen: true }, (socket) => {
    kept = socket;
    const events = { data: () => undefined, drain: () => undefined, end: () => (ends += 1) };
    createSocketPipe(socket).attach(events);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => {
  kept?.destroy();
  server.close();
});
const arrive = async (): Promise<Socket> => {
  const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  await until(() => kept !== undefined);
  return socket;
};

describe('the other end', () => {
  test('says no more, is answered, and is told again when it is gone', async () => {
    const socket = await arrive();
    socket.end();
    await until(() => ends === 1);
    kept?.write('still here');
    const [heard] = (await once(socket, 'data')) as [Buffer];
    expect([heard.toString(), ends]).toEqual(['still here', 1]);
    kept?.end();
    await until(() => ends === 2);
  });

  test('that breaks off is told as both', async () => {
    const socket = await arrive();
    socket.resetAndDestroy();
    await until(() => ends === 2);
  });
});
