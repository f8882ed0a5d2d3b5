import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { workerName } from '@sallyport/pki';
import { parseAddress } from '@sallyport/runtime';
import type { ProxyConfig } from './config.js';

/** Between the ports of one worker and those of the next. */
const stride = 10;

/**
 * The configuration of one worker, counted from 1. A worker is a proxy of its own: its name, what it keeps, and where agents
 * and monitoring find it are its own; clients come in at the same place. The first is the proxy itself, as if it were alone.
 */
export const configOfWorker = (config: ProxyConfig, number: number): ProxyConfig => {
  if (number === 1) return config;
  const own = (address: string): string => further(address, (number - 1) * stride);
  const { SALLYPORT_TUNNEL_ADVERTISE: advertise } = config;
  return {
    ...config,
    SALLYPORT_NAME: workerName(config.SALLYPORT_NAME, number),
    SALLYPORT_STATE_DIRECTORY: join(config.SALLYPORT_STATE_DIRECTORY, `worker-${number}`),
    SALLYPORT_TUNNEL_LISTEN: own(config.SALLYPORT_TUNNEL_LISTEN),
    ...(advertise === undefined ? {} : { SALLYPORT_TUNNEL_ADVERTISE: own(advertise) }),
    SALLYPORT_HEALTH_LISTEN: own(config.SALLYPORT_HEALTH_LISTEN),
  };
};

/** A port that the system is to choose stays its choice. */
const further = (address: string, by: number): string => {
  const at = address.lastIndexOf(':') + 1;
  const port = Number(address.slice(at));
  return port === 0 ? address : `${address.slice(0, at)}${port + by}`;
};

const longestName = 63;

/** What cannot be with so many workers, a message each. */
export const workerProblems = (config: ProxyConfig): readonly string[] => {
  const count = Number(config.SALLYPORT_WORKERS);
  if (count === 1) return [];
  const problems: string[] = [];
  const taken = new Map<string, string>();
  for (const number of Array.from({ length: count }, (_, index) => index + 1)) {
    const own = configOfWorker(config, number);
    if (own.SALLYPORT_NAME.length > longestName)
      problems.push(`SALLYPORT_NAME is too long: "${own.SALLYPORT_NAME}" has more than ${longestName} characters`);
    for (const variable of ['SALLYPORT_TUNNEL_LISTEN', 'SALLYPORT_HEALTH_LISTEN'] as const) {
      const address = own[variable];
      const { port } = parseAddress(address);
      if (port > 65_535) problems.push(`${variable} of worker ${number} would have a port above 65535`);
      const other = port === 0 ? undefined : taken.get(address);
      if (other !== undefined)
        problems.push(`${variable} of worker ${number} would be ${address}, which is ${other}: choose another port`);
      taken.set(address, `${variable} of worker ${number}`);
    }
  }
  return problems;
};

/** Directories of workers beyond those that there are now. */
export const leftByWorkers = (config: ProxyConfig): readonly string[] => {
  const state = config.SALLYPORT_STATE_DIRECTORY;
  let names: readonly string[];
  try {
    names = readdirSync(state);
  } catch {
    return [];
  }
  const numberOf = (name: string): number => Number(/^worker-(\d+)$/.exec(name)?.[1] ?? 0);
  return names.filter((name) => numberOf(name) > Number(config.SALLYPORT_WORKERS)).map((name) => join(state, name));
};
