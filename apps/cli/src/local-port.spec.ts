import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { encodeQuery, encodeRequest, encodeStartup, requestCode } from '@sallyport/postgres';
import { until } from '@sallyport/testing';
import { makeCertificate } from '../testing/tls-front.js';
import type { Gate } from './gate.js';
import { type LocalPort, openLocalPort } from './local-port.js';

const secret = 'eyJ.token-of-etl.x';
type Certificate = Awaited<ReturnType<typeof makeCertificate>>;
let right: Certificate;
let wrong: Certificate;
let elsewhere: Certificate;
beforeAll(async () => {
  [right, wrong, elsewhere] = (await Promise.all(
    [['127.0.0.1'], ['127.0.0.1'], ['gate.example.com']].map((hosts) => makeCertificate(hosts)),
  )) as [Certificate, Certificate, Certificate];
});

const message = (type: string, body: Uint8Array = new Uint8Array()): Buffer => {
  const head = Buffer.from([type.charCodeAt(0), 0, 0, 0, 0]);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
};
const asksPassword = message('R', Buffer.from([0, 0, 0, 3]));
const asksMd5 = message('R', Buffer.from([0, 0, 0, 5, 1, 2, 3, 4]));
const accepts = message('R', Buffer.from([0, 0, 0, 0]));
const negotiates = message('v', Buffer.from([0, 3, 0, 2, 0, 0, 0, 0]));
const refuses = message('E', Buffer.from('SFATAL\0C28P01\0Mno\0\0'));

interface GateScript {
  /** To the request for TLS. */
  readonly answer: Buffer | 'hang up';
  readonly certificate: Certificate;
  /** Inside TLS, to the start-up. */
  readonly says: Buffer;
  /** After what looks like a password, if it comes. */
  readonly then: Buffer;
  /** As many bytes at a time. */
  readonly slices: number;
}

