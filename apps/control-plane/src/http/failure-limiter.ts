/** Counts failures per key in a sliding minute; remembers a bounded number of keys. */
export class FailureLimiter {
  readonly #most: number;
  readonly #now: () => number;
  readonly #failures = new Map<string, { count: number; since: number }>();

  constructor(most: number, now: () => number = Date.now) {
    this.#most = most;
    this.#now = now;
  }

  /** Seconds to wait, or 0. */
  blockedFor(key: string): number {
    const entry = this.#failures.get(key);
    if (entry === undefined || entry.count < this.#most) return 0;
    return Math.max(0, Math.ceil((entry.since + 60_000 - this.#now()) / 1000));
  }

  failed(key: string): void {
    const now = this.#now();
    const entry = this.#failures.get(key);
    const fresh = entry === undefined || now - entry.since >= 60_000;
    this.#failures.delete(key);
    this.#failures.set(key, fresh ? { count: 1, since: now } : { count: entry.count + 1, since: entry.since });
    if (this.#failures.size > 10_000) {
      const [oldest] = this.#failures.keys();
      if (oldest !== undefined) this.#failures.delete(oldest);
    }
  }
}
