import { describe, expect, test } from '@jest/globals';
import {
  encodeBind,
  encodeClose,
  encodeDescribe,
  encodeExecute,
  encodeFlush,
  encodeParse,
  encodeQuery,
  encodeSync,
} from '@sallyport/postgres';
import type { Scene } from './scene.js';
import { codesOf, ready } from './wire.js';

const statement = (text: string): Uint8Array[] => [encodeParse(text), encodeBind(), encodeExecute()];
const parameter = (value: string) => ({ format: 'text', value: Buffer.from(value) }) as const;

export const pipelines = (scene: () => Scene): void =>
  describe('pipelines', () => {
    test('many statements in one write: answers in order, under one Sync and under several', async () => {
      const heard = await scene().both(async ({ ask }) => {
        const one = await ask(ready, ...[1, 2, 3, 4, 5].flatMap((n) => statement(`select ${n}`)), encodeSync());
        const several = await ask(
          /(Z.*){3}$/,
          ...[6, 7, 8].flatMap((n) => [...statement(`select ${n}`), encodeSync()]),
        );
        const mixed = await ask(
          /(Z.*){2}$/,
          ...statement('select 9'),
          encodeSync(),
          encodeQuery('select 10; select 11'),
        );
        return [one, several, mixed].join('\n');
      });
      expect(heard.match(/D\(\d+\)/g)).toHaveLength(11);
    });

    test('a Flush brings answers before the Sync', async () => {
      const heard = await scene().both(async ({ ask }) => {
        const early = await ask(/C\(SELECT 1\)$/, ...statement('select 1'), encodeFlush());
        return `${early} / ${await ask(ready, encodeSync())}`;
      });
      expect(heard).toBe('1 2 D(1) C(SELECT 1) / Z(idle)');
    });

    test('without BEGIN a pipeline is one transaction: all of it, or nothing', async () => {
      const heard = await scene().both(async ({ ask }) => {
        const insert = (id: number): Uint8Array[] => statement(`insert into corners.t values (${id}, 'implicit')`);
        const failed = await ask(ready, ...insert(1), ...insert(2), ...insert(1), ...insert(3), encodeSync());
        const nothing = await ask(ready, encodeQuery('select count(*) from corners.t'));
        const kept = await ask(ready, ...insert(1), ...insert(2), encodeSync());
        const both = await ask(ready, encodeQuery('delete from corners.t'));
        return [failed, nothing, kept, both].join('\n');
      });
      expect(heard).toContain('|23505|');
      expect(heard).toContain('D(0) C(SELECT 1)');
      expect(heard).toContain('C(DELETE 2)');
    });

    test('BEGIN and COMMIT inside of one, and an error between them', async () => {
      const heard = await scene().both(async ({ ask }) => {
        const whole = await ask(
          ready,
          ...statement('begin'),
          ...statement(`insert into corners.t values (1, 'block')`),
          ...statement('commit'),
          ...statement('select count(*) from corners.t'),
          encodeSync(),
        );
        const broken = await ask(
          /(Z.*){3}$/,
          ...statement('begin'),
          ...statement('delete from corners.t'),
          ...statement('select 1/0'),
          encodeSync(),
          ...statement('commit'),
          encodeSync(),
          ...statement('delete from corners.t'),
          encodeSync(),
        );
        return `${whole}\n${broken}`;
      });
      expect(heard).toMatch(/\|22012\|.* Z\(failed\) .*C\(ROLLBACK\) Z\(idle\).*C\(DELETE 1\)/);
    });

    test('after an error everything is dropped up to the Sync, and not a message more', async () => {
      const heard = await scene().both(async ({ ask }) => {
        const parsing = await ask(
          /(Z.*){2}$/,
          encodeParse('selec 1', 's'),
          encodeBind({ statement: 's' }),
          encodeExecute(),
          encodeFlush(),
          ...statement('select 1'),
          encodeSync(),
          ...statement('select 2'),
          encodeSync(),
        );
        const binding = await ask(
          /(Z.*){2}$/,
          encodeParse('select $1::int'),
          encodeBind({ parameters: [parameter('x')] }),
          encodeExecute(),
          encodeSync(),
          ...statement('select 3'),
          encodeSync(),
        );
        const running = await ask(
          /(Z.*){2}$/,
          ...statement('select 1/0'),
          ...statement('select 4'),
          encodeClose('statement', 'nowhere'),
          encodeSync(),
          encodeQuery('select 5'),
        );
        const absent = await ask(ready, encodeBind({ statement: 'nowhere' }), encodeExecute(), encodeSync());
        // What does not parse, and a name that is not there, the gateway answers by itself, in its own words.
        return codesOf([parsing, binding, running, absent].join('\n'));
      });
      expect(heard.match(/D\(\d\)/g)).toEqual(['D(2)', 'D(3)', 'D(5)']);
    });

    test('a portal is read in slices, and another one between them', async () => {
      const heard = await scene().both(async ({ ask }) => {
        const first = await ask(
          ready,
          ...statement('begin'),
          encodeParse('select generate_series(1, 5)'),
          encodeBind({ portal: 'slow' }),
          encodeDescribe('portal', 'slow'),
          encodeExecute('slow', 2),
          encodeSync(),
        );
        const other = await ask(ready, ...statement(`select 'between'`), encodeSync());
        const second = await ask(ready, encodeExecute('slow', 2), encodeExecute('slow', 2), encodeSync());
        const beyond = await ask(ready, encodeExecute('slow', 2), encodeSync());
        await ask(ready, encodeQuery('commit'));
        const gone = codesOf(await ask(ready, encodeExecute('slow', 2), encodeSync()));
        return [first, other, second, beyond, gone].join('\n');
      });
      expect(heard.match(/D\(\d\)|\bs\b|D\(between\)/g)?.join(' ')).toBe('D(1) D(2) s D(between) D(3) D(4) s D(5)');
    });

    test('a text without a statement, in both protocols', async () => {
      const heard = await scene().both(async ({ ask }) => {
        const texts = ['', ';', '  \n\t', '-- nothing', '/* nothing */;;'];
        const answers: string[] = [];
        for (const text of texts) {
          answers.push(await ask(ready, encodeQuery(text)));
          const described = [encodeParse(text), encodeBind(), encodeDescribe('portal'), encodeExecute(), encodeSync()];
          answers.push(await ask(ready, ...described));
        }
        return answers.join('\n');
      });
      expect(heard.split('\n').every((line) => /^(?:1 2 n )?I Z\(idle\)$/.test(line))).toBe(true);
    });

    test('a cursor WITH HOLD outlives its transaction', async () => {
      const heard = await scene().both(async ({ ask }) => {
        const texts = [
          'begin',
          'declare kept scroll cursor with hold for select generate_series(1, 4)',
          'fetch 2 from kept',
          'commit',
          'fetch 1 from kept',
          'fetch backward 2 from kept',
          'move absolute 3 in kept',
          'fetch all from kept',
          'close kept',
        ];
        const answers: string[] = [];
        for (const text of texts) answers.push(await ask(ready, encodeQuery(text)));
        return answers.join('\n');
      });
      expect(heard).toContain('C(CLOSE CURSOR) Z(idle)');
      expect(heard.match(/D\(\d\)/g)).toHaveLength(6);
    });
  });
