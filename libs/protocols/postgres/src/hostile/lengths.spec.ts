import { describe, expect, test } from '@jest/globals';
import { from, int16, int32, ready, repeated, Rig, describeRow, allow, maskOf, join } from '../../testing/rig.js';
import {
  encodeBind,
  encodeExecute,
  encodeParse,
  encodeQuery,
  encodeRequest,
  encodeStartup,
  encodeSync,
} from '../client.js';
import { requestCode } from '../message/type.js';

const header = (letter: string, length: number): Uint8Array =>
  Uint8Array.from([letter.charCodeAt(0), ...int32(length)]);
const cap = 16 * 1024 * 1024;

describe('lengths: of a client’s message', () => {
  test.each([0, 3, -1, -2147483648])('%d ends the session, nothing reaches the target', (length) => {
    const rig = new Rig().begin().client(header('Q', length));
    expect(rig.closed).toBe('refused');
    expect(rig.heard).toBe('E(08P01)');
    expect(rig.toTarget).toHaveLength(0);
  });
  test.each([2147483647, cap])('%d is refused before a byte of it is kept', (length) => {
    const rig = new Rig().begin().client(header('Q', length));
    expect(rig.heard).toBe('E(54000)');
    expect(rig.closed).toBe('refused');
  });
  test.each([0, 3, 7, -1, 10_001, 2147483647])('%d at the start', (length) => {
    const rig = new Rig().client(Uint8Array.from([...int32(length), ...int32(196608)]));
    expect(rig.closed).toBe('refused');
    expect(rig.questions).toEqual([]);
  });
});

describe('lengths: inside a Bind', () => {
  const bind = (...body: (string | number[])[]): Uint8Array => from('B', '\0', '\0', ...body);
  const bodies: [string, Uint8Array][] = [
    ['a negative length that is not NULL', bind(int16(0), int16(1), int32(-2), int16(0))],
    ['a value longer than the message', bind(int16(0), int16(1), int32(2147483647), int16(0))],
    ['more parameters than bytes', bind(int16(0), int16(65535), int16(0))],
    ['bytes left over', bind(int16(0), int16(0), int16(0), [0])],
    ['formats for other parameters', bind(int16(2), int16(0), int16(0), int16(0), int16(0))],
    ['an unknown format', bind(int16(1), int16(7), int16(0), int16(0))],
    ['no end of a name', from('B', 'portal')],
    ['two lengths whose sum wraps', bind(int16(0), int16(2), int32(2147483647), int32(2147483647), int16(0))],
    ['a length whose sum with its place wraps', bind(int16(0), int16(1), int32(2147483640), [1, 2, 3], int16(0))],
    ['a count of formats beyond its bytes', bind(int16(65535), int16(0), int16(0))],
    ['a count of result formats beyond its bytes', bind(int16(0), int16(0), int16(65535))],
    ['a sum that runs one byte over', bind(int16(0), int16(1), int32(3), int16(0))],
  ];
  test.each(bodies)('%s: an error, and the session lives', (_name, body) => {
    const rig = new Rig().begin().client(encodeParse('select $1'), body, encodeExecute(), encodeSync());
    expect(rig.letters).toBe('S');
    rig.target(ready());
    expect(rig.heard).toBe('E(08P01) Z(idle)');
    expect(rig.client(encodeQuery('select 1')).letters).toBe('SQ');
  });
  test('-1 is NULL', () => {
    const rig = new Rig().begin();
    rig.client(
      encodeParse('select $1'),
      encodeBind({ parameters: [{ format: 'text', value: null }] }),
      encodeExecute(),
    );
    expect(rig.questions[1]).toMatchObject({ parameters: [{ value: null }] });
  });
});

describe('lengths: inside other messages', () => {
  const bodies: [string, Uint8Array][] = [
    ['a Parse with more types than bytes', from('P', 's\0select 1\0', int16(65535))],
    ['a Parse with bytes left over', from('P', 's\0select 1\0', int16(0), [0])],
    ['a Parse without an end of its text', from('P', 's\0select 1')],
    ['an Execute cut short', from('E', '\0', [0, 0])],
    ['a Describe of nothing', from('D')],
    ['a Describe of something else', from('D', 'X\0')],
    ['a Close without an end', from('C', 'Ss')],
    ['a name that is no UTF-8', from('E', [0xff, 0xfe, 0], int32(0))],
  ];
  test.each(bodies)('%s: an error, and the session lives', (_name, body) => {
    const rig = new Rig().begin().client(body, encodeSync()).target(ready());
    expect(rig.heard).toBe('E(08P01) Z(idle)');
    expect(rig.letters).toBe('S');
    expect(rig.questions).toEqual([]);
  });
  test.each<[string, Uint8Array]>([
    ['a description with more columns than bytes', from('T', int16(65535))],
    ['a description without an end of a name', from('T', int16(1), 'a')],
    ['a description with an unknown format', from('T', int16(1), 'a\0', new Uint8Array(16), int16(2))],
    ['a COPY with more columns than bytes', from('H', [0], int16(65535))],
    ['a COPY in an unknown format', from('H', [2], int16(0))],
  ])('%s, where it is to be masked: the session ends', (_name, body) => {
    const rig = new Rig(() => allow(maskOf({ a: () => null }))).begin().client(encodeQuery('select a')).target(body);
    expect(rig.closed).toBe('refused');
    expect(rig.heard).toBe('E(08P01)');
  });
});

