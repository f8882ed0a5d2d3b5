import type { Protocol } from '@sallyport/kernel';
import { postgres } from '@sallyport/postgres';

/** Every protocol that this gateway speaks. A new one is a line here, and a listener in the configuration. */
export const protocols: readonly Protocol[] = [postgres];
