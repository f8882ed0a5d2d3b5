import { mostSlots, slotAt, slotLeaves } from './slot.js';

/** Amount by slot number. */
export type Slots = ReadonlyMap<number, number>;

const nothing: Slots = new Map();

/** One sliding window: what was used here, and what is known of others. */
export class Meter {
  readonly #window: number;
  readonly #own = new Map<number, number>();
  readonly #others = new Map<number, number>();
  /** Slots of our own that nobody was told of yet. */
  #untold = new Set<number>();
  #sum = 0;
  /** Until something leaves the window, the sum holds. */
  #holdsUntil = Infinity;

  constructor(window: number) {
    this.#window = window;
  }

  usedAt(now: number): number {
    if (now >= this.#holdsUntil) this.#addUp(now);
    return this.#sum;
  }

  charge(amount: number, now: number): void {
    this.usedAt(now);
    const slot = slotAt(this.#window, now);
    this.#own.set(slot, (this.#own.get(slot) ?? 0) + amount);
    this.#untold.add(slot);
    this.#added(slot, amount);
  }

  /** What was used here before, in an earlier run. */
  restore(slots: Slots, now: number): void {
    for (const [slot, used] of slots) this.#raise(this.#own, slot, used, now);
  }

  /** What others used. Nothing that was used becomes unused, so of two sums the larger one is the newer one. */
  learn(slots: Slots, now: number): void {
    for (const [slot, used] of slots) this.#raise(this.#others, slot, used, now);
  }

  /** What was used here. `untold`: only what changed since that was asked the last time. */
  own(which: 'all' | 'untold', now: number): Slots {
    this.usedAt(now);
    if (which === 'all') return new Map(this.#own);
    if (this.#untold.size === 0) return nothing;
    const untold = new Map([...this.#own].filter(([slot]) => this.#untold.has(slot)));
    this.#untold = new Set();
    return untold;
  }

  others(now: number): Slots {
    this.usedAt(now);
    return new Map(this.#others);
  }

  /** Milliseconds until something of the window is free again. */
  freeAfter(now: number): number {
    this.usedAt(now);
    return this.#holdsUntil === Infinity ? this.#window : Math.max(1, this.#holdsUntil - now);
  }

  #raise(slots: Map<number, number>, slot: number, used: number, now: number): void {
    const more = used - (slots.get(slot) ?? 0);
    if (!(more > 0) || slotLeaves(this.#window, slot) <= now) return;
    // More of them than a window has: somebody counts wrong, and this one holds up to what it can.
    if (slots.size >= 2 * mostSlots && !slots.has(slot)) return;
    slots.set(slot, used);
    this.#added(slot, more);
  }

  #added(slot: number, amount: number): void {
    this.#sum += amount;
    this.#holdsUntil = Math.min(this.#holdsUntil, slotLeaves(this.#window, slot));
  }

  /** Forgets what has left the window, and adds up the rest. */
  #addUp(now: number): void {
    this.#sum = 0;
    this.#holdsUntil = Infinity;
    for (const slots of [this.#own, this.#others])
      for (const [slot, amount] of slots) {
        if (slotLeaves(this.#window, slot) > now) this.#added(slot, amount);
        else {
          slots.delete(slot);
          this.#untold.delete(slot);
        }
      }
  }
}
