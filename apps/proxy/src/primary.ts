import cluster from 'node:cluster';
import { parseAddresses, tellStartProblem } from '@sallyport/runtime';
import type { Logger } from '@sallyport/runtime';
import type { ProxyConfig } from './config.js';
import { makeWay } from './local-socket.js';
import { supervise } from './supervise.js';
import type { WorkerProcess } from './supervise.js';
import { createSender } from './worker-messages.js';
import type { ToWorker } from './worker-messages.js';

export interface PrimaryInput {
  readonly program: string;
  readonly config: ProxyConfig;
  readonly log: Logger;
}

/** The process that holds the places where clients connect, and hands each who comes to the next worker. */
export const superviseWorkers = async ({ program, config, log }: PrimaryInput): Promise<number> => {
  try {
    await clearSocket(config);
  } catch (error) {
    return tellStartProblem(program, error);
  }
  cluster.schedulingPolicy = cluster.SCHED_RR;
  const supervisor = supervise({
    count: Number(config.SALLYPORT_WORKERS),
    fork: forkWorker,
    after: (milliseconds, act) => {
      const timer = setTimeout(act, milliseconds);
      return () => clearTimeout(timer);
    },
    random: Math.random,
    log,
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => supervisor.stop(signal));
  process.on('SIGHUP', supervisor.reload);
  return supervisor.ended;
};

const forkWorker = (number: number): WorkerProcess => {
  cluster.setupPrimary({ args: ['--worker', String(number)] });
  const worker = cluster.fork();
  return {
    // One that is just ending hears nothing any more.
    send: createSender<ToWorker>((message, sent) => void worker.send(message, undefined, sent)),
    onMessage: (listener) => void worker.on('message', listener),
    onExit: (listener) => {
      worker.once('exit', (code: number | null, signal: string) => listener(code ?? signal));
      worker.on('error', (cause) => {
        if (worker.process.pid === undefined) listener(cause.message);
      });
    },
  };
};

/** No worker could tell a socket that was left behind from the one that they share. */
const clearSocket = async (config: ProxyConfig): Promise<void> => {
  const directory = config.SALLYPORT_POSTGRES_SOCKET_DIRECTORY;
  const [{ port } = { port: 0 }] = parseAddresses(config.SALLYPORT_POSTGRES_LISTEN);
  if (directory !== undefined && port !== 0)
    await makeWay({ variable: 'SALLYPORT_POSTGRES_SOCKET_DIRECTORY', directory, port });
};
