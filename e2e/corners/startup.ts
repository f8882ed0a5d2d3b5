import { describe, expect, test } from '@jest/globals';
import { encodePassword, encodeQuery } from '@sallyport/postgres';
import type { BackendMessage } from '@sallyport/postgres';
import type { Scene } from './scene.js';
import { connectWire, ready } from './wire.js';

const version = (minor: number): number => (3 << 16) | minor;
const bodyOf = (heard: readonly BackendMessage[], letter: string): string => {
  const found = heard.find((message) => message.type === 'other' && message.letter === letter);
  return found?.type === 'other' ? Buffer.from(found.body).toString('latin1') : '';
};

export const startup = (scene: () => Scene): void =>
  describe('the start', () => {
    test.each([
      ['3.0', version(0), {}, ''],
      ['3.2', version(2), {}, ''],
      ['3.9: what is spoken is told', version(9), {}, '\0\x03\0\x02\0\0\0\0'],
      ['3.9999, as clients grease it', version(9999), {}, '\0\x03\0\x02\0\0\0\0'],
      [
        '3.0 with options that nobody knows: they are told',
        version(0),
        { '_pq_.one': '1', '_pq_.other': 'x' },
        '\0\x03\0\0\0\0\0\x02_pq_.one\0_pq_.other\0',
      ],
      [
        '3.2 with one',
        version(2),
        { '_pq_.test_protocol_negotiation': '' },
        '\0\x03\0\x02\0\0\0\x01_pq_.test_protocol_negotiation\0',
      ],
    ])('version %s', async (_name, asked, options, negotiated) => {
      const keys: number[] = [];
      await scene().both(
        async (wire) => {
          const before = await wire.hears(/R/);
          await wire.ask(ready, encodePassword(wire.way.password));
          expect(bodyOf(wire.heard, 'v')).toBe(negotiated);
          keys.push(wire.key.length);
          return `${before} ${await wire.ask(ready, encodeQuery('select 1'))}`;
        },
        { version: asked, startup: options, stranger: true },
      );
      // 3.2 has cancel keys of 32 bytes, behind the number of the process.
      expect(keys).toEqual(asked >= version(2) ? [36, 36] : [8, 8]);
    });

    test('what the server is set to is told as it is', async () => {
      const heard = await scene().both(
        async (wire) => {
          await wire.hears(/R/);
          const told = await wire.ask(ready, encodePassword(wire.way.password));
          return (told.match(/S\([^)]*\)/g) ?? []).sort().join('\n');
        },
        {
          startup: { application_name: 'corners', TimeZone: 'Asia/Tokyo', options: '-c datestyle=german' },
          stranger: true,
        },
      );
      expect(heard).toContain('S(application_name=corners)');
      expect(heard).toContain('S(TimeZone=Asia/Tokyo)');
      expect(heard).toContain('S(DateStyle=German, DMY)');
    });

    test('a second start-up packet ends the connection', async () => {
      for (const way of scene().ways) {
        const wire = await connectWire(way);
        wire.send(Buffer.from([0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f]));
        expect([way.name, await wire.end()]).toEqual([way.name, expect.stringContaining('|08P01|')]);
      }
    });
  });
