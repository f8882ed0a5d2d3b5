import { describe, expect, test } from '@jest/globals';
import { encodeBind, encodeDescribe, encodeExecute, encodeParse, encodeQuery, encodeSync } from '@sallyport/postgres';
import type { Scene } from './scene.js';
import { codesOf, ready } from './wire.js';

/** A typed message with any bytes in it. */
const typed = (letter: string, ...parts: readonly (string | readonly number[])[]): Uint8Array => {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))));
  const whole = Buffer.alloc(5 + body.length);
  whole.write(letter, 'latin1');
  whole.writeInt32BE(4 + body.length, 1);
  body.copy(whole, 5);
  return whole;
};
const int16 = (value: number): readonly number[] => [value >> 8, value & 0xff];
const bindText = (value: Uint8Array): Uint8Array => encodeBind({ parameters: [{ format: 'text', value }] });

export const texts = (scene: () => Scene): void =>
  describe('texts and values', () => {
    test.each([
      ['invalid UTF-8 in a statement', [typed('Q', `select '`, [0xff, 0xfe], `'\0`)], '22021'],
      ['half a character at its end', [typed('Q', `select 'a`, [0xc3], `'\0`)], '22021'],
      ['an overlong one', [typed('Q', `select '`, [0xc0, 0x80], `'\0`)], '22021'],
      ['a surrogate', [typed('Q', `select '`, [0xed, 0xa0, 0x80], `'\0`)], '22021'],
      ['NUL in a statement', [typed('Q', `select 'a\0b'\0`)], '08P01'],
      ['invalid UTF-8 in a prepared one', [typed('P', '\0select ', [0xff], '\0', int16(0)), encodeSync()], '22021'],
      ['NUL in a prepared one', [typed('P', `\0select 'a\0b'\0`, int16(0)), encodeSync()], '08P01'],
      ['invalid UTF-8 in its name', [typed('P', [0xff], '\0select 1\0', int16(0)), encodeSync()], '22021'],
      [
        'invalid UTF-8 in a parameter',
        [encodeParse('select $1::text'), bindText(Buffer.from([0xff])), encodeExecute(), encodeSync()],
        '22021',
      ],
      [
        'NUL in a parameter',
        [encodeParse('select $1::text'), bindText(Buffer.from('a\0b')), encodeExecute(), encodeSync()],
        '22021',
      ],
      [
        'NUL in a binary parameter',
        [
          encodeParse('select $1::text'),
          encodeBind({ parameters: [{ format: 'binary', value: Buffer.from('a\0b') }] }),
          encodeExecute(),
          encodeSync(),
        ],
        '22021',
      ],
    ])('%s: an error, and the session goes on', async (_name, sent, code) => {
      const heard = await scene().both(async ({ ask }) => {
        const first = codesOf(await ask(ready, ...sent));
        return `${first}\n${await ask(ready, encodeQuery(`select 'ü😀'`))}`;
      });
      expect(heard).toContain(`E(${code})`);
      expect(heard).toContain('D(ü😀)');
    });

    test('1,600 columns: of a table, and 1,664 of a query', async () => {
      const heard = await scene().both(async ({ ask }) => {
        await ask(ready, encodeQuery('begin; insert into corners.wide default values'));
        const simple = await ask(ready, encodeQuery('select * from corners.wide'));
        const described = [encodeBind({ resultFormats: ['binary'] }), encodeDescribe('portal'), encodeExecute()];
        const extended = await ask(ready, encodeParse('select * from corners.wide'), ...described, encodeSync());
        const list = Array.from({ length: 1_664 }, (_, at) => `${at} as c${at}`).join(', ');
        const most = await ask(ready, encodeQuery(`select ${list}`));
        const rolled = await ask(ready, encodeQuery('rollback'));
        return [simple, extended, most, rolled].join('\n');
      });
      expect(heard).toContain(',c1599:23)');
      expect(heard).toContain(',c1663:23)');
    });
  });
