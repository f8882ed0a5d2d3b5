import type { Permit } from '@sallyport/kernel';

/** The only mint outside of policy: a test of a protocol has no policy. */
// eslint-disable-next-line no-restricted-syntax -- see above
export const testPermit = (scope: Permit['scope']): Permit => ({ scope }) as Permit;
