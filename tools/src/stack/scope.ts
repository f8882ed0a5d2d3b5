/** Things that must end, whatever happens: each is held here from the moment that it is begun. */
export interface Scope {
  /** Holds what is being made. Where the scope has ended already it is ended at once, and nobody gets it. */
  hold<Value>(made: Promise<Value>, end: (value: Value) => Promise<unknown>): Promise<Value>;
  /** Ends all, the youngest first; what is still being made is waited for. */
  close(): Promise<void>;
  readonly closed: boolean;
}

export class Interrupted extends Error {
  constructor() {
    super('interrupted');
    this.name = 'Interrupted';
  }
}

export function createScope(): Scope {
  const ends: (() => Promise<unknown>)[] = [];
  const making = new Set<Promise<unknown>>();
  let closing: Promise<void> | undefined;
  const endAll = async (): Promise<void> => {
    do {
      for (const end of ends.splice(0).reverse()) await end().catch(() => undefined);
      await Promise.allSettled(making);
    } while (ends.length > 0 || making.size > 0);
  };
  return {
    hold: async (made, end) => {
      const held = made.then((value) => {
        ends.push(() => end(value));
        return value;
      });
      making.add(held);
      try {
        const value = await held;
        if (closing !== undefined) throw new Interrupted();
        return value;
      } finally {
        making.delete(held);
      }
    },
    close: () => (closing ??= endAll()),
    get closed() {
      return closing !== undefined;
    },
  };
}
