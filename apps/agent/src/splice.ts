import type { Duplex } from 'node:stream';
import { readFairly } from '@sallyport/runtime';
import type { FairReader } from '@sallyport/runtime';

/** How long the side that is left may take to read what was written for it. */
const linger = 30_000;
/** How long it may take to hang up once all of it was sent. */
const farewell = 2_000;

/**
 * Moves bytes both ways, as fast as the slower side reads. Either side's end is passed on and leaves the other direction
 * open; either side's death is both's, after what it had said before was delivered.
 */
export function splice(one: Duplex, other: Duplex): void {
  const [fromOne, fromOther] = [move(one, other), move(other, one)];
  part(one, other, fromOther);
  part(other, one, fromOne);
  // Whoever died before anybody listened will not say so again.
  if (one.destroyed || other.destroyed) {
    one.destroy();
    other.destroy();
  }
}

function move(from: Duplex, to: Duplex): FairReader {
  const reader = readFairly(from, (chunk) => {
    // A side that takes no more is read on, so that its end is heard.
    if (to.writable && !to.write(chunk)) reader.pause();
  });
  to.on('drain', reader.resume);
  // What follows an error is 'close'.
  from.on('error', () => undefined);
  from.on('end', () => to.end());
  reader.resume();
  return reader;
}

/** What becomes of the side that is left when the other is gone. */
function part(gone: Duplex, left: Duplex, fromLeft: FairReader): void {
  gone.on('close', () => {
    if (left.destroyed) return;
    left.end();
    // It may wait for a 'drain' that never comes.
    fromLeft.resume();
    let timer = setTimeout(() => left.destroy(), linger).unref();
    left.once('close', () => clearTimeout(timer));
    const delivered = (): void => {
      clearTimeout(timer);
      // It hangs up by itself. Destroyed at once, what is on its way to it could be lost.
      timer = setTimeout(() => left.destroy(), farewell).unref();
    };
    if (left.writableFinished) delivered();
    else left.once('finish', delivered);
  });
}
