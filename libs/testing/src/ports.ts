import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * A port of the loopback interface that was free a moment ago; `wanted` if it is free. Not one of those that the system
 * gives to outgoing connections: somebody's would have it before it is used.
 */
export async function freePort(wanted = 0): Promise<number> {
  if (wanted !== 0 && (await tryPort(wanted))) return wanted;
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = randomInt(10_240, 32_768);
    if (await tryPort(port)) return port;
  }
  throw new Error('no free port on 127.0.0.1');
}

function tryPort(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
