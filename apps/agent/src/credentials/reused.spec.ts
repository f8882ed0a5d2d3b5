import { describe, expect, test } from '@jest/globals';
import { CredentialProblem } from './credential.js';
import { reused } from './reused.js';

/** A source that counts how often it is asked, and answers when it is told to. */
const counting = () => {
  const waiting: { give: (password: string) => void; fail: () => void }[] = [];
  return {
    waiting,
    read: () =>
      new Promise<{ user: string; password: string }>((resolve, reject) => {
        waiting.push({
          give: (password) => resolve({ user: 'app', password }),
          fail: () => reject(new CredentialProblem('no')),
        });
      }),
  };
};

describe('a source that is reused', () => {
  test('is asked once by all who ask meanwhile, and anew by who comes later', async () => {
    const source = counting();
    const { read } = reused(source, 0, () => 0);
    const both = Promise.all([read(), read()]);
    expect(source.waiting).toHaveLength(1);
    source.waiting[0]?.give('one');
    expect((await both).map(({ password }) => password)).toEqual(['one', 'one']);
    const later = read();
    source.waiting[1]?.give('two');
    expect((await later).password).toBe('two');
  });

  test('serves for its period, and not longer', async () => {
    let now = 0;
    const source = counting();
    const { read } = reused(source, 1_000, () => now);
    const first = read();
    source.waiting[0]?.give('one');
    await first;
    now = 999;
    expect((await read()).password).toBe('one');
    now = 1_000;
    const second = read();
    source.waiting[1]?.give('two');
    expect((await second).password).toBe('two');
  });

  test('a failure is nobody’s but theirs who waited for it', async () => {
    const source = counting();
    const { read } = reused(source, 1_000, () => 0);
    const both = Promise.allSettled([read(), read()]);
    source.waiting[0]?.fail();
    expect((await both).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const again = read();
    source.waiting[1]?.give('one');
    expect((await again).password).toBe('one');
  });

  test('what was refused is forgotten, also while it is being read', async () => {
    const source = counting();
    const { read, forget } = reused(source, 1_000, () => 0);
    expect(forget()).toBe(false);
    const first = read();
    source.waiting[0]?.give('one');
    await first;
    expect(forget()).toBe(true);
    const second = read();
    expect(forget()).toBe(false);
    source.waiting[1]?.give('stale');
    await second;
    const third = read();
    source.waiting[2]?.give('three');
    expect((await third).password).toBe('three');
  });
});
