import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * A port of the loopback interface that was free a moment ago; `wanted` if it is free. Not one of those that the system
 * gives to outgoing connections: somebody's would have it before it is used. `also`: ports that far on are free too.
 */
export async function freePort(wanted = 0, also: readonly number[] = []): Promise<number> {
  if (wanted !== 0 && (await tryPort(wanted))) return wanted;
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = randomInt(10_240, 32_000);
    const free = await Promise.all([0, ...also].map((further) => tryPort(port + further)));
    if (!free.includes(false)) return port;
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
