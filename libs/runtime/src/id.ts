import { randomFillSync } from 'node:crypto';

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/**
 * `ses_01J...`: a prefix that says what it names, then a ULID: 48 bits of time, 80 bits of randomness, so that ids sort
 * by age and cannot be guessed.
 */
export function mintId<Prefix extends string>(prefix: Prefix, now: number = Date.now()): `${Prefix}_${string}` {
  let time = '';
  for (let rest = Math.trunc(now), at = 0; at < 10; at++, rest = Math.floor(rest / 32))
    time = (alphabet[rest % 32] ?? '') + time;
  let tail = '';
  for (const byte of randomFillSync(new Uint8Array(16))) tail += alphabet[byte & 31] ?? '';
  return `${prefix}_${time}${tail}`;
}
