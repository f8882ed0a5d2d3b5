import type { Limits } from '@sallyport/kernel';

const kibi = 1024;
const mebi = 1024 * kibi;

/** What every protocol starts from. */
export const defaultLimits: Limits = {
  clientMessage: 16 * mebi,
  targetMessage: 16 * mebi,
  heldBytes: mebi,
  statements: 2000,
  portals: 1000,
  startup: 10_000,
};
