import { readFileSync } from 'node:fs';
import { type Socket, connect as connectTcp, createServer as createTcpServer } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';

/**
 * The physical limit of our shape, for comparison: two processes that only move bytes. `near` takes plain TCP and goes on
 * over TLS, `far` takes TLS and goes on over plain TCP to the target. Usage: splice.main.js near|far LISTEN_PORT NEXT_PORT
 * CERTIFICATE KEY
 */
const [role, listenPort, nextPort, certificatePath = '', keyPath = ''] = process.argv.slice(2);
const cert = readFileSync(certificatePath);
// The file holds the leaf and its authority: each end trusts that authority and shows the leaf.
const key = readFileSync(keyPath);
const next = { host: '127.0.0.1', port: Number(nextPort) };

function splice(one: Socket, other: Socket): void {
  const move = (from: Socket, to: Socket): void => {
    from.setNoDelay(true);
    from.on('data', (chunk: Buffer) => {
      if (!to.write(chunk)) from.pause();
    });
    to.on('drain', () => from.resume());
    from.on('end', () => to.end());
    from.on('error', () => to.destroy());
    from.on('close', () => to.destroy());
  };
  move(one, other);
  move(other, one);
}

const server =
  role === 'near'
    ? createTcpServer((socket) =>
        splice(
          socket,
          connectTls({ ...next, ca: cert, cert, key, minVersion: 'TLSv1.3', checkServerIdentity: () => undefined }),
        ),
      )
    : createTlsServer({ cert, key, ca: cert, requestCert: true, minVersion: 'TLSv1.3' }, (socket) =>
        splice(socket, connectTcp(next)),
      );
server.listen(Number(listenPort), '127.0.0.1', () => process.stdout.write('listening\n'));
process.once('SIGTERM', () => process.exit(0));
