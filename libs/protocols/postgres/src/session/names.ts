import { Queue } from '@sallyport/kernel';

/** One thing done to a name by a message that the target has not answered yet. */
export interface NameChange<T> {
  readonly name: string;
  readonly value: T | undefined;
  /** Which stretch between two Syncs it belongs to. */
  readonly epoch: number;
}

interface Slot<T> {
  settled: T | undefined;
  readonly pending: Queue<NameChange<T>>;
}

export type Lookup<T> = { readonly kind: 'found'; readonly value: T } | { readonly kind: 'absent' | 'unsure' };

/**
 * What the target's statement and portal names stand for. A wrong idea here would have one text decided and another one
 * run, so a name is only read when it is certain: its change was confirmed, or belongs to the same stretch between two
 * Syncs (if it fails, so does everything up to the Sync).
 */
export class Names<T> {
  private readonly slots = new Map<string, Slot<T>>();
  private total = 0;

  constructor(private readonly weigh: (value: T) => number) {}

  get size(): number {
    return this.slots.size;
  }
  /** Bytes kept, as weighed. */
  get weight(): number {
    return this.total;
  }
  has(name: string): boolean {
    return this.slots.has(name);
  }

  look(name: string, epoch: number): Lookup<T> {
    const slot = this.slots.get(name);
    const last = slot?.pending.last;
    if (last !== undefined && last.epoch !== epoch) return { kind: 'unsure' };
    const value = last === undefined ? slot?.settled : last.value;
    return value === undefined ? { kind: 'absent' } : { kind: 'found', value };
  }

  change(name: string, value: T | undefined, epoch: number): NameChange<T> {
    const change: NameChange<T> = { name, value, epoch };
    const slot = this.slots.get(name) ?? { settled: undefined, pending: new Queue() };
    slot.pending.push(change);
    this.slots.set(name, slot);
    this.weighIn(value, 1);
    return change;
  }

  /** The target did it. */
  settle(change: NameChange<T>): void {
    const slot = this.withdraw(change);
    if (!slot) return;
    this.weighIn(slot.settled, -1);
    slot.settled = change.value;
    this.tidy(change.name, slot);
  }

  /** The target never did it: what was before still is. */
  cancel(change: NameChange<T>): void {
    const slot = this.withdraw(change);
    this.weighIn(change.value, -1);
    if (slot) this.tidy(change.name, slot);
  }

  /** The target tried and failed; an unnamed one is gone by then. */
  fail(change: NameChange<T>): void {
    this.cancel(change);
    if (change.name === '') this.forget('');
  }

  forget(name: string): void {
    const slot = this.slots.get(name);
    if (!slot) return;
    this.weighIn(slot.settled, -1);
    slot.settled = undefined;
    this.tidy(name, slot);
  }

  forgetAll(which: (value: T, name: string) => boolean = () => true): void {
    for (const [name, slot] of this.slots)
      if (slot.settled !== undefined && which(slot.settled, name)) this.forget(name);
  }

  *settled(): Iterable<T> {
    for (const { settled } of this.slots.values()) if (settled !== undefined) yield settled;
  }

  private withdraw(change: NameChange<T>): Slot<T> | undefined {
    const slot = this.slots.get(change.name);
    slot?.pending.remove(change);
    return slot;
  }
  private tidy(name: string, slot: Slot<T>): void {
    if (slot.settled === undefined && slot.pending.length === 0) this.slots.delete(name);
  }
  private weighIn(value: T | undefined, sign: 1 | -1): void {
    if (value !== undefined) this.total += sign * this.weigh(value);
  }
}
