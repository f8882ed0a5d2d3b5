import type { Refusal } from '@sallyport/kernel';

/** What others may do to a session that is open. */
export interface LiveSession {
  readonly id: string;
  terminate(refusal: Refusal): void;
  /** Stops what runs at the target, and what is held. */
  cancel(): void;
}

/** Every session of this proxy, by id and by the key that cancels it. */
export interface Sessions {
  open(session: LiveSession): void;
  /** The key was made by this gateway for this session. */
  keyed(session: LiveSession, key: Uint8Array): void;
  close(session: LiveSession): void;
  /** A key that nobody has does nothing, and costs one look-up. `from`: the address of the client that brought it. */
  cancel(key: Uint8Array, from?: string): boolean;
  end(id: string, refusal: Refusal): boolean;
  endAll(refusal: Refusal): void;
  ids(): readonly string[];
  readonly size: number;
}

/** PostgreSQL takes no longer secret. */
const longestKey = 256;

/** `elsewhere` hears of keys that clients brought and nobody has here. */
export const createSessions = (elsewhere?: (key: Uint8Array, from: string) => void): Sessions => {
  const live = new Map<string, LiveSession>();
  const byKey = new Map<string, LiveSession>();
  const keysOf = new Map<LiveSession, string[]>();

  return {
    open(session) {
      live.set(session.id, session);
    },
    keyed(session, key) {
      const name = nameOf(key);
      if (key.length === 0 || key.length > longestKey || byKey.has(name)) throw new Error('not a key of its own');
      byKey.set(name, session);
      keysOf.set(session, [...(keysOf.get(session) ?? []), name]);
    },
    close(session) {
      live.delete(session.id);
      for (const name of keysOf.get(session) ?? []) byKey.delete(name);
      keysOf.delete(session);
    },
    cancel(key, from) {
      if (key.length > longestKey) return false;
      const session = byKey.get(nameOf(key));
      session?.cancel();
      if (session === undefined && from !== undefined && key.length > 0) elsewhere?.(key, from);
      return session !== undefined;
    },
    end(id, refusal) {
      const session = live.get(id);
      session?.cancel();
      session?.terminate(refusal);
      return session !== undefined;
    },
    endAll(refusal) {
      for (const session of [...live.values()]) {
        session.cancel();
        session.terminate(refusal);
      }
    },
    ids: () => [...live.keys()],
    get size() {
      return live.size;
    },
  };
};

const nameOf = (key: Uint8Array): string => Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('hex');
