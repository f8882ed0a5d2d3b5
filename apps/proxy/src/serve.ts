import {
  createShutdown,
  exitCodes,
  exitOnSignals,
  SpoolFailure,
  StartProblem,
  systemClock,
  tellStartProblem,
} from '@sallyport/runtime';
import type { Logger } from '@sallyport/runtime';
import { loadAnalyses } from './analyses.js';
import { compose } from './compose.js';
import type { ProxyConfig } from './config.js';
import { followPrimary } from './follow.js';
import { openProxyNode } from './node.js';

export interface ServeInput {
  readonly program: string;
  readonly config: ProxyConfig;
  readonly log: Logger;
  /** One of several, and the configuration of the proxy whose worker it is. */
  readonly worker?: { readonly number: number; readonly main: ProxyConfig };
}

/** One process that is a proxy, from its start to its end. */
export const serve = async ({ program, config, log, worker }: ServeInput): Promise<void> => {
  const shutdown = createShutdown({ log });
  const primary = worker && followPrimary({ shutdown, workers: Number(config.SALLYPORT_WORKERS) });
  if (primary === undefined) exitOnSignals(shutdown);
  const enrolment =
    worker === undefined || worker.number === 1
      ? undefined
      : { number: worker.number, proxyDirectory: worker.main.SALLYPORT_STATE_DIRECTORY };
  try {
    const [node, analyses] = await Promise.all([openProxyNode(config, log, enrolment), loadAnalyses()]);
    shutdown.add('certificate renewal', node.stop);
    const proxy = await compose({ config, node, analyses, clock: systemClock, log, shutdown, worker: primary });
    process.on('SIGHUP', proxy.reload);
    primary?.started(proxy);
  } catch (error) {
    const exitCode = tellStartProblem(program, error instanceof SpoolFailure ? startProblemOf(error) : error);
    await shutdown.run('it could not start');
    process.exit(exitCode);
  }
};

function startProblemOf({ message }: SpoolFailure): StartProblem {
  return new StartProblem(`SALLYPORT_STATE_DIRECTORY: ${message}`, exitCodes.unavailable);
}
