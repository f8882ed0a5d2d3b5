import { exitCodes } from './exit-codes.js';
import type { Logger } from './logger.js';

export interface Shutdown {
  /** Closers run in the reverse order of their registration, one after the other, each within its bound (milliseconds). */
  add(name: string, close: () => Promise<void> | void, within?: number): void;
  /** Runs them; later calls wait for the first. */
  run(reason: string): Promise<void>;
  readonly started: boolean;
}

export interface ShutdownOptions {
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** How long a closer may take that names no bound of its own, milliseconds. */
  readonly bound?: number;
}

export function createShutdown({ log, bound = 5_000 }: ShutdownOptions): Shutdown {
  const closers: { readonly name: string; readonly close: () => Promise<void> | void; readonly within: number }[] = [];
  let running: Promise<void> | undefined;
  const runAll = async (reason: string): Promise<void> => {
    log.info({ reason }, 'shutting down');
    for (const { name, close, within } of closers.reverse()) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(() => {
          log.warn({ part: name }, 'did not close in time');
          resolve();
        }, within);
      });
      try {
        await Promise.race([Promise.resolve(close()), late]);
      } catch (err) {
        log.error({ err, part: name }, 'could not be closed');
      } finally {
        clearTimeout(timer);
      }
    }
  };
  return {
    add: (name, close, within = bound) => void closers.push({ name, close, within }),
    run: (reason) => (running ??= runAll(reason)),
    get started() {
      return running !== undefined;
    },
  };
}

/** SIGTERM and SIGINT close in order and exit 0; a second one ends at once. */
export function exitOnSignals(shutdown: Shutdown): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => {
      if (shutdown.started) process.exit(exitCodes.forced);
      void shutdown.run(signal).then(() => process.exit(exitCodes.ok));
    });
}
