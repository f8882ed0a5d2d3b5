import { createHash, randomBytes } from 'node:crypto';

/** `spj_<fingerprint>_<secret>`: whom to trust, and why one may come in. */
export interface JoinToken {
  /** SHA-256 of the authority's certificate, hex. */
  readonly fingerprint: string;
  readonly secret: string;
}

const pattern = /^spj_([0-9a-f]{64})_([A-Za-z0-9_-]{43})$/;

export const createJoinSecret = (): string => randomBytes(32).toString('base64url');

export const formatJoinToken = ({ fingerprint, secret }: JoinToken): string => `spj_${fingerprint}_${secret}`;

export function parseJoinToken(text: string): JoinToken | undefined {
  const match = text.length > 200 ? null : pattern.exec(text);
  const [, fingerprint, secret] = match ?? [];
  return fingerprint === undefined || secret === undefined ? undefined : { fingerprint, secret };
}

/** What the control plane keeps: a secret of 256 random bits needs no salt and no slow hash. */
export const hashJoinSecret = (secret: string): string => createHash('sha256').update(secret).digest('hex');
