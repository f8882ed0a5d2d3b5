import type { RunCommand, RunResult } from '@sallyport/contracts';

/** Orders to run a kept command, each taken once, however often it is told. */
export interface Runs {
  /** `undefined`: it still runs, and its answer comes by itself. */
  order(order: RunCommand): Promise<RunResult | undefined>;
}

/** Answers may be lost on the way: the last ones are kept to be given again. */
const mostKept = 16;

export const createRuns = (run: (order: RunCommand) => Promise<RunResult>): Runs => {
  const running = new Set<string>();
  const finished = new Map<string, RunResult>();
  return {
    async order(order) {
      const { runId, again } = order;
      const known = finished.get(runId);
      if (known !== undefined) return known;
      if (running.has(runId)) return undefined;
      // Begun before a restart, or never told: whether it ran is not known here, so it does not run now.
      if (again) return unknown(runId);
      running.add(runId);
      try {
        const result = await run(order);
        finished.set(runId, result);
        const [oldest] = finished.keys();
        if (finished.size > mostKept && oldest !== undefined) finished.delete(oldest);
        return result;
      } finally {
        running.delete(runId);
      }
    },
  };
};

const unknown = (runId: string): RunResult => ({
  runId,
  completed: false,
  tag: '',
  rows: 0,
  code: 'unknown_run',
  message: 'this proxy does not know of the run',
  columns: [],
  resultRows: [],
  sessionId: '',
});
