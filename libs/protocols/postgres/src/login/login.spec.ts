import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startPostgres, untilRunning } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import { encodeQuery } from '../client.js';
import { from, int32, ready, summary } from '../../testing/rig.js';
import { createBackendDecoder } from '../client.js';
import { openTarget } from './index.js';
import type { TargetOptions } from './index.js';

const password = 'correct horse battery staple';
let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres({ password });
});
afterAll(() => server.stop());
const real = (more: Partial<TargetOptions> = {}): TargetOptions => ({
  host: server.host,
  port: server.port,
  user: server.user,
  password,
  database: 'postgres',
  tls: 'disable',
  ...more,
});

/** What a target says, in however many pieces, until it is idle. */
const heardUntilIdle = (stream: Duplex): Promise<string> =>
  new Promise((resolve) => {
    const decode = createBackendDecoder(1 << 20);
    let heard = '';
    stream.on('data', (chunk: Buffer) => {
      heard = `${heard} ${summary(decode(chunk))}`.trim();
      if (heard.endsWith('Z(idle)')) resolve(heard);
    });
    stream.resume();
  });

describe('a real target', () => {
  test('SCRAM, the greeting, the parameters, and a stream that is nobody’s but ours', async () => {
    const parameters = { application_name: 'sally', search_path: 'pg_catalog', client_encoding: 'UTF8' };
    const target = await openTarget(real({ parameters }));
    expect(target.greeting).toMatchObject({
      transaction: 'idle',
      parameters: { client_encoding: 'UTF8', application_name: 'sally' },
    });
    expect(target.greeting.trailing).toHaveLength(0);
    expect(target.stream.listenerCount('data')).toBe(0);
    const answer = heardUntilIdle(target.stream);
    target.stream.write(encodeQuery('show search_path'));
    expect(await answer).toBe('T D(pg_catalog) C(SHOW) Z(idle)');
    target.stream.destroy();
  });

  test('cancel stops what runs', async () => {
    const target = await openTarget(real());
    const answer = heardUntilIdle(target.stream);
    target.stream.write(encodeQuery('select pg_sleep(20)'));
    const watching = await server.connect();
    await untilRunning(watching, 'pg_sleep(20)');
    await watching.end();
    await target.cancel();
    expect(await answer).toMatch(/E\(57014\) Z\(idle\)$/);
    target.stream.destroy();
  });

  test.each([
    ['a wrong password', { password: 'wrong-secret' }, { failure: 'authentication_failed', sqlstate: '28P01' }],
    ['no such database', { database: 'nowhere' }, { failure: 'target_error', sqlstate: '3D000' }],
    ['no TLS where it is required', { tls: 'require' }, { failure: 'tls_refused' }],
    ['no TLS where it is to be verified', { tls: 'verify-full' }, { failure: 'tls_refused' }],
  ] as const)('%s is told without secrets', async (_name, more, expected) => {
    const error: unknown = await openTarget(real(more)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject(expected);
    expect(JSON.stringify(error) + String(error)).not.toMatch(/secret|horse/);
  });

  test('nobody there, and a call that is given up', async () => {
    await expect(openTarget(real({ port: 1 }))).rejects.toMatchObject({ failure: 'unreachable' });
    await expect(openTarget(real({ signal: AbortSignal.abort() }))).rejects.toThrow();
  });
});

/** A target that does what `script` says, whatever it hears. */
const hostile = async (
  script: (socket: Socket, heard: Buffer) => void,
): Promise<{ port: number; stop(): Promise<void> }> => {
  const sockets = new Set<Socket>();
  const fake = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (heard) => script(socket, heard as Buffer));
  });
  await new Promise<void>((resolve) => fake.listen(0, '127.0.0.1', resolve));
  return {
    port: (fake.address() as AddressInfo).port,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => fake.close(resolve));
    },
  };
};
const scram = from('R', int32(10), 'SCRAM-SHA-256\0\0');

