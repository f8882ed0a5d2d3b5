import { createServer } from 'node:net';

/** A port of the loopback interface that was free a moment ago; `wanted` if it is free. */
export async function freePort(wanted = 0): Promise<number> {
  const first = await tryPort(wanted);
  if (first !== undefined) return first;
  const any = await tryPort(0);
  if (any === undefined) throw new Error('no free port on 127.0.0.1');
  return any;
}

function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : undefined));
    });
  });
}
