export interface BackoffOptions {
  /** First delay, milliseconds. */
  readonly first: number;
  /** Longest delay, milliseconds. */
  readonly most: number;
  /** In [0, 1). */
  readonly random: () => number;
}

/** Exponential with full jitter on the upper half: `attempt` counts from 0. Pure. */
export function backoff(attempt: number, { first, most, random }: BackoffOptions): number {
  const ceiling = Math.min(most, first * 2 ** Math.min(attempt, 30));
  return Math.round(ceiling / 2 + (ceiling / 2) * random());
}