describe('a hostile target', () => {
  const cases: [string, Partial<TargetOptions>, (socket: Socket, heard: Buffer) => void, string][] = [
    [
      'endless SCRAM iterations',
      {},
      (socket, heard) => {
        if (heard[0] !== 0x70) return void socket.write(scram);
        const nonce = /r=([^,]+)$/.exec(heard.toString())?.[1] ?? '';
        socket.write(from('R', int32(11), `r=${nonce}xyz,s=c2FsdA==,i=2147483647`));
      },
      'authentication_failed',
    ],
    [
      'a proof that it knows the password, and is none',
      {},
      (socket, heard) => {
        if (heard[0] !== 0x70) return void socket.write(scram);
        const nonce = /r=([^,]+)$/.exec(heard.toString())?.[1];
        if (nonce !== undefined) socket.write(from('R', int32(11), `r=${nonce}xyz,s=c2FsdA==,i=4096`));
        else socket.write(Buffer.concat([from('R', int32(12), 'v=AAAA'), from('R', int32(0)), ready()]));
      },
      'authentication_failed',
    ],
    [
      'a nonce that is not the client’s',
      {},
      (socket, heard) => {
        if (heard[0] !== 0x70) return void socket.write(scram);
        socket.write(from('R', int32(11), 'r=somebody-else,s=c2FsdA==,i=4096'));
      },
      'authentication_failed',
    ],
    [
      'mechanisms that nobody knows',
      {},
      (socket) => void socket.write(from('R', int32(10), 'PLAIN\0\0')),
      'authentication_failed',
    ],
    // What the library that answers cannot read it throws out of its socket's event, where it would end the process.
    ...(
      [
        ['a login that is not carried', from('R', int32(7))],
        ['a login that nobody knows', from('R', int32(99))],
        ['a login without a method', from('R')],
        ['a key cut short', from('K', [0])],
        ['a status without an end', from('S', 'a')],
        ['an error without an end', from('E', 'SFATAL')],
        ['a description cut short', from('T', [0xff, 0xff])],
        ['a row cut short', from('D', [0, 9, 0x7f])],
        ['a ReadyForQuery without a status', from('Z')],
        ['a SCRAM answer out of turn', from('R', int32(11), 'x')],
        ['a SCRAM end out of turn', from('R', int32(12), 'v=')],
        ['a COPY', from('G', [9])],
        ['a notification cut short', from('A', [0])],
      ] as const
    ).map(
      ([name, bytes]) =>
        [
          name,
          { connectTimeoutMs: 60_000 },
          (socket: Socket) =>
            void socket.end(
              Buffer.concat([
                from('R', int32(0)).subarray(0, name.includes('login') || name.includes('SCRAM') ? 0 : 9),
                bytes,
              ]),
            ),
          '',
        ] as [string, Partial<TargetOptions>, (socket: Socket) => void, string],
    ),
    ['asks for the password itself', {}, (socket) => void socket.write(from('R', int32(3))), 'authentication_failed'],
    [
      'asks for an MD5 of it',
      {},
      (socket) => void socket.write(from('R', int32(5), int32(1))),
      'authentication_failed',
    ],
    [
      'an error without SQLSTATE',
      {},
      (socket) => void socket.write(from('E', 'SFATAL\0Mhorse secret\0\0')),
      'unreachable',
    ],
    ['an early end', {}, (socket) => void socket.end(), 'unreachable'],
    ['nonsense', {}, (socket) => void socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'), 'target_error'],
    [
      'a length without end',
      {},
      (socket) => void socket.write(Buffer.from([0x53, 0x7f, 0xff, 0xff, 0xff])),
      'target_error',
    ],
    [
      'notices without end',
      {},
      (socket) => {
        for (let index = 0; index < 40; index += 1) socket.write(from('N', `M${'x'.repeat(60_000)}\0\0`));
      },
      'target_error',
    ],
    ['silence', { connectTimeoutMs: 200 }, () => undefined, 'unreachable'],
    ['N to a request for TLS', { tls: 'require' }, (socket) => void socket.write('N'), 'tls_refused'],
    [
      'text before TLS',
      { tls: 'require' },
      (socket) => void socket.write(Buffer.concat([Buffer.from('S'), ready()])),
      'tls_refused',
    ],
    [
      'an error to a request for TLS',
      { tls: 'verify-full' },
      (socket) => void socket.write(from('E', 'SFATAL\0\0')),
      'tls_refused',
    ],
  ];
  test.each(cases)('%s', async (_name, more, script, failure) => {
    const heardAll: Buffer[] = [];
    const fake = await hostile((socket, heard) => {
      heardAll.push(heard);
      script(socket, heard);
    });
    const error: unknown = await openTarget(real({ port: fake.port, ...more })).catch((thrown: unknown) => thrown);
    await fake.stop();
    expect(error).toMatchObject({ name: 'LoginError', ...(failure === '' ? {} : { failure }) });
    expect(String(error)).not.toMatch(/secret|horse/);
    expect(Buffer.concat(heardAll).toString()).not.toContain(password);
  });

  test('a cancel is not undone by what a target says to it', async () => {
    let connections = 0;
    const fake = await hostile((socket) => {
      connections += 1;
      if (connections > 1) return void socket.end(from('R', int32(7)));
      socket.write(Buffer.concat([from('R', int32(0)), from('K', int32(1), int32(2)), ready()]));
    });
    const target = await openTarget(real({ port: fake.port }));
    await target.cancel();
    expect(connections).toBe(2);
    target.stream.destroy();
    await fake.stop();
  });

  test('bytes behind ReadyForQuery are handed over, not lost', async () => {
    const late = from('N', 'SNOTICE\0C00000\0Mhi\0\0').subarray(0, 9);
    const fake = await hostile((socket) => {
      socket.write(
        Buffer.concat([
          from('R', int32(0)),
          from('S', 'server_version\x0018\0'),
          from('K', int32(1), int32(2)),
          ready(),
          late,
        ]),
      );
    });
    const target = await openTarget(real({ port: fake.port }));
    expect(target.greeting.parameters).toEqual({ server_version: '18' });
    expect(Buffer.from(target.greeting.trailing)).toEqual(Buffer.from(late));
    target.stream.destroy();
    await fake.stop();
  });
});