const closers: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A gate that does as it is told, and remembers what it heard, before and inside TLS. */
async function startGate(script: Partial<GateScript> = {}) {
  const {
    answer = Buffer.from('S'),
    certificate = right,
    says = asksPassword,
    then = accepts,
    slices = 1_000,
  } = script;
  const heard = { plain: Buffer.alloc(0), secure: Buffer.alloc(0), connections: 0 };
  const send = (socket: Socket, bytes: Buffer): void => {
    for (let at = 0; at < bytes.length; at += slices) socket.write(bytes.subarray(at, at + slices));
  };
  const server: Server = createServer((socket) => {
    heard.connections++;
    socket.on('error', () => undefined);
    socket.once('data', (request: Buffer) => {
      heard.plain = Buffer.concat([heard.plain, request]);
      if (answer === 'hang up') return void socket.end();
      socket.write(answer);
      if (answer[0] !== 0x53) return;
      const secure = new TLSSocket(socket, { isServer: true, cert: certificate.certificate, key: certificate.key });
      secure.on('error', () => undefined);
      secure.once('data', (startup: Buffer) => {
        heard.secure = Buffer.concat([heard.secure, startup]);
        send(secure, says);
        let answered = false;
        secure.on('data', (more: Buffer) => {
          heard.secure = Buffer.concat([heard.secure, more]);
          if (!answered) send(secure, then);
          answered = true;
        });
      });
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => void server.close());
  return { heard, port: (server.address() as AddressInfo).port };
}

async function open(gate: Partial<Gate> & { readonly port: number }, token = () => Promise.resolve(secret)) {
  const notes: string[] = [];
  const local = await openLocalPort({
    port: 0,
    gate: { host: '127.0.0.1', ca: right.authority, insecure: false, ...gate },
    connection: 'billing',
    token,
    note: (text) => notes.push(text),
  });
  closers.push(() => local.close());
  return { local, notes };
}

/** A client that has heard `enough`, or all that there was. */
async function client({ port }: LocalPort, ...says: readonly Uint8Array[]) {
  const socket = connect({ host: '127.0.0.1', port });
  closers.push(() => void socket.destroy());
  const state = { heard: Buffer.alloc(0), ended: false };
  socket.on('data', (bytes: Buffer) => (state.heard = Buffer.concat([state.heard, bytes])));
  socket.on('close', () => (state.ended = true)).on('error', () => undefined);
  await once(socket, 'connect');
  for (const bytes of says) socket.write(bytes);
  return { socket, state };
}
const startup = encodeStartup({ user: 'somebody', database: 'app', application_name: 'x' });

describe('the token goes to the gate that proves itself, and to nobody else', () => {
  test('asked for in clear text, inside TLS: it is sent, and the bytes flow', async () => {
    const gate = await startGate();
    const { local, notes } = await open(gate);
    const { state, socket } = await client(
      local,
      encodeRequest(requestCode.gss),
      encodeRequest(requestCode.tls),
      startup,
    );
    await until(() => state.heard.length >= accepts.length + 2, 'the client is let in');
    expect(state.heard).toEqual(Buffer.concat([Buffer.from('NN'), accepts]));
    socket.write(encodeQuery('select 1'));
    await until(() => gate.heard.secure.includes('select 1'), 'the query arrives');
    const text = gate.heard.secure.toString('latin1');
    expect(text).toContain('user\0billing\0');
    expect(text).toContain('database\0app\0');
    expect(text.split(secret)).toHaveLength(2);
    expect(gate.heard.plain).toEqual(Buffer.from(encodeRequest(requestCode.tls)));
    expect(notes).toEqual([]);
  });

  test('what the gate negotiates first is the client’s, however it is cut', async () => {
    for (const slices of [1, 3, 1_000]) {
      const gate = await startGate({ says: Buffer.concat([negotiates, asksPassword]), slices });
      const { local } = await open(gate);
      const { state } = await client(local, startup);
      await until(() => state.heard.length >= negotiates.length + accepts.length, 'the client is let in');
      expect(state.heard).toEqual(Buffer.concat([negotiates, accepts]));
      expect(gate.heard.secure.includes(secret)).toBe(true);
    }
  });

  const refusing: readonly (readonly [string, Partial<GateScript>, Buffer])[] = [
    ['another kind of password is asked for', { says: asksMd5 }, asksMd5],
    ['the gate refuses', { says: refuses }, refuses],
    ['no password is asked for', { says: accepts }, accepts],
  ];
  test.each(refusing)('%s: the client hears it, and the token is not sent', async (_name, script, expected) => {
    const gate = await startGate(script);
    const { local } = await open(gate);
    const { state } = await client(local, startup);
    await until(() => state.heard.length >= expected.length, 'the client hears it');
    expect(state.heard).toEqual(expected);
    expect(gate.heard.secure.includes(secret)).toBe(false);
  });

  const failing: readonly (readonly [string, () => Partial<GateScript>, string, string])[] = [
    ['no TLS there', () => ({ answer: Buffer.from('N') }), 'does not offer TLS', 'gate_without_tls'],
    ['something said before TLS', () => ({ answer: Buffer.from('SR') }), 'does not offer TLS', 'gate_without_tls'],
    ['it hangs up', () => ({ answer: 'hang up' }), 'hung up', 'gate_unreachable'],
    ['an unknown authority', () => ({ certificate: wrong }), 'is not who its certificate must prove', 'gate_untrusted'],
    [
      'a certificate of another host',
      () => ({ certificate: elsewhere }),
      'is not who its certificate must prove',
      'gate_untrusted',
    ],
  ];
  test.each(failing)(
    '%s: the client is told why, the token is not sent, the port stays',
    async (_name, script, why, code) => {
      const gate = await startGate(script());
      const { local, notes } = await open({
        ...gate,
        ca: right.authority + (script().certificate === elsewhere ? elsewhere.authority : ''),
      });
      for (let connection = 1; connection <= 2; connection++) {
        const { state } = await client(local, startup);
        await until(() => state.ended, 'the client is told');
        const text = state.heard.toString('latin1');
        expect([text[0], text.slice(5)]).toEqual(['E', expect.stringMatching(/^SFATAL\0VFATAL\0C08001\0M/)]);
        expect(text).toContain(why);
        expect(text).toContain(`\0D{"code":"${code}"}\0`);
        expect(notes).toHaveLength(connection);
        expect(notes.join()).toContain(why);
      }
      expect(gate.heard.plain.includes(secret) || gate.heard.secure.includes(secret)).toBe(false);
    },
  );

  test('nobody there', async () => {
    const gate = await startGate();
    await closers.pop()?.();
    const { local, notes } = await open(gate);
    const { state } = await client(local, startup);
    await until(() => state.ended, 'the client is told');
    expect(notes.join()).toMatch(/cannot be reached: .*ECONNREFUSED/);
  });

  test('--insecure takes anybody', async () => {
    const gate = await startGate({ certificate: wrong });
    const { local } = await open({ ...gate, insecure: true });
    const { state } = await client(local, startup);
    await until(() => state.heard.length >= accepts.length, 'the client is let in');
    expect(gate.heard.secure.includes(secret)).toBe(true);
  });
});

describe('the local port', () => {
  test('a token that cannot be had is told to the client, and the gate is not troubled', async () => {
    const gate = await startGate();
    const { local } = await open(gate, () => Promise.reject(new Error('broken')));
    const { state } = await client(local, startup);
    await until(() => state.ended, 'the client is told');
    expect([state.heard[0], gate.heard.connections]).toEqual([0x45, 0]);
  });

  test.each([
    ['not PostgreSQL', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['a length of nothing', Buffer.from([0, 0, 0, 0, 0, 0, 0, 0])],
    ['a length without end', Buffer.from([0x7f, 0xff, 0xff, 0xff])],
    ['an old protocol', Buffer.from([0, 0, 0, 8, 0, 2, 0, 0])],
    ['TLS at once', Buffer.from([0x16, 3, 1, 0, 5, 1, 0, 0, 1, 3])],
  ])('%s is hung up on, and the gate is not troubled', async (_name, bytes) => {
    const gate = await startGate();
    const { local } = await open(gate);
    const { state } = await client(local, bytes);
    await until(() => state.ended, 'it is hung up');
    expect([state.heard.length, gate.heard.connections]).toEqual([0, 0]);
  });

  test('a cancel goes to the gate as it is, inside TLS, without the token', async () => {
    const gate = await startGate();
    const { local } = await open(gate);
    const cancel = Buffer.from(encodeRequest(requestCode.cancel, Buffer.from([0, 0, 0, 1, 9, 9, 9, 9])));
    await client(local, cancel);
    await until(() => gate.heard.secure.length > 0, 'it arrives');
    expect(gate.heard.secure).toEqual(cancel);
  });

  test('who hangs up ends the other side', async () => {
    const gate = await startGate();
    const { local } = await open(gate);
    const { state, socket } = await client(local, startup);
    await until(() => state.heard.length > 0, 'the client is let in');
    socket.destroy();
    await local.close();
    const again = await open(gate);
    const second = await client(again.local, startup);
    await until(() => second.state.heard.length > 0, 'the second is let in');
    await again.local.close();
    await until(() => second.state.ended, 'closing ends the client');
  });
});
