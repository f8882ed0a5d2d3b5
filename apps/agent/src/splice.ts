import type { Duplex } from 'node:stream';

/** Moves bytes both ways, as fast as the slower side reads. Either side's end is passed on; either side's death is both's. */
export function splice(one: Duplex, other: Duplex): void {
  move(one, other);
  move(other, one);
}

function move(from: Duplex, to: Duplex): void {
  from.on('data', (chunk: Buffer) => {
    if (!to.write(chunk)) from.pause();
  });
  to.on('drain', () => from.resume());
  from.on('end', () => to.end());
  from.on('error', () => to.destroy());
  from.on('close', () => {
    // What was written before is still to be read by the other side; nothing more will come.
    if (!to.writableEnded) to.end();
    if (!from.readableEnded) to.destroy();
  });
  from.resume();
}
