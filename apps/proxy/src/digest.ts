import { createHash } from 'node:crypto';
import type { Digest } from '@sallyport/kernel';

/** SHA-256 of what is too long to be kept. */
export const sha256 = (): Digest => {
  const hash = createHash('sha256');
  return { update: (bytes) => void hash.update(bytes), done: () => hash.digest() };
};
