import { networkOf } from './strangers.js';

export interface RelayInput {
  /** To the other workers. */
  readonly send: (key: Uint8Array) => void;
  /** Keys a second. */
  readonly overall: number;
  readonly perNetwork: number;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

/**
 * A cancel may come in at another worker than its session's. So a key that nobody has here is shown to the others, but not
 * every key of a flood: what is made up costs them no more than this, and one network does not use up what all may.
 */
export const createRelay = ({ send, overall, perNetwork, now }: RelayInput) => {
  let since = Number.NEGATIVE_INFINITY;
  let shown = 0;
  const byNetwork = new Map<string, number>();
  return (key: Uint8Array, address: string): void => {
    if (now() - since >= 1000) {
      since = now();
      shown = 0;
      byNetwork.clear();
    }
    const network = networkOf(address);
    const mine = byNetwork.get(network) ?? 0;
    if (shown >= overall || mine >= perNetwork) return;
    shown += 1;
    byNetwork.set(network, mine + 1);
    send(key);
  };
};
