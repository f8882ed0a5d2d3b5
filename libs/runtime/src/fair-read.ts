import type { Readable } from 'node:stream';

/** What one stream may say before the others have their turn, bytes. Large enough that a turn more costs nothing beside it. */
const share = 64 * 1024;

/** How a stream is read that is read fairly; its own `pause` and `resume` are not called beside it. */
export interface FairReader {
  readonly pause: () => void;
  readonly resume: () => void;
}

/**
 * Reads a stream in shares, with a turn of the event loop between them. A socket of Node's is read up to 32 times in one turn
 * while its peer keeps up, and whoever waits for one small answer would wait for all of that. Starts with `resume`.
 */
export const readFairly = (stream: Readable, take: (bytes: Buffer) => void): FairReader => {
  let wanted = false;
  let yielding = false;
  let left = share;
  const next = (): void => {
    yielding = false;
    left = share;
    if (wanted) stream.resume();
  };
  stream.pause();
  stream.on('data', (bytes: Buffer) => {
    left -= bytes.length;
    if (left <= 0 && !yielding) {
      yielding = true;
      stream.pause();
      setImmediate(next);
    }
    take(bytes);
  });
  return {
    pause: () => {
      wanted = false;
      stream.pause();
    },
    resume: () => {
      wanted = true;
      if (!yielding) stream.resume();
    },
  };
};
