import { mintId } from '@sallyport/runtime';

interface Entry {
  readonly id: string;
  readonly since: number;
  times: number;
  told: number;
}

export interface Counted {
  /** Of the record that stands for this one and its like. */
  readonly id: string;
  /** It is the first of its kind in this window: a record must be made. */
  readonly isNew: boolean;
  /** The budget is spent: the record stands for whatever comes until there is some again. */
  readonly isOverflow: boolean;
}

export interface RefusalLimits {
  /** How long its like are counted with the first one, milliseconds. */
  readonly window: number;
  /** Records that may be made at once. */
  readonly burst: number;
  /** Milliseconds until there may be one more. */
  readonly refill: number;
}

/** At most 10 records a minute in the long run, and one for all the rest. */
const defaults: RefusalLimits = { window: 60_000, burst: 60, refill: 6_000 };
const everythingElse = '';

/** How many records a flood of refusals may make: the like are counted together, and the unlike have a budget. */
export class RefusalBudget {
  readonly #limits: RefusalLimits;
  readonly #entries = new Map<string, Entry>();
  /** Windows that are over, until what they counted is told. */
  readonly #over = new Set<Entry>();
  #tokens: number;
  #filledAt: number | undefined;

  constructor(limits: RefusalLimits = defaults) {
    this.#limits = limits;
    this.#tokens = limits.burst;
  }

  count(key: string, now: number): Counted {
    const known = this.#open(key, now);
    if (known !== undefined) return this.#again(known, false);
    if (this.#spend(now)) return this.#begin(key, now, false);
    const rest = this.#open(everythingElse, now);
    return rest === undefined ? this.#begin(everythingElse, now, true) : this.#again(rest, true);
  }

  /** What was counted since it was told last; windows that are over are forgotten. */
  take(now: number): readonly { readonly id: string; readonly times: number }[] {
    const changed: { readonly id: string; readonly times: number }[] = [];
    for (const entry of [...this.#over, ...this.#entries.values()]) {
      if (entry.times > entry.told) changed.push({ id: entry.id, times: entry.times });
      entry.told = entry.times;
    }
    this.#over.clear();
    for (const [key, { since }] of this.#entries) if (now - since >= this.#limits.window) this.#entries.delete(key);
    return changed;
  }

  #open(key: string, now: number): Entry | undefined {
    const entry = this.#entries.get(key);
    return entry !== undefined && now - entry.since < this.#limits.window ? entry : undefined;
  }

  #again(entry: Entry, isOverflow: boolean): Counted {
    entry.times += 1;
    return { id: entry.id, isNew: false, isOverflow };
  }

  #begin(key: string, now: number, isOverflow: boolean): Counted {
    const before = this.#entries.get(key);
    if (before !== undefined) this.#over.add(before);
    const entry = { id: mintId('act', now), since: now, times: 1, told: 1 };
    this.#entries.set(key, entry);
    return { id: entry.id, isNew: true, isOverflow };
  }

  #spend(now: number): boolean {
    const { burst, refill } = this.#limits;
    const earned = Math.floor((now - (this.#filledAt ?? now)) / refill);
    this.#tokens = Math.min(burst, this.#tokens + earned);
    this.#filledAt = (this.#filledAt ?? now) + earned * refill;
    if (this.#tokens === 0) return false;
    this.#tokens -= 1;
    return true;
  }
}
