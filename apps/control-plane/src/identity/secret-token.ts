import { createHash, randomBytes } from 'node:crypto';

/** A bearer secret: a prefix that scanners find, and 256 random bits. */
export const mintSecret = (prefix: 'sat' | 'sps' | 'srt' | 'sdc'): string =>
  `${prefix}_${randomBytes(32).toString('base64url')}`;

/** What is kept of it. A secret with 256 bits of its own needs no salt and no slow hash. */
export const hashSecret = (secret: string): string => createHash('sha256').update(secret).digest('hex');
