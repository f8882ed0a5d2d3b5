import { afterEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer, connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { Duplex, duplexPair } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { splice } from './splice.js';

/** client | proxySide ~ spliced ~ targetSide | target */
const spliced = () => {
  const [client, proxySide] = duplexPair();
  const [targetSide, target] = duplexPair();
  splice(proxySide, targetSide);
  for (const end of [client, target]) end.on('error', () => undefined);
  return { client, proxySide, targetSide, target };
};

const textOf = async (stream: Duplex): Promise<string> => {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
};

const opened: Duplex[] = [];
afterEach(() => {
  for (const stream of opened.splice(0)) stream.destroy();
});

/** Both ends of a real TCP connection. */
const tcpPair = async (allowHalfOpen: boolean): Promise<readonly [Socket, Socket]> => {
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, allowHalfOpen });
  const [far] = (await once(server, 'connection')) as [Socket];
  server.close();
  opened.push(near, far);
  for (const end of [near, far]) end.on('error', () => undefined);
  return [near, far];
};

describe('splice', () => {
  test('takes over a stream that was handed over paused, with what waits in it', async () => {
    const [client, proxySide] = duplexPair();
    const [targetSide, target] = duplexPair();
    targetSide.pause();
    target.write('early');
    await delay(5);
    splice(proxySide, targetSide);
    const [heard] = (await once(client, 'data')) as [Buffer];
    expect(String(heard)).toBe('early');
  });

  test('moves bytes both ways', async () => {
    const { client, target } = spliced();
    client.write('question');
    expect(String((await once(target, 'data'))[0])).toBe('question');
    target.write('answer');
    expect(String((await once(client, 'data'))[0])).toBe('answer');
  });

  test('reads no faster than the other side', async () => {
    const { target, targetSide, proxySide } = spliced();
    const chunk = Buffer.alloc(64 * 1024);
    let taken = 0;
    for (let count = 0; count < 200; count += 1) target.write(chunk, () => (taken += 1));
    await delay(50);
    expect(taken).toBeLessThan(20);
    expect(targetSide.isPaused()).toBe(true);
    expect(proxySide.writableLength).toBeLessThan(4 * chunk.length);
  });

  test('goes on once the other side reads again, and loses nothing', async () => {
    const { client, target } = spliced();
    const chunk = Buffer.alloc(64 * 1024, 7);
    for (let count = 0; count < 50; count += 1) target.write(chunk);
    target.end();
    await delay(20);
    let length = 0;
    for await (const part of client) length += (part as Buffer).length;
    expect(length).toBe(50 * chunk.length);
  });

  test('an end in one direction leaves the other open', async () => {
    const [proxySide, client] = await tcpPair(true);
    const [targetSide, target] = await tcpPair(false);
    splice(proxySide, targetSide);
    client.end('last question');
    expect(await textOf(target)).toBe('last question');
    target.end('last answer');
    expect(await textOf(client)).toBe('last answer');
  });

  test('what a target said before it hung up arrives, though the client writes on', async () => {
    const [proxySide, client] = await tcpPair(true);
    const [targetSide, target] = await tcpPair(false);
    splice(proxySide, targetSide);
    const said = 'x'.repeat(4 * 1024 * 1024);
    target.end(said);
    const noise = setInterval(() => client.write('more'), 1);
    const heard = await textOf(client).finally(() => clearInterval(noise));
    expect(heard.length).toBe(said.length);
  });

  test('a target that breaks ends the client after what was read of it', async () => {
    const { client, target, targetSide } = spliced();
    target.write('words');
    await delay(5);
    targetSide.destroy(new Error('reset'));
    expect(await textOf(client)).toBe('words');
  });

  test.each(['proxySide', 'targetSide'] as const)('the death of %s is the other side’s too', async (side) => {
    const ends = spliced();
    const other = side === 'proxySide' ? ends.targetSide : ends.proxySide;
    const far = side === 'proxySide' ? ends.target : ends.client;
    far.resume().on('end', () => far.end());
    ends[side].destroy();
    await once(other, 'close');
    expect(other.destroyed).toBe(true);
  });

  test('the death of a side that was waited for does not leave the other paused for ever', async () => {
    const { client, target, proxySide, targetSide } = spliced();
    target.write(Buffer.alloc(1024 * 1024));
    await delay(5);
    expect(targetSide.isPaused()).toBe(true);
    proxySide.destroy();
    target.resume().on('end', () => target.end());
    await once(targetSide, 'close');
    expect(client.readableFlowing).not.toBe(true);
  });

  test('a side that was dead before ends the other at once', async () => {
    const [, proxySide] = duplexPair();
    const dead = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
    dead.destroy();
    await once(dead, 'close');
    splice(proxySide, dead);
    expect(proxySide.destroyed).toBe(true);
  });
});
