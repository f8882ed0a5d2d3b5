import { setImmediate } from 'node:timers/promises';

/** Milliseconds that others may wait for one slice of work. */
const usual = 2;

/**
 * Work that yields between its steps, done a slice at a time: the event loop turns between two, so that nobody waits longer than for
 * one. What is small is done at once.
 */
export async function inSlices<T>(work: Generator<undefined, T>, most = usual): Promise<T> {
  for (;;) {
    const end = performance.now() + most;
    do {
      const step = work.next();
      if (step.done === true) return step.value;
    } while (performance.now() < end);
    await setImmediate();
  }
}

/** The same in one go, where nobody waits. */
export function atOnce<T>(work: Generator<undefined, T>): T {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}
