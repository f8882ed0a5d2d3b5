import { createHash, randomBytes } from 'node:crypto';

/**
 * `spj_FINGERPRINT_SECRET`: the fingerprint of the authority's certificate lets a new node recognise the control plane
 * before it shows the secret; the secret is kept there as a hash only, and works once.
 */
export interface JoinToken {
  readonly fingerprint: string;
  readonly secret: string;
}

export const createJoinToken = (fingerprint: string): JoinToken => ({
  fingerprint,
  secret: randomBytes(32).toString('base64url').replace(/[-_]/g, 'x'),
});

export const formatJoinToken = ({ fingerprint, secret }: JoinToken): string => `spj_${fingerprint}_${secret}`;

export function parseJoinToken(text: string): JoinToken | undefined {
  const match = /^spj_([0-9a-f]{64})_([A-Za-z0-9]{40,64})$/.exec(text.trim());
  return match === null ? undefined : { fingerprint: match[1] ?? '', secret: match[2] ?? '' };
}

export const hashJoinSecret = (secret: string): string => createHash('sha256').update(`join:${secret}`).digest('hex');
