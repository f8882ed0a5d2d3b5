import { randomBytes } from 'node:crypto';

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** A new id: prefix and ULID, so that ids sort by the time at which they were minted. */
export function mintId(prefix: string, now: number = Date.now()): string {
  let text = '';
  let time = now;
  for (let digit = 0; digit < 10; digit++) {
    text = (alphabet[time % 32] ?? '') + text;
    time = Math.floor(time / 32);
  }
  for (const byte of randomBytes(16)) text += alphabet[byte % 32] ?? '';
  return `${prefix}_${text}`;
}
