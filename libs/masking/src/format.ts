import { decodeUtf8 } from '@sallyport/kernel';

/** The field names are those of the bundle (libs/policy), which this room may not import. */
export type MaskFormat = 'redact' | 'partial' | 'hash' | 'null' | 'email';

/** HMAC-SHA-256, passed in by who owns the platform. */
export type Hmac = (key: Uint8Array, bytes: Uint8Array) => Uint8Array;

export interface HashKey {
  readonly key: Uint8Array;
  readonly hmac: Hmac;
}

export const redacted = '[redacted]';

/** Characters that may show between masked ones: they group, they say nothing. */
const separators = new Set(' -./_:@()+,\u00a0\u202f');
const readable = /[\p{L}\p{N}]/u;

/** The masked text, or `null` for NULL. `bytes` are the value's own text, in the client's encoding. */
export const maskText = (format: MaskFormat, bytes: Uint8Array, hash: HashKey | undefined): string | null => {
  switch (format) {
    case 'null':
      return null;
    case 'redact':
      return redacted;
    case 'hash':
      return hash === undefined ? redacted : hashed(bytes, hash);
    case 'partial':
    case 'email': {
      const text = decodeUtf8(bytes);
      if (text === undefined) return redacted;
      return format === 'partial' ? partial(text) : email(text);
    }
  }
};

/** Keeps the last four letters or digits and the grouping; too short to hide anything that way: redacted whole. */
export const partial = (text: string): string => {
  const signs = Array.from(text);
  let kept = 0;
  let start = signs.length;
  let count = 0;
  for (const sign of signs) if (readable.test(sign)) count += 1;
  if (count < 8) return redacted;
  while (kept < 4 && start > 0) {
    start -= 1;
    if (readable.test(signs[start] ?? '')) kept += 1;
  }
  return signs
    .map((sign, index) => (separators.has(sign) || (index >= start && readable.test(sign)) ? sign : '*'))
    .join('');
};

/** `j***@example.com`. One letter shows only where it is not the whole name. Not an e-mail address: redacted. */
export const email = (text: string): string => {
  const form = /^([^\s@"<>()[\]\\,;:]{1,64})@([\p{L}\p{N}](?:[\p{L}\p{N}.-]{0,251}[\p{L}\p{N}])?)$/u.exec(text.trim());
  const [, local, domain] = form ?? [];
  if (local === undefined || domain === undefined) return redacted;
  if (!domain.includes('.') || domain.includes('..') || !/[\p{L}\p{N}-]*\p{L}[\p{L}\p{N}-]*$/u.test(domain))
    return redacted;
  const letters = Array.from(local);
  return `${letters.length > 1 ? letters[0] : ''}***@${domain}`;
};

/** 128 bits: equal values stay equal for joins, and collide for nobody. */
const hashed = (bytes: Uint8Array, { key, hmac }: HashKey): string =>
  `h_${Array.from(hmac(key, bytes).subarray(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
