import { describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { refuse } from '@sallyport/kernel';
import type { Permit, Question, Verdict } from '@sallyport/kernel';
import { postgres } from '@sallyport/postgres';
import { defaultLimits } from '@sallyport/protocol-core';
import { until } from '@sallyport/testing';
import { sha256 } from './digest.js';
import { drive } from './drive.js';
import type { Answerer, ClientPipe } from './drive.js';
import { createSocketPipe } from './pipe.js';
import type { Pipe, PipeEvents } from './pipe.js';

/** The brand is policy's; the driver only tells permits apart. */
const permitOf = (scope: Permit['scope']): Permit => ({ scope }) as never;
const decide = (question: Question): Verdict =>
  question.kind === 'command' && question.text.includes('denied')
    ? { kind: 'deny', refusal: refuse('denied', 'no') }
    : { kind: 'allow', permit: permitOf(question.kind === 'login' ? 'login' : 'command') };

/** A socket of a test: it has room for so much, and counts what is kept in it. */
interface TightPipe extends ClientPipe {
  events: PipeEvents | undefined;
  kept: number;
  reading: boolean;
}
const room = 65_536;
const tightPipe = (): TightPipe => {
  const pipe: TightPipe = {
    events: undefined,
    kept: 0,
    reading: false,
    attach(events) {
      pipe.events = events;
      pipe.reading = true;
    },
    write(bytes) {
      pipe.kept += bytes.length;
      return pipe.kept < room;
    },
    pause: () => void (pipe.reading = false),
    resume: () => void (pipe.reading = true),
    end: () => undefined,
    destroy: () => undefined,
    secure: (_unread, alpn) => Promise.resolve(alpn[0]),
  };
  return pipe;
};

const message = (type: string, body: Buffer | string = ''): Buffer => {
  const bytes = Buffer.from(body);
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(bytes.length + 4, 1);
  return Buffer.concat([head, bytes]);
};
const query = (text: string): Buffer => message('Q', `${text}\0`);
const startup = (): Buffer => {
  const body = Buffer.from('\0\0\0\0\0\x03\0\x02user\0billing\0\0', 'latin1');
  body.writeInt32BE(body.length, 0);
  return Buffer.concat([body, message('p', 'token\0')]);
};
const rows = (count: number): Buffer =>
  Buffer.concat(
    Array.from({ length: count }, () => message('D', Buffer.from([0, 1, 0, 0, 0, 4, 0x61, 0x61, 0x61, 0x61]))),
  );
const description = message('T', Buffer.concat([Buffer.from([0, 1]), Buffer.from('a\0'), Buffer.alloc(18)]));

const begin = async (client: ClientPipe, target: Pipe): Promise<void> => {
  let opened = false;
  const answerer: Answerer = {
    ask: (_id, question) => decide(question),
    dial: () =>
      Promise.resolve({
        kind: 'opened',
        greeting: { parameters: {}, transaction: 'idle', trailing: new Uint8Array() },
        pipe: { ...target, attach: (events) => ((opened = true), target.attach(events)) },
      }),
    cancellable: () => undefined,
    stop: () => Promise.resolve(),
    note: () => undefined,
    closed: () => undefined,
  };
  const session = postgres.open({
    limits: defaultLimits,
    random: (length) => new Uint8Array(length),
    digest: sha256,
    loopback: true,
    tls: false,
  });
  drive({
    session,
    client,
    answerer,
    report: (error) => {
      throw error;
    },
  });
  if ('kept' in client) (client as TightPipe).events?.data(startup());
  await until(() => opened);
};

/** Feeds a pipe as long as it is read, and says how much it took. */
const pour = (pipe: TightPipe, chunk: Buffer, most: number): number => {
  let poured = 0;
  while (pipe.reading && poured < most) {
    pipe.events?.data(chunk);
    poured += chunk.length;
  }
  return poured;
};
const endless = 4 * 1024 * 1024;

describe('what is kept for somebody who is slow', () => {
  test('rows for a client that does not read stay with the target', async () => {
    const [client, target] = [tightPipe(), tightPipe()];
    await begin(client, target);
    client.events?.data(query('select'));
    target.events?.data(description);
    expect(pour(target, rows(1000), endless)).toBeLessThan(2 * room);
    expect(client.kept).toBeLessThan(2 * room);
  });

  test('refusals for a client that does not read stay unread with it', async () => {
    const [client, target] = [tightPipe(), tightPipe()];
    await begin(client, target);
    pour(client, query('denied'), endless);
    expect(client.kept).toBeLessThan(2 * room);
    client.kept = 0;
    client.events?.drain();
    expect(client.reading).toBe(true);
  });

  test('commands for a target that does not read stay with the client, and each side waits for its own reasons', async () => {
    const [client, target] = [tightPipe(), tightPipe()];
    await begin(client, target);
    expect(pour(client, query(`select ${'x'.repeat(1000)}`), endless)).toBeLessThan(2 * room);
    expect(target.kept).toBeLessThan(2 * room);
    // The client's side fills up too: it is read on only when both have room.
    target.events?.data(description);
    pour(target, rows(1000), endless);
    expect([client.reading, target.reading]).toEqual([false, false]);
    target.events?.drain();
    expect([client.reading, target.reading]).toEqual([false, false]);
    client.events?.drain();
    expect([client.reading, target.reading]).toEqual([true, true]);
  });

  test('what must wait for the target to speak is left in the socket, and the session lives', async () => {
    const [client, target] = [tightPipe(), tightPipe()];
    await begin(client, target);
    // What follows is read differently afterwards, so nothing of it is decided before.
    client.events?.data(query('set search_path = other'));
    const poured = pour(client, query(`select ${'x'.repeat(10_000)}`), endless);
    expect(poured).toBeLessThan(2 * room);
    target.kept = 0;
    target.events?.data(Buffer.concat([message('C', 'SET\0'), message('Z', 'I')]));
    expect(target.kept).toBe(poured);
    expect(client.reading).toBe(true);
  });

  test('over real sockets: what waits in the gateway is no more than one buffer', async () => {
    const sides: Socket[] = [];
    const server = createServer((socket) => void sides.push(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const dial = async (): Promise<{ ours: Socket; theirs: Socket }> => {
      const theirs = connect((server.address() as AddressInfo).port, '127.0.0.1');
      await once(theirs, 'connect');
      await until(() => sides.length > 0);
      const ours = sides.pop();
      if (ours === undefined) throw new Error('no socket');
      theirs.on('error', () => undefined);
      return { ours, theirs };
    };
    const [client, target] = [await dial(), await dial()];
    let paused = false;
    const pipe = createSocketPipe(target.ours);
    const began = begin(
      { ...createSocketPipe(client.ours), secure: () => Promise.reject(new Error('no TLS here')) },
      { ...pipe, pause: () => ((paused = true), pipe.pause()), resume: () => ((paused = false), pipe.resume()) },
    );
    client.theirs.pause();
    client.theirs.write(Buffer.concat([startup(), query('select')]));
    await began;
    await once(target.theirs, 'data');
    target.theirs.write(description);
    const chunk = rows(4000);
    const push = (): void => {
      while (target.theirs.writable && target.theirs.write(chunk));
    };
    target.theirs.on('drain', push);
    push();
    // The target's side is stuck: what it sent is in the kernel's hands and ours.
    await until(() => paused && target.theirs.writableNeedDrain && client.ours.writableNeedDrain);
    expect(client.ours.writableLength).toBeLessThan(512 * 1024);
    expect(target.ours.readableLength).toBeLessThan(512 * 1024);
    for (const { ours, theirs } of [client, target]) {
      ours.destroy();
      theirs.destroy();
    }
    server.close();
  });
});
