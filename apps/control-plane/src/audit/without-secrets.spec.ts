import { describe, expect, test } from '@jest/globals';
import { withoutSecrets } from './without-secrets.js';

describe('what is kept of a request', () => {
  test('no secret by name, at any depth', () => {
    const kept = withoutSecrets({ name: 'x', token: 'sat_1', deep: [{ userPassword: 'p', apiSecret: 's', ok: 1 }] });
    expect(kept).toEqual({
      name: 'x',
      token: '(not kept)',
      deep: [{ userPassword: '(not kept)', apiSecret: '(not kept)', ok: 1 }],
    });
  });

  test('bounded in depth, breadth and length, and fit for Postgres', () => {
    let deep: unknown = 1;
    for (let level = 0; level < 50; level++) deep = [deep];
    expect(JSON.stringify(withoutSecrets(deep)).length).toBeLessThan(40);
    expect(withoutSecrets(Array.from({ length: 500 }, () => 1))).toHaveLength(100);
    expect(String(withoutSecrets('x'.repeat(10_000)))).toHaveLength(4_001);
    expect(withoutSecrets('a\0\ud800b')).toBe('a\uFFFD\uFFFDb');
    expect(withoutSecrets(undefined)).toBeNull();
    const wide = Array.from({ length: 90 }, () => Array.from({ length: 90 }, () => ({ text: 'x'.repeat(3_000) })));
    expect(JSON.stringify(withoutSecrets(wide)).length).toBeLessThan(100_000);
    const names = Object.fromEntries(
      Array.from({ length: 90 }, (_, index) => [`${index}${'n'.repeat(190)}`, [[1], [2]]]),
    );
    expect(JSON.stringify(withoutSecrets(Array.from({ length: 90 }, () => names))).length).toBeLessThan(100_000);
  });
});
