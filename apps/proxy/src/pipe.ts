import type { Socket } from 'node:net';
import { readFairly } from '@sallyport/runtime';
import type { FairReader } from '@sallyport/runtime';
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
  let reader: FairReader | undefined;
  let over = false;

  const listenTo = (current: Socket, to: PipeEvents): FairReader => {
    let told = false;
    const left = (): void => {
      told = true;
      if (!over && current === socket) to.end();
    };
    const fair = readFairly(current, (bytes) => {
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
    return fair;
  };
  // Without a listener an error would end the process; what follows it is always 'close'.
  first.on('error', ignore);

  return {
    attach(to) {
      events = to;
      reader = listenTo(socket, to);
      // It may have been left while nobody listened.
      if (socket.destroyed) setImmediate(() => socket.emit('close'));
      reader.resume();
    },
    swap(next) {
      socket.removeAllListeners('data');
      release(socket);
      socket = next;
      next.on('error', ignore);
      if (events === undefined) return;
      reader = listenTo(next, events);
      reader.resume();
    },
    write: (bytes) => socket.writable && gatherWrite(socket, bytes),
    pause: () => reader?.pause(),
    resume: () => reader?.resume(),
    end() {
      over = true;
      const last = socket;
      if (last.destroyed) return;
      const timer = setTimeout(() => last.destroy(), linger);
      last.once('close', () => clearTimeout(timer));
      last.end();
      // A paused socket never sees that the other end is done.
      if (reader === undefined) last.resume();
      else reader.resume();
    },
    destroy() {
      over = true;
      socket.destroy();
    },
  };
};

const ignore = (): void => undefined;
