/** A map that never changes. The next one is made from it in time of what changes, and shares the rest. */
export interface PersistentMap<K extends string | number, V> {
  readonly size: number;
  get(key: K): V | undefined;
  has(key: K): boolean;
  values(): IterableIterator<V>;
  /** What is edited is seen by nobody else until it is done. */
  edit(): MapEdit<K, V>;
}

export interface MapEdit<K extends string | number, V> {
  get(key: K): V | undefined;
  set(key: K, value: V): void;
  delete(key: K): void;
  /** Edited no more afterwards. */
  done(): PersistentMap<K, V>;
}

type Shards<K, V> = readonly (ReadonlyMap<K, V> | undefined)[];

/** A power of two: what is copied for one change is one of so many parts. */
const shardCount = 256;

export const emptyMap = <K extends string | number, V>(): PersistentMap<K, V> => created<K, V>([], 0);

/** Keys come from targets: whoever makes them fall together makes one shard large, which is a map like any other. */
const shardOf = (key: string | number): number => {
  if (typeof key === 'number') return (key ^ (key >>> 8)) & (shardCount - 1);
  let hash = 0;
  for (let at = 0; at < key.length; at += 1) hash = (Math.imul(hash, 31) + key.charCodeAt(at)) | 0;
  return (hash ^ (hash >>> 16)) & (shardCount - 1);
};

const created = <K extends string | number, V>(shards: Shards<K, V>, size: number): PersistentMap<K, V> => ({
  size,
  get: (key) => shards[shardOf(key)]?.get(key),
  has: (key) => shards[shardOf(key)]?.has(key) ?? false,
  *values() {
    for (const shard of shards) if (shard !== undefined) yield* shard.values();
  },
  edit() {
    const edited: (ReadonlyMap<K, V> | undefined)[] = [...shards];
    const own: (Map<K, V> | undefined)[] = [];
    let count = size;
    const owned = (at: number): Map<K, V> => {
      const known = own[at];
      if (known !== undefined) return known;
      const copy = new Map(edited[at]);
      own[at] = copy;
      edited[at] = copy;
      return copy;
    };
    return {
      get: (key) => edited[shardOf(key)]?.get(key),
      set(key, value) {
        const shard = owned(shardOf(key));
        if (!shard.has(key)) count += 1;
        shard.set(key, value);
      },
      delete(key) {
        const at = shardOf(key);
        if (edited[at]?.has(key) === true && owned(at).delete(key)) count -= 1;
      },
      done: () => created(edited, count),
    };
  },
});
