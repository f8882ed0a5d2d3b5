import type { Socket } from 'node:net';

/** Longer writes go by themselves, and so does what would make more than this wait for one socket. */
const small = 8 * 1024;
/** Sockets that may wait: a turn of the loop with very many sessions in it flushes more than once. */
const mostSockets = 16;

/**
 * Small writes of one turn of the event loop, sent together at its end. Each write of its own wakes a process that may sleep,
 * which costs more than everything we do for a statement; who is woken by the first of several finds the others there.
 */
let waiting: Socket[] = [];
const corked = new WeakSet<Socket>();

export const gatherWrite = (socket: Socket, bytes: Uint8Array): boolean => {
  if (bytes.length > small || socket.writableLength > small) release(socket);
  else if (!corked.has(socket)) {
    corked.add(socket);
    socket.cork();
    waiting.push(socket);
    if (waiting.length === 1) setImmediate(flush);
    else if (waiting.length > mostSockets) flush();
  }
  return socket.write(bytes);
};

/** Sends what waits for this socket now. */
export const release = (socket: Socket): void => {
  if (corked.delete(socket)) socket.uncork();
};

const flush = (): void => {
  const sockets = waiting;
  waiting = [];
  for (const socket of sockets) release(socket);
};
