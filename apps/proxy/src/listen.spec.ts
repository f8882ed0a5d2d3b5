import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect as connectTls, createSecureContext } from 'node:tls';
import type { SecureContext } from 'node:tls';
import { postgres } from '@sallyport/postgres';
import { openTarget } from '@sallyport/postgres/login';
import { until } from '@sallyport/testing';
import { createTestAuthority } from '../testing/authority.js';
import { analyses, policies, subagent } from '../testing/billing.js';
import { openHouse } from '../testing/house.js';
import type { House } from '../testing/house.js';
import { createListener } from './listen.js';
import type { ClientListener, ListenLimits } from './listen.js';
import { tlsMaterial } from './node.js';

/** Clients that never show who they are, over real sockets: bounded in time and in number. */
let house: House;
let context: SecureContext;
beforeAll(async () => {
  house = await openHouse({ open: openTarget, analyses, policies, subagents: [subagent('etl')], seed: [] });
  const { key, cert } = tlsMaterial(await (await createTestAuthority()).issue('proxy', 'gate'));
  context = createSecureContext({ key, cert });
}, 60_000);
afterAll(() => house.stop());

let listener: ClientListener | undefined;
let server: Server;
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server.close();
  waiting.clear();
});

const patient: ListenLimits = { token: 60_000, target: 60_000, overall: 100, perAddress: 100 };
/** Time in a test's hands: what waits for it, by how long. */
const waiting = new Map<() => void, number>();
const after = (milliseconds: number, act: () => void): (() => void) => {
  waiting.set(act, milliseconds);
  return () => void waiting.delete(act);
};
const passes = (milliseconds: number): void => {
  for (const [act, patience] of [...waiting]) if (patience <= milliseconds) act();
};
const listenWith = async (limits: Partial<ListenLimits>): Promise<ClientListener> => {
  const { gate } = house.proxy;
  const report = (error: unknown): void => {
    throw error;
  };
  listener = createListener({
    gate,
    protocol: postgres,
    tls: () => context,
    report,
    limits: { ...patient, ...limits },
    after,
  });
  server = listener.door('network').listen(0);
  await once(server, 'listening');
  return listener;
};

interface Stranger {
  readonly socket: Socket;
  readonly heard: () => string;
  readonly gone: () => boolean;
}
const arrive = async (from = '127.0.0.1'): Promise<Stranger> => {
  const { port } = server.address() as AddressInfo;
  const socket = connect({ port, host: '127.0.0.1', localAddress: from });
  sockets.push(socket);
  let heard = '';
  let gone = false;
  socket.on('error', () => undefined);
  socket.on('data', (bytes) => (heard += bytes.toString('latin1')));
  socket.on('close', () => (gone = true));
  await once(socket, 'connect');
  return { socket, heard: () => heard, gone: () => gone };
};

const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
const startup = (): Buffer => {
  const body = Buffer.from('\0\0\0\0\0\x03\0\0user\0billing\0\0', 'latin1');
  body.writeInt32BE(body.length, 0);
  return body;
};
/** The beginning of a TLS record that announces more than ever comes. */
const halfHello = Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]);

describe('strangers who take their time', () => {
  test.each<[string, (stranger: Stranger) => Promise<unknown>]>([
    ['says nothing', () => Promise.resolve()],
    ['sends half a start-up packet', async ({ socket }) => socket.write(startup().subarray(0, 9))],
    [
      'asks for TLS and does not begin it',
      async ({ socket, heard }) => (socket.write(sslRequest), until(() => heard() === 'S')),
    ],
    [
      'stops in the middle of a handshake',
      async ({ socket, heard }) => {
        socket.write(sslRequest);
        await until(() => heard() === 'S');
        socket.write(halfHello);
      },
    ],
    ['stops in the middle of a handshake that it did not ask for', async ({ socket }) => socket.write(halfHello)],
    [
      'is silent inside TLS',
      async ({ socket }) => {
        const secure = connectTls({ socket, rejectUnauthorized: false, ALPNProtocols: ['postgresql'] });
        secure.on('error', () => undefined);
        secure.resume();
        await once(secure, 'secureConnect');
      },
    ],
    [
      'never sends its token',
      async ({ socket, heard }) => (socket.write(startup()), until(() => heard().startsWith('R'))),
    ],
  ])('one that %s is sent away', async (_name, act) => {
    await listenWith({});
    const stranger = await arrive();
    await until(() => waiting.size === 1);
    await act(stranger);
    passes(patient.token - 1);
    expect(stranger.gone()).toBe(false);
    passes(patient.token);
    await until(() => stranger.gone() && listener?.connections === 0);
    expect(waiting.size).toBe(0);
  });

  test('what it can read, it is told', async () => {
    await listenWith({});
    const stranger = await arrive();
    await until(() => waiting.size === 1);
    passes(patient.token);
    await until(() => stranger.gone());
    expect(stranger.heard()).toContain('C54000');
  });
});

describe('strangers who are many', () => {
  test('an address that has too many loses its oldest, and nobody else does', async () => {
    await listenWith({ perAddress: 3 });
    const other = await arrive('127.0.0.2');
    const crowd: Stranger[] = [];
    for (let index = 0; index < 5; index += 1) crowd.push(await arrive());
    await until(() => crowd[0]?.gone() === true && crowd[1]?.gone() === true);
    expect(crowd.slice(2).map(({ gone }) => gone())).toEqual([false, false, false]);
    expect(other.gone()).toBe(false);
    expect(crowd[0]?.heard()).toContain('C54000');
  });

  test('where there is no room at all, the address that has most pays', async () => {
    await listenWith({ overall: 4 });
    const quiet = await arrive('127.0.0.2');
    const crowd: Stranger[] = [];
    for (let index = 0; index < 6; index += 1) crowd.push(await arrive());
    await until(() => crowd.filter(({ gone }) => gone()).length === 3);
    expect([quiet.gone(), crowd[5]?.gone()]).toEqual([false, false]);
  });

  test('a flood of them keeps nobody out who has a token', async () => {
    await listenWith({ overall: 5, perAddress: 5 });
    const { port } = server.address() as AddressInfo;
    for (let index = 0; index < 20; index += 1) await arrive();
    const client = await house.client(await house.token('etl'), { port });
    for (let index = 0; index < 20; index += 1) await arrive();
    expect((await client.query('BEGIN')).command).toBe('BEGIN');
    await client.end();
  });

  test('a peer that is gone without a word is found out', async () => {
    await listenWith({});
    expect([Reflect.get(server, 'keepAlive'), Reflect.get(server, 'keepAliveInitialDelay')]).toEqual([true, 30]);
  });
});
