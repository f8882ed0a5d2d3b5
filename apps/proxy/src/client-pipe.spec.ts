import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { connect as connectPlain, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect as connectTls, createSecureContext } from 'node:tls';
import { tlsMaterial } from './node.js';
import { createTestAuthority } from '../testing/authority.js';
import { createClientPipe } from './client-pipe.js';

let server: Server;
let port: number;
/** What the next connection does with its first bytes. */
let behave: (first: Buffer) => { readonly unread: Uint8Array; readonly reply: string };

beforeAll(async () => {
  const { key, cert } = tlsMaterial(await (await createTestAuthority()).issue('proxy', 'gate'));
  const context = createSecureContext({ key, cert });
  server = createServer((socket) => {
    const pipe = createClientPipe(socket, () => context);
    let secured = false;
    let alpn: string | undefined = 'never';
    pipe.attach({
      data: (bytes) => {
        if (secured) return void pipe.write(Buffer.from(`${alpn} ${Buffer.from(bytes).toString()}`));
        secured = true;
        const { unread, reply } = behave(Buffer.from(bytes));
        // The reply is gathered, and TLS begins in between.
        if (reply !== '') pipe.write(Buffer.from(reply));
        pipe.secure(unread, ['postgresql']).then(
          (chosen) => (alpn = chosen),
          () => pipe.destroy(),
        );
      },
      drain: () => undefined,
      end: () => pipe.end(),
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  server.close();
});

const echo = async (socket: Socket, alpn: boolean): Promise<string> => {
  const tls = connectTls({
    ...(socket.remoteAddress === undefined ? { port, host: '127.0.0.1' } : { socket }),
    rejectUnauthorized: false,
    ...(alpn ? { ALPNProtocols: ['postgresql'] } : {}),
  });
  await once(tls, 'secureConnect');
  tls.write('hello');
  const [answer] = (await once(tls, 'data')) as [Buffer];
  tls.destroy();
  return answer.toString();
};

const plain = async (): Promise<Socket> => {
  const socket = connectPlain(port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
};

describe('client pipe', () => {
  test('becomes TLS after a plain request', async () => {
    behave = () => ({ unread: new Uint8Array(), reply: 'S' });
    const socket = await plain();
    socket.write('SSLRequest');
    expect(String(await once(socket, 'data'))).toBe('S');
    expect(await echo(socket, false)).toBe('undefined hello');
  });

  test('becomes TLS when the handshake is what came first', async () => {
    behave = (first) => ({ unread: first, reply: '' });
    expect(await echo({} as Socket, true)).toBe('postgresql hello');
  });

  test('what is no handshake ends that connection', async () => {
    behave = () => ({ unread: new Uint8Array(), reply: 'S' });
    const socket = await plain();
    socket.on('error', () => undefined);
    socket.write('SSLRequest');
    await once(socket, 'data');
    socket.write('this is no ClientHello at all, and never will be one');
    await once(socket, 'close');
    expect(socket.destroyed).toBe(true);
  });
});
