import { randomFillSync } from 'node:crypto';

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const tailLength = 16;

/** Randomness ahead of its use: a statement needs an id, and the system's source costs more than the statement. */
const pool = new Uint8Array(tailLength * 256);
let used = pool.length;

/**
 * `ses_01J...`: a prefix that says what it names, then a ULID: 48 bits of time, 80 bits of randomness, so that ids sort
 * by age and cannot be guessed.
 */
export function mintId<Prefix extends string>(prefix: Prefix, now: number = Date.now()): `${Prefix}_${string}` {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  let time = '';
  for (let rest = Math.trunc(now), at = 0; at < 10; at++, rest = Math.floor(rest / 32))
    time = alphabet.charAt(rest % 32) + time;
  let tail = '';
  for (const end = used + tailLength; used < end; used++) {
    tail += alphabet.charAt((pool[used] ?? 0) & 31);
    // Nothing of an id stays behind.
    pool[used] = 0;
  }
  return `${prefix}_${time}${tail}`;
}
