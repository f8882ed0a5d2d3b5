import type { Clock } from '@sallyport/kernel';

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};