describe('lengths: of a target’s message', () => {
  test.each([0, 3, -1, -2147483648])('%d ends this session only, with an alarm', (length) => {
    const rig = new Rig().begin().client(encodeQuery('select 1')).target(header('C', length));
    expect(rig.closed).toBe('refused');
    expect(rig.notes).toEqual([
      expect.objectContaining({ kind: 'alarm' }),
      expect.objectContaining({ kind: 'outcome', status: 'unknown' }),
    ]);
  });
  test.each(['C', 'E', 'S', 'T', 'Z'])('an endless %s is not waited for', (letter) => {
    const rig = new Rig().begin().client(encodeQuery('select 1')).target(header(letter, 2147483647));
    expect(rig.closed).toBe('refused');
  });
  test('a row of two gigabytes goes through as it comes, and is not kept', () => {
    const rig = new Rig().begin().client(encodeQuery('select 1'));
    rig.target(describeRow({ name: 'a' })).target(header('D', 2147483647));
    for (let part = 0; part < 64; part += 1) rig.target(new Uint8Array(65_536));
    expect(rig.closed).toBeUndefined();
    expect(rig.toClient.length).toBeGreaterThan(64 * 65_536);
  });
  test('but not where it would have to be masked', () => {
    const rig = new Rig(() => allow(maskOf({ a: () => null }))).begin().client(encodeQuery('select a'));
    rig
      .target(describeRow({ name: 'a' }))
      .target(header('D', 2147483647))
      .target(new Uint8Array(65_536));
    expect(rig.heard).toBe('T E(SP007)');
  });
  const masked = (body: Uint8Array): Rig =>
    new Rig(() => allow(maskOf({ a: () => null })))
      .begin()
      .client(encodeQuery('select a'))
      .target(describeRow({ name: 'a' }), body);
  test.each([
    ['a value past its row', from('D', int16(1), int32(5), 'abc')],
    ['a negative length', from('D', int16(1), int32(-2))],
    ['bytes left over', from('D', int16(1), int32(1), 'abc')],
    ['two lengths whose sum wraps', from('D', int16(1), int32(2147483647), int32(2147483647))],
    ['a row cut short', from('D', int16(1), [0, 0])],
  ])('%s in a masked row: the session ends and no byte of it is shown', (_name, body) => {
    const rig = masked(body);
    expect(rig.closed).toBe('refused');
    expect(rig.heard).toBe('T E(08P01)');
  });
  test('another number of columns than described: withheld', () => {
    expect(masked(from('D', int16(2), int32(-1), int32(-1))).heard).toBe('T E(SP007)');
  });
});

describe('lengths: of a cancel key', () => {
  test.each([0, 7, 257 + 4])('%d bytes are no key', (length) => {
    const rig = new Rig().client(encodeRequest(requestCode.cancel, new Uint8Array(length)));
    expect(rig.closed).toBe('refused');
    expect(rig.questions).toEqual([]);
  });
});

describe('memory', () => {
  test('a start-up packet that never ends is not collected', () => {
    const rig = new Rig();
    const packet = encodeStartup({ user: 'a', application_name: 'x'.repeat(20_000) });
    rig.client(join(packet.subarray(0, 100)));
    expect(rig.closed).toBe('refused');
  });
  test('ten thousand prepared statements are refused at the limit', () => {
    const rig = new Rig().begin();
    for (let index = 0; index < 2001; index += 1) rig.client(encodeParse('select 1', `s${index}`));
    rig.client(encodeSync());
    expect(rig.letters.length).toBeLessThan(2003);
    expect(rig.closed).toBeUndefined();
  });
  test('a flood of messages that a target does not answer waits, and goes on when it does', () => {
    const rig = new Rig().begin();
    const syncs = repeated(70_000, encodeSync());
    rig.client(syncs);
    expect(rig.letters.length).toBe(65_536);
    rig.target(repeated(65_536, ready()));
    expect(rig.letters.length).toBe(70_000);
    expect(rig.closed).toBeUndefined();
  });
  test('preparations that never run are not kept back without end', () => {
    const rig = new Rig().begin();
    for (let index = 0; index < 5000; index += 1) rig.client(encodeParse('select 1'));
    expect(rig.letters.length).toBeGreaterThan(0);
  });
  test('an unnamed statement parsed over and over is settled', () => {
    const rig = new Rig().begin();
    rig.client(join(repeated(60_000, encodeParse('')), encodeSync()));
    rig.target(repeated(60_000, from('1')), ready());
    expect(rig.letters.length).toBe(60_001);
    expect(rig.closed).toBeUndefined();
  });
});
