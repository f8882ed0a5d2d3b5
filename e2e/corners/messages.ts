import { describe, expect, test } from '@jest/globals';
import { encodeBind, encodeExecute, encodeParse, encodeQuery, encodeSync } from '@sallyport/postgres';
import type { Scene } from './scene.js';
import { ready } from './wire.js';

export const messages = (scene: () => Scene): void =>
  describe('what a server says by itself', () => {
    test('notices while a statement runs, in their place', async () => {
      const heard = await scene().both(async ({ ask }) => {
        const raised = await ask(
          ready,
          encodeQuery(`do $$ begin raise notice 'one'; raise warning 'two'; raise info 'three'; end $$; select 1`),
        );
        const quiet = await ask(
          ready,
          encodeQuery(`set client_min_messages = error; do $$ begin raise warning 'no'; end $$`),
        );
        const absent = await ask(ready, encodeQuery('reset client_min_messages; commit'));
        return [raised, quiet, absent].join('\n');
      });
      expect(heard).toMatch(/N\(00000\|one\) N\(01000\|two\) N\(00000\|three\) C\(DO\)/);
      expect(heard).toContain('N(25P01|there is no transaction in progress)');
    });

    test('NOTIFY while idle, from another session; from itself before it is ready', async () => {
      const heard = await scene().both(async ({ ask, hears }) => {
        await ask(ready, encodeQuery('listen corners'));
        await scene().admin.query(`notify corners, 'from afar'`);
        const idle = await hears(/A\(/);
        const own = await ask(/A\(.*Z\(idle\)$|Z\(idle\).*A\(/, encodeQuery(`notify corners, 'own'`));
        await ask(ready, encodeQuery('begin'));
        await scene().admin.query(`notify corners, 'in a block'`);
        const block = await ask(ready, encodeQuery('select 1'));
        const after = await ask(/A\(/, encodeQuery('commit'));
        const silent = await ask(ready, encodeQuery('unlisten *'));
        return [idle, own, block, after, silent].join('\n');
      });
      expect(heard).toContain('A(corners,from afar)');
      expect(heard).toContain('A(corners,own)');
      expect(heard).toContain('A(corners,in a block)');
    });

    test('ParameterStatus: SET among other statements, in a function, rolled back, reset', async () => {
      const heard = await scene().both(async ({ ask }) => {
        const texts = [
          `select 1; set application_name = 'a'; select 2; set timezone = 'UTC'; select 3`,
          `select set_config('application_name', 'b', false)`,
          `do $$ begin perform set_config('application_name', 'c', false); end $$`,
          `begin; set local intervalstyle = 'iso_8601'`,
          'rollback',
          'set datestyle = german',
          'reset all',
        ];
        const answers: string[] = [];
        for (const text of texts) answers.push(await ask(ready, encodeQuery(text)));
        answers.push(
          await ask(ready, encodeParse(`set application_name = 'd'`), encodeBind(), encodeExecute(), encodeSync()),
        );
        return answers.join('\n');
      });
      for (const name of ['a', 'b', 'c', 'd']) expect(heard).toContain(`S(application_name=${name})`);
      expect(heard).toContain('S(IntervalStyle=iso_8601)');
      expect(heard).toContain('S(DateStyle=German, DMY)');
    });
  });
