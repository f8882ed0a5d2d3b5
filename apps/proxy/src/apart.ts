import { refuse } from '@sallyport/kernel';
import type { Refusal } from '@sallyport/kernel';
import { cancelled } from './hold.js';
import type { Place } from './place.js';
import type { Reader } from './reader.js';
import { isLong } from './statements.js';
import type { Read, Statements } from './statements.js';

/**
 * What the commands of one session need read. Short texts, and those that were read before, are at once; long ones are read
 * apart from the loop while the command waits, and are found here when it is judged again.
 */
export interface Readings {
  /** Only within `settle`. */
  read(text: string, place: Place, searchPath: readonly string[]): Read;
  /** What `judge` gives when all that it reads has been read; `refused` when that cannot be. */
  settle<T>(judge: () => T | Promise<T>, refused: (refusal: Refusal) => T | Promise<T>): T | Promise<T>;
  /** Who waits is refused. Settles when that is done; `undefined`: nobody waits. */
  cancel(): Promise<void> | undefined;
}

interface Wanted {
  readonly text: string;
  readonly place: Place;
  readonly path: string;
  readonly searchPath: readonly string[];
}

/** Judging cannot go on without it. */
class NotRead extends Error {
  constructor(readonly wanted: Wanted) {
    super('a long text was not read yet');
  }
}

/** The text, whatever its names stand for, and all of it again when a bundle comes meanwhile. */
const mostRounds = 32;

const restless = refuse('limit_exceeded', 'what this command means changed faster than it could be read', {
  hint: 'Nothing was executed. It is long, and runs more of its kind by name: send it in smaller parts.',
});

export const createReadings = (statements: Statements, reader: Reader): Readings => {
  let ready: readonly (Wanted & { readonly read: Read })[] = [];
  let waiting: { readonly controller: AbortController; readonly over: Promise<void> } | undefined;

  const fetch = async (wanted: Wanted, signal: AbortSignal): Promise<void> => {
    const { text, place, searchPath } = wanted;
    const read = await reader.read(text, place.catalog, searchPath, signal);
    ready = [...ready, { ...wanted, read }];
  };

  return {
    read(text, place, searchPath) {
      if (!isLong(text)) return statements.read(text, place, searchPath);
      const path = searchPath.join('\u0000');
      const known = ready.find((each) => each.text === text && each.place === place && each.path === path);
      if (known === undefined) throw new NotRead({ text, place, path, searchPath });
      return known.read;
    },
    settle(judge, refused) {
      const attempt = () => {
        try {
          return { kind: 'judged', value: judge() } as const;
        } catch (error) {
          if (error instanceof NotRead) return { kind: 'wants', wanted: error.wanted } as const;
          throw error;
        }
      };
      const first = attempt();
      if (first.kind === 'judged') return first.value;
      const controller = new AbortController();
      const over = Promise.withResolvers<void>();
      const mine = { controller, over: over.promise };
      waiting = mine;
      const later = async () => {
        let { wanted } = first;
        try {
          for (let round = 0; round < mostRounds; round += 1) {
            await fetch(wanted, controller.signal);
            if (controller.signal.aborted) return refused(cancelled);
            const next = attempt();
            if (next.kind === 'judged') return next.value;
            ({ wanted } = next);
          }
          return refused(restless);
        } finally {
          ready = [];
          if (waiting === mine) waiting = undefined;
          over.resolve();
        }
      };
      return later();
    },
    cancel() {
      waiting?.controller.abort();
      return waiting?.over;
    },
  };
};
