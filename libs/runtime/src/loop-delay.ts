import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Between two looks at the loop, milliseconds. What is measured holds one such interval. */
const resolution = 10;

/** How late this process came to what it had to do: what one session makes all others wait. */
export interface LoopDelay {
  /** The 99th percentile since this was asked last, seconds. */
  p99(): number;
  stop(): void;
}

export const watchLoopDelay = (): LoopDelay => {
  const histogram = monitorEventLoopDelay({ resolution });
  histogram.enable();
  return {
    p99() {
      const delay = histogram.count === 0 ? 0 : histogram.percentile(99) / 1e9 - resolution / 1e3;
      histogram.reset();
      return Math.max(0, delay);
    },
    stop: () => void histogram.disable(),
  };
};
