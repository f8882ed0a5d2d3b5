/** Ctrl-C, a closed terminal, an end of the session: heard by nobody but the demo. */
export interface Signals {
  readonly aborted: AbortSignal;
  readonly received: Promise<void>;
}

const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export function takeSignals(complain: (line: string) => void): Signals {
  const controller = new AbortController();
  // The library that runs PostgreSQL hooked them as it was loaded, and would end the process in the midst of our stopping.
  for (const name of [...names, 'beforeExit']) process.removeAllListeners(name);
  for (const name of names)
    process.on(name, () => {
      if (controller.signal.aborted) complain('Stopping already: it takes a few seconds.');
      controller.abort();
    });
  for (const stream of [process.stdout, process.stderr])
    // Nobody reads any more: the terminal is gone, or `| head` has enough.
    stream.on('error', () => controller.abort());
  process.on('uncaughtException', (error) => {
    complain(`demo: ${error.stack ?? error.message}`);
    process.exitCode = 1;
    controller.abort();
  });
  return {
    aborted: controller.signal,
    received: new Promise((resolve) => controller.signal.addEventListener('abort', () => resolve(), { once: true })),
  };
}
