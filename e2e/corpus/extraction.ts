import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { attack } from './attacker.js';
import type { Question } from './attacker.js';
import type { Scene } from './scene.js';

/** What the attacker is after: people.ssn of the first. */
const value = 'CNRYqvx7kzjw31';
const seed = 20_261_124;
const most = 2_000;

const [first = '', ...others] = readFileSync(join(import.meta.dirname, 'extraction.sql'), 'utf8')
  .split('\n\n')
  .filter((block) => !block.startsWith('--'))
  .map((block) => block.trim());
const questions: readonly [Question, ...Question[]] = [first, ...others];

/** Numbers that are the same in every run (mulberry32). */
const randomFrom = (start: number) => {
  let state = start;
  return (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

/** A blind attacker asks thousands of questions about one masked value: no two answers may differ by it. */
export const extraction = (scene: () => Scene): void =>
  describe('an attacker who asks', () => {
    const rob = async (who: 'direct' | 'reader') => {
      const session = await scene().open(who);
      const loot = await attack({ session, questions, random: randomFrom(seed), most });
      session.end();
      return loot;
    };

    test('the target itself has the value, and every question tells of it', async () => {
      expect(await rob('direct')).toMatchObject({ value, silent: [] });
    });

    test(
      'the gateway, who may not filter, has nothing of it',
      async () => {
        expect(await rob('reader')).toEqual({ value: '', asked: most, silent: questions });
      },
      120_000,
    );
  });
