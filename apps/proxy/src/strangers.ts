import { isIPv6 } from 'node:net';

export interface StrangerLimits {
  readonly overall: number;
  readonly perAddress: number;
}

/** Who has connected and not logged in yet. One more than there is room for, and somebody has to go: never the one who came. */
export interface Strangers<T> {
  /** Gives how to take the stranger out again: it is known now, or gone. */
  admit(address: string, stranger: T, sendAway: (stranger: T) => void): () => void;
  readonly size: number;
}

interface Waiting<T> {
  readonly stranger: T;
  readonly sendAway: (stranger: T) => void;
}

export const createStrangers = <T>({ overall, perAddress }: StrangerLimits): Strangers<T> => {
  /** Oldest first, by network. */
  const byNetwork = new Map<string, Set<Waiting<T>>>();
  let size = 0;

  const takeOut = (network: string, waiting: Waiting<T>): boolean => {
    const group = byNetwork.get(network);
    if (group?.delete(waiting) !== true) return false;
    size -= 1;
    if (group.size === 0) byNetwork.delete(network);
    return true;
  };
  const sendOldest = (network: string): void => {
    const [oldest] = byNetwork.get(network) ?? [];
    if (oldest !== undefined && takeOut(network, oldest)) oldest.sendAway(oldest.stranger);
  };
  /** A flood pays for itself; where nobody floods, who hesitates longest. */
  const mostCrowded = (): string => {
    let most = '';
    let count = 0;
    for (const [network, group] of byNetwork)
      if (group.size > count) {
        most = network;
        count = group.size;
      }
    return most;
  };

  return {
    admit(address, stranger, sendAway) {
      const network = networkOf(address);
      if ((byNetwork.get(network)?.size ?? 0) >= perAddress) sendOldest(network);
      if (size >= overall) sendOldest(mostCrowded());
      const waiting = { stranger, sendAway };
      const group = byNetwork.get(network) ?? new Set();
      byNetwork.set(network, group.add(waiting));
      size += 1;
      return () => void takeOut(network, waiting);
    },
    get size() {
      return size;
    },
  };
};

/** One subscriber has a whole /64 of IPv6. */
export const networkOf = (address: string): string => {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !isIPv6(address)) return mapped ?? address;
  const [left = '', right] = address.toLowerCase().split('::');
  const groups = left === '' ? [] : left.split(':');
  const behind = right === undefined || right === '' ? [] : right.split(':');
  const zeros = right === undefined ? 0 : 8 - groups.length - behind.length;
  return [...groups, ...Array<string>(zeros).fill('0'), ...behind].slice(0, 4).join(':');
};
