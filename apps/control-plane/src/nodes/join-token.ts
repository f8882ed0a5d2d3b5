import { createHash, randomBytes } from 'node:crypto';

/** The secret part of a join token. */
export const mintJoinToken = (): string => `spj_${randomBytes(32).toString('base64url')}`;

/** What is kept of it, and what enrolment looks for. */
export const hashJoinToken = (token: string): string => createHash('sha256').update(token).digest('hex');
