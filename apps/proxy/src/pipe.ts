import type { Socket } from 'node:net';
import { gatherWrite, release } from './gather.js';

/** One side of a session: bytes both ways, with a say in how fast. The driver knows no sockets. */
export interface Pipe {
  /** Starts the flow. Called once; nothing is delivered before it. */
  attach(events: PipeEvents): void;
  /** Sent at the end of this turn of the loop at the latest. `false`: full. `drain` is called when there is room again. */
  write(bytes: Uint8Array): boolean;
  pause(): void;
  resume(): void;
  /** Flushes what was written, then closes. */
  end(): void;
  destroy(): void;
}

export interface PipeEvents {
  data(bytes: Uint8Array): void;
  drain(): void;
  /** The other end will say no more. Told again when it is gone altogether: it may have listened until then. */
  end(): void;
}

/** How long a peer may take to read what is flushed at the end, milliseconds. */
const linger = 5_000;

/** A socket as a pipe. `swap` moves it to another socket (TLS over the first). */
export const createSocketPipe = (first: Socket): Pipe & { swap(next: Socket): void } => {
  let socket = first;
  let events: PipeEvents | undefined;
  let over = false;

  const listenTo = (current: Socket, to: PipeEvents): void => {
    let told = false;
    const left = (): void => {
      told = true;
      if (!over && current === socket) to.end();
    };
    current.on('data', (bytes: Uint8Array) => {
      if (!over && current === socket) to.data(bytes);
    });
    current.on('drain', () => {
      if (!over && current === socket) to.drain();
    });
    current.once('end', left);
    current.once('close', () => {
      if (!told) left();
      left();
      if (current === socket) over = true;
    });
  };
  // Without a listener an error would end the process; what follows it is always 'close'.
  first.on('error', ignore);

  return {
    attach(to) {
      events = to;
      listenTo(socket, to);
      // It may have been left while nobody listened.
      if (socket.destroyed) setImmediate(() => socket.emit('close'));
      socket.resume();
    },
    swap(next) {
      socket.removeAllListeners('data');
      release(socket);
      socket = next;
      next.on('error', ignore);
      if (events !== undefined) listenTo(next, events);
    },
    write: (bytes) => socket.writable && gatherWrite(socket, bytes),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    end() {
      over = true;
      const last = socket;
      if (last.destroyed) return;
      const timer = setTimeout(() => last.destroy(), linger);
      last.once('close', () => clearTimeout(timer));
      last.end();
      // A paused socket never sees that the other end is done.
      last.resume();
    },
    destroy() {
      over = true;
      socket.destroy();
    },
  };
};

const ignore = (): void => undefined;
