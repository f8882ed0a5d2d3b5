import { describe, expect, test } from '@jest/globals';
import { Sealer } from './sealed.js';

const key = new Uint8Array(32).fill(1);
const plain = Buffer.from('a token');

describe('sealing', () => {
  test('opens only what was sealed: same key, purpose, context, bytes', () => {
    const sealer = new Sealer(key, 'one');
    const sealed = sealer.seal(plain, 'context');
    expect(sealer.open(sealed, 'context')).toEqual(plain);
    expect(sealed.includes(plain)).toBe(false);
    expect(() => sealer.open(sealed, 'other')).toThrow();
    expect(() => new Sealer(key, 'two').open(sealed, 'context')).toThrow();
    expect(() => new Sealer(new Uint8Array(32), 'one').open(sealed, 'context')).toThrow();
    for (let at = 0; at < sealed.length; at++) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => sealer.open(changed, 'context')).toThrow();
      expect(() => sealer.open(sealed.subarray(0, at), 'context')).toThrow();
    }
  });
});
