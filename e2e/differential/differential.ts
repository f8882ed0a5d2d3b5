import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { encodeQuery } from '@sallyport/postgres';
import fc from 'fast-check';
import type { Scene } from '../corners/scene.js';
import { ready } from '../corners/wire.js';
import type { Wire } from '../corners/wire.js';
import { history } from './history.js';
import type { Unit } from './history.js';

/** Seeds that found something once stay; each run adds one of its own. */
const kept = JSON.parse(readFileSync(join(import.meta.dirname, 'seeds.json'), 'utf8')) as readonly number[];
const fresh = Date.now() % 2 ** 31;
const conversations = 25;

const converse =
  (units: readonly Unit[]) =>
  async ({ ask }: Wire): Promise<string> => {
    const heard: string[] = [];
    // Into an empty file: where old rows lay, new ones may come in another order.
    await ask(ready, encodeQuery(`truncate corners.t; insert into corners.t values (1, 'one'), (2, null)`));
    for (const { messages, readies } of units)
      heard.push(byCode(await ask(new RegExp(`(?:Z\\(\\w+\\).*){${readies}}$`, 's'), ...messages)));
    await ask(ready, encodeQuery('rollback'));
    heard.push(await ask(ready, encodeQuery('select id, name from corners.t order by id')));
    return heard.join('\n');
  };

/** Of an error its class: severity and SQLSTATE. Words are the target's, or the gateway's own. */
const byCode = (text: string): string => text.replace(/E\((\w+)\|(\w{5})\|(?:[^)]|\)(?! [A-Z0-9]))*\)/g, 'E($1|$2)');

/** Random conversations, once with the target itself and once through a gateway that allows all. */
export const differential = (scene: () => Scene): void =>
  describe('the same results, the same classes of errors, the same state of the transaction', () => {
    test.each([...kept, fresh])(
      'in conversations of seed %i',
      async (seed) => {
        const same = fc.asyncProperty(history, async (units) => void (await scene().both(converse(units))));
        const found = await fc.check(same, { seed, numRuns: conversations });
        const told = (found.counterexample?.[0] ?? []).map((unit) => unit.told);
        if (found.failed)
          throw new Error(`keep ${seed} in seeds.json:\n${told.join('\n')}`, { cause: found.errorInstance });
        expect(found.numRuns).toBe(conversations);
      },
      120_000,
    );
  });
