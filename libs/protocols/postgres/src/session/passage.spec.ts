import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { Digest } from '@sallyport/kernel';
import { defaultLimits } from '@sallyport/protocol-core';
import { cutEverywhere } from '@sallyport/testing';
import {
  bytes,
  complete,
  denyMatching,
  describeRow,
  from,
  int16,
  int32,
  join,
  maskOf,
  ready,
  repeated,
  Rig,
  row,
  allow,
} from '../../testing/rig.js';
import {
  encodeBind,
  encodeCopyData,
  encodeCopyDone,
  encodeExecute,
  encodeParse,
  encodeQuery,
  encodeSync,
} from '../client.js';

/** What is kept of a message is little here, so that short ones are long. */
const limits = { ...defaultLimits, clientMessage: 48 };
const digest = (): Digest => {
  const hash = createHash('sha256');
  return { update: (passing) => void hash.update(passing), done: () => new Uint8Array(hash.digest()) };
};
const begin = (decide = () => allow()): Rig => new Rig(decide, { limits, digest }).begin();
const x = (length: number): Uint8Array => repeated(length, bytes('x'));
const sha256 = (value: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(value).digest());
const value = (length: number, format: 'text' | 'binary' = 'text') => ({ format, value: x(length) });
const empty = { format: 'text', value: new Uint8Array(0) } as const;
const nothing = { format: 'binary', value: null } as const;

describe('values that are too long to be kept', () => {
  const parse = encodeParse('select $1', '', [25, 17]);
  const bind = encodeBind({ parameters: [value(60), nothing, value(30, 'binary'), empty], resultFormats: ['binary'] });
  const sent = [parse, bind, encodeExecute(), encodeSync()];
  const answer = [from('1'), from('2'), row('1'), complete('SELECT 1'), ready()];

  test('go to the target as they come, however they are cut; decided is on their lengths and digests', () => {
    for (const pieces of cutEverywhere(join(...sent))) {
      const rig = begin().feed('client', ...pieces);
      expect(rig.toTarget).toEqual(join(...sent));
      expect(rig.questions.at(-1)).toMatchObject({
        phase: 'run',
        parameters: [
          { type: 25, format: 'text', value: sha256(x(60)), length: 60 },
          { type: 17, format: 'binary', value: null },
          { type: 0, format: 'binary', value: sha256(x(30)), length: 30 },
          { type: 0, format: 'text', value: sha256(x(0)), length: 0 },
        ],
      });
      expect(rig.target(...answer).heard).toBe('1 2 D(1) C(SELECT 1) Z(idle)');
    }
  });

  test('one byte at a time', () => {
    const rig = begin().feed('client', ...[...join(...sent)].map((byte) => Uint8Array.of(byte)));
    expect(rig.toTarget).toEqual(join(...sent));
    expect(rig.questions.filter(({ kind }) => kind === 'command')).toHaveLength(2);
  });

  test('a denied Execute behind them never goes', () => {
    let denying = false;
    const rig = new Rig((question) => denyMatching(/select/)(denying ? question : { ...question, text: '' }), {
      limits,
    });
    rig.begin().client(parse, bind);
    denying = true;
    rig.client(encodeExecute(), encodeSync());
    expect(rig.letters).not.toContain('E');
    rig.target(from('1'), from('2'), ready());
    expect(rig.heard).toBe('1 2 E(42501) Z(idle)');
  });

  test('what the gateway says to the target meanwhile comes behind them', () => {
    const refused = { kind: 'refuse', refusal: { code: 'unmaskable', message: 'no' } } as const;
    const rig = begin(() => allow(maskOf({}, { choose: () => refused })));
    rig.client(parse, encodeBind({ portal: 'p' }), encodeExecute('p'), bind.subarray(0, 70));
    // The answer may not be shown: the gateway wants to know where the target stands.
    rig.target(from('1'), from('2'), describeRow({ name: 'a' }), row('1'));
    expect(rig.heard).toBe('1 2 E(SP007)');
    rig.client(bind.subarray(70));
    expect(rig.letters).toBe('PBDEBH');
  });

  test('of a statement that is not there: the client is told, nothing goes', () => {
    const rig = begin().client(encodeBind({ statement: 'nowhere', parameters: [value(90)] }), encodeSync());
    rig.target(ready());
    expect([rig.letters, rig.heard]).toEqual(['S', 'E(26000) Z(idle)']);
  });

  test('behind an error they are dropped like everything else up to the Sync', () => {
    const rig = begin().client(encodeBind({ statement: 'nowhere' }), bind, encodeSync(), encodeQuery('select 1'));
    expect(rig.letters).toBe('SQ');
  });

  test.each([
    ['a value longer than the message', Uint8Array.from([...int16(0), ...int16(1), ...int32(500), ...x(90)])],
    ['a negative length', Uint8Array.from([...int16(0), ...int16(1), ...int32(-2), ...x(90)])],
    ['bytes behind its end', Uint8Array.from([...int16(0), ...int16(1), ...int32(50), ...x(50), ...int16(0), ...x(9)])],
    ['too few values', Uint8Array.from([...int16(0), ...int16(3), ...int32(50), ...x(50), ...int16(0)])],
  ])('%s ends the session', (_name, body) => {
    const rig = begin().client(encodeParse('select 1'), from('B', '\0\0', body));
    expect([rig.closed, rig.heard]).toEqual(['refused', 'E(08P01)']);
  });

  test('a client that leaves in the middle of them takes its target along', () => {
    const rig = begin().client(encodeParse('select 1'), bind.subarray(0, 70));
    rig.perform(rig.session.end('client'));
    expect([rig.letters.startsWith('P'), rig.closed]).toEqual([true, 'client_left']);
  });
});

describe('COPY data', () => {
  const data = encodeCopyData(x(200));
  test('of any length goes through as it comes', () => {
    for (const pieces of cutEverywhere(join(data, encodeCopyDone()))) {
      const rig = begin()
        .client(encodeQuery('copy t from stdin'))
        .target(from('G', [0, 0, 0]))
        .forget();
      rig.feed('client', ...pieces);
      expect(rig.toTarget).toEqual(join(data, encodeCopyDone()));
      expect(rig.target(complete('COPY 1'), ready()).heard).toBe('C(COPY 1) Z(idle)');
    }
  });
  test('that is sent ahead waits for the COPY; where there is none, it is dropped', () => {
    const ahead = begin().client(encodeQuery('copy t from stdin'), data, encodeCopyDone());
    expect(ahead.letters).toBe('Q');
    expect(ahead.target(from('G', [0, 0, 0])).letters).toBe('Qdc');
    expect(begin().client(data, encodeSync()).letters).toBe('S');
  });
});

test.each([
  ['a query', encodeQuery(`select '${'x'.repeat(90)}'`)],
  ['a prepared statement', encodeParse(`select '${'x'.repeat(90)}'`)],
])('%s is read whole or not at all', (_name, message) => {
  const rig = begin().client(message);
  expect([rig.letters, rig.closed, rig.heard]).toEqual(['', 'refused', 'E(54000)']);
});
