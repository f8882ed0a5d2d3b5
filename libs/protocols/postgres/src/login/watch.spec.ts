import { describe, expect, test } from '@jest/globals';
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { parse } from 'pg-protocol';
import { failure, from, int32, join, ready } from '../../testing/rig.js';
import { LoginWatch } from './watch.js';

const transcript = [
  from('R', int32(10), 'SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0'),
  from('R', int32(11), 'r=abc,s=c2FsdA==,i=4096'),
  from('R', int32(12), 'v=c2lnbmF0dXJl'),
  from('R', int32(0)),
  from('v', int32(196608), int32(1), '_pq_.x\0'),
  from('S', 'client_encoding\0UTF8\0'),
  from('N', 'SNOTICE\0C00000\0Mhi\0\0'),
  from('K', int32(1), int32(2)),
  ready(),
];
const whole = join(...transcript);
const pieces = (bytes: Uint8Array, cuts: readonly number[]): readonly Uint8Array[] => {
  const edges = [0, ...cuts.map((at) => at % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return edges.slice(1).map((to, index) => bytes.slice(edges[index], to));
};

describe('what a library is let see of a login', () => {
  test('whole messages, however they are cut, and what comes behind is nobody’s', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(400)), fc.uint8Array({ maxLength: 20 }), (cuts, behind) => {
        const watch = new LoginWatch(false);
        const seen: Uint8Array[] = [];
        const rest: Uint8Array[] = [];
        for (const piece of pieces(join(whole, behind), cuts)) {
          if (watch.ready) rest.push(piece);
          else {
            const watched = watch.push(piece);
            seen.push(watched.messages);
            if (watched.rest) rest.push(watched.rest);
          }
        }
        expect(join(...seen)).toEqual(whole);
        expect(join(...rest)).toEqual(behind);
      }),
    );
  });

  test('a login that was damaged anywhere is read by the library, or not given to it', () => {
    const damage = fc.record({ at: fc.nat(whole.length - 1), to: fc.integer({ min: 0, max: 255 }) });
    fc.assert(
      fc.property(fc.array(damage, { minLength: 1, maxLength: 4 }), fc.array(fc.nat(400)), (damages, cuts) => {
        const bytes = whole.slice();
        for (const { at, to } of damages) bytes[at] = to;
        const watch = new LoginWatch(true);
        const library = new PassThrough();
        parse(library, () => undefined);
        for (const piece of pieces(bytes, cuts)) {
          if (watch.ready) break;
          try {
            const { messages } = watch.push(piece);
            library.emit('data', Buffer.from(messages));
          } catch (error) {
            expect(error).toMatchObject({ name: 'LoginError' });
            break;
          }
        }
      }),
      { numRuns: 3000 },
    );
  });

  test.each<[string, Uint8Array]>([
    ['ready before anybody was let in', ready()],
    ['let in without the proof that was begun', join(transcript[0] ?? whole, from('R', int32(0)))],
    ['rows', join(from('R', int32(0)), from('D', [0, 0]))],
    ['a copy of its own', join(from('R', int32(0)), from('W', [0, 0, 0]))],
    ['a list of mechanisms without an end', from('R', int32(10), 'SCRAM-SHA-256\0')],
    ['a length that says nothing', Uint8Array.of(0x53, 0, 0, 0, 3)],
    ['a negative length', Uint8Array.of(0x53, 0xff, 0xff, 0xff, 0xff)],
    ['more options than bytes', from('v', int32(196608), int32(-1), 'a\0')],
  ])('%s is refused', (_name, bytes) => {
    expect(() => new LoginWatch(true).push(bytes)).toThrow();
  });

  test('an error is the library’s to tell', () => {
    const error = failure('28P01', 'no', 'FATAL');
    expect(new LoginWatch(false).push(error).messages).toEqual(Buffer.from(error));
  });
});
