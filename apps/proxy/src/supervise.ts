import { backoff, exitCodes } from '@sallyport/runtime';
import { readFromWorker } from './worker-messages.js';
import type { ToWorker } from './worker-messages.js';

/** A process that was started for a worker. */
export interface WorkerProcess {
  send(message: ToWorker): void;
  onMessage(listener: (message: unknown) => void): void;
  /** With its exit code, or the signal that ended it. */
  onExit(listener: (exit: number | string) => void): void;
}

export interface SuperviseInput {
  readonly count: number;
  readonly fork: (number: number) => WorkerProcess;
  /** Does something later, unless it is taken back. */
  readonly after: (milliseconds: number, act: () => void) => () => void;
  readonly random: () => number;
  readonly log: SuperviseLog;
}

export interface SuperviseLog {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

export interface Supervisor {
  /** Each worker lets its sessions go on for a while; the second time, none does. */
  stop(reason: string): void;
  reload(): void;
  /** All have ended: the code to end with. */
  readonly ended: Promise<number>;
}

interface Worker {
  readonly number: number;
  process: WorkerProcess | undefined;
  /** Of its present process. */
  started: boolean;
  everStarted: boolean;
  /** Ends one soon after the other, and those of them before it had started. */
  ends: number;
  failedStarts: number;
  callOff: () => void;
}

const pause = { first: 500, most: 15_000 } as const;
/** Who has been up for so long starts to count anew, milliseconds. */
const calm = 60_000;
/** About a minute of trying. */
const mostFailedStarts = 8;

/**
 * Keeps the workers of a proxy running, and decides nothing else. The first one starts alone: with its certificate the
 * others buy theirs. Who dies is started again, the sooner the rarer it was; who cannot start ends them all, so that
 * whoever supervises us sees it.
 */
export const supervise = ({ count, fork, after, random, log }: SuperviseInput): Supervisor => {
  let stopping = false;
  let exitCode: number = exitCodes.ok;
  let settle: (code: number) => void = () => undefined;
  const ended = new Promise<number>((resolve) => (settle = resolve));
  const workers = Array.from({ length: count }, (_, index): Worker => ({
    number: index + 1,
    process: undefined,
    started: false,
    everStarted: false,
    ends: 0,
    failedStarts: 0,
    callOff: () => undefined,
  }));

  const tell = (message: ToWorker, except?: Worker): void => {
    for (const worker of workers) if (worker !== except) worker.process?.send(message);
  };
  const settleIfOver = (): void => {
    if (stopping && workers.every(({ process }) => process === undefined)) settle(exitCode);
  };

  const start = (worker: Worker): void => {
    const { number } = worker;
    const process = fork(number);
    worker.process = process;
    worker.started = false;
    process.onMessage((heard) => {
      const message = readFromWorker(heard);
      if (message?.kind === 'cancel') tell(message, worker);
      if (message?.kind === 'started') came(worker);
    });
    process.onExit((exit) => {
      worker.process = undefined;
      worker.callOff();
      left(worker, exit);
    });
  };

  const came = (worker: Worker): void => {
    worker.started = true;
    worker.failedStarts = 0;
    worker.callOff = after(calm, () => (worker.ends = 0));
    const first = !worker.everStarted;
    worker.everStarted = true;
    if (first && worker.number === 1 && !stopping) for (const other of workers.slice(1)) start(other);
  };

  const left = (worker: Worker, exit: number | string): void => {
    const { number } = worker;
    const code = typeof exit === 'number' ? exit : exitCodes.failed;
    if (stopping) {
      if (exitCode === exitCodes.ok) exitCode = code;
      return settleIfOver();
    }
    if (!worker.started) worker.failedStarts += 1;
    if (!worker.everStarted || worker.failedStarts >= mostFailedStarts) {
      log.error({ worker: number, exit }, 'a worker could not start, and says why above: the proxy ends');
      exitCode = code === 0 ? exitCodes.failed : code;
      return stop('a worker could not start');
    }
    const pausing = backoff(worker.ends, { ...pause, random });
    worker.ends += 1;
    log.error({ worker: number, exit, again: pausing }, 'a worker ended; the others go on, and it is started again');
    worker.callOff = after(pausing, () => start(worker));
  };

  const stop = (reason: string): void => {
    if (stopping) {
      tell({ kind: 'end' });
      return settle(exitCodes.forced);
    }
    stopping = true;
    log.info({ reason }, 'the workers are told to end');
    for (const worker of workers) if (worker.process === undefined) worker.callOff();
    tell({ kind: 'stop', reason });
    settleIfOver();
  };

  const [first] = workers;
  if (first !== undefined) start(first);
  return { stop, reload: () => tell({ kind: 'reload' }), ended };
};
