import type { Duplex } from 'node:stream';

/** How long the side that is left may take to read what was written for it. */
const linger = 30_000;
/** How long it may take to hang up once all of it was sent. */
const farewell = 2_000;

/**
 * Moves bytes both ways, as fast as the slower side reads. Either side's end is passed on and leaves the other direction
 * open; either side's death is both's, after what it had said before was delivered.
 */
export function splice(one: Duplex, other: Duplex): void {
  move(one, other);
  move(other, one);
  // Whoever died before anybody listened will not say so again.
  if (one.destroyed || other.destroyed) {
    one.destroy();
    other.destroy();
  }
}

function move(from: Duplex, to: Duplex): void {
  from.on('data', (chunk: Buffer) => {
    // A side that takes no more is read on, so that its end is heard.
    if (to.writable && !to.write(chunk)) from.pause();
  });
  to.on('drain', () => from.resume());
  // What follows an error is 'close'.
  from.on('error', () => undefined);
  from.on('end', () => to.end());
  from.on('close', () => {
    if (to.destroyed) return;
    to.end();
    // It may wait for a 'drain' that never comes.
    to.resume();
    let timer = setTimeout(() => to.destroy(), linger).unref();
    to.once('close', () => clearTimeout(timer));
    const delivered = (): void => {
      clearTimeout(timer);
      // It hangs up by itself. Destroyed at once, what is on its way to it could be lost.
      timer = setTimeout(() => to.destroy(), farewell).unref();
    };
    if (to.writableFinished) delivered();
    else to.once('finish', delivered);
  });
  from.resume();
}
