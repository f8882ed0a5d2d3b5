import { describe, expect, test } from '@jest/globals';
import { complete, describeRow, failure, from, int16, int32, join, ready, repeated, Rig } from '../../testing/rig.js';
import { encodeBind, encodeCopyData, encodeExecute, encodeParse, encodeQuery, encodeSync } from '../client.js';

const mebi = 1024 * 1024;

describe('a target that talks without end', () => {
  const status = (name: string, value: string): Uint8Array => from('S', `${name}\0${value}\0`);
  test('ParameterStatus of ever new names is not collected', () => {
    const rig = new Rig().begin();
    for (let index = 0; index < 2000 && rig.closed === undefined; index += 1) rig.target(status(`n${index}`, 'v'));
    expect(rig.closed).toBe('refused');
    expect(rig.notes).toEqual([expect.objectContaining({ kind: 'alarm' })]);
  });
  test('nor are values without measure', () => {
    const rig = new Rig().begin().target(status('search_path', 'x'.repeat(2 * mebi)));
    expect(rig.closed).toBe('refused');
  });
  test('the same names over and over are followed, and what was asked keeps its state', () => {
    const rig = new Rig().begin().client(encodeQuery('select 1'));
    const asked = rig.questions[0];
    rig.target(join(...Array.from({ length: 5000 }, (_, index) => status('search_path', `s${index}`))));
    rig.target(describeRow({ name: 'a' }), complete('SELECT 0'), ready()).client(encodeQuery('select 2'));
    const later = rig.questions[1];
    expect(asked?.kind === 'command' && asked.state.parameters.get('search_path')).toBeUndefined();
    expect(later?.kind === 'command' && later.state.parameters.get('search_path')).toBe('s4999');
    expect(rig.closed).toBeUndefined();
  });
  test('notices and notifications pass one by one, and nothing of them stays', () => {
    const notice = from('N', 'SNOTICE\0C00000\0Mhi\0\0');
    const rig = new Rig().begin().client(encodeQuery('select 1'));
    const flood = join(repeated(20_000, notice), repeated(20_000, from('A', int32(1), 'c\0p\0')));
    rig.target(flood);
    expect(Buffer.compare(rig.toClient, flood)).toBe(0);
    expect(rig.steps.filter(({ kind }) => kind === 'toClient')).toHaveLength(1);
  });
});

describe('a target that is done before it said anything', () => {
  test('ReadyForQuery alone is no answer to a command', () => {
    const rig = new Rig().begin().client(encodeQuery('select 1')).target(ready());
    expect(rig.closed).toBe('refused');
    expect(rig.outcomes).toEqual([expect.objectContaining({ status: 'unknown' })]);
  });
  test('nor does one come in the middle of a COPY, whatever Syncs were swallowed', () => {
    const rig = new Rig().begin();
    rig.client(encodeParse('copy'), encodeBind(), encodeExecute(), encodeSync());
    rig.target(from('1'), from('2'), from('G', [0], int16(0)));
    rig.client(encodeCopyData(Uint8Array.of(1)), encodeSync()).target(ready());
    expect(rig.closed).toBe('refused');
  });
  test('a COPY that failed answers them', () => {
    const rig = new Rig().begin();
    rig.client(encodeParse('copy'), encodeBind(), encodeExecute(), encodeSync());
    rig.target(from('1'), from('2'), from('G', [0], int16(0)), failure('22P04'));
    rig.client(encodeSync()).target(ready()).client(encodeQuery('select 1'));
    expect(rig.heard).toBe('1 2 G E(22P04) Z(idle)');
    expect(rig.letters.endsWith('Q')).toBe(true);
  });
});

describe('a client that piles up', () => {
  test('parameter types weigh as much as text', () => {
    const rig = new Rig().begin();
    const types = Array.from({ length: 65_535 }, () => 25);
    for (let index = 0; index < 80; index += 1) rig.client(encodeParse('select 1', `s${index}`, types), encodeSync());
    rig.target(...Array.from(rig.letters, (letter) => (letter === 'P' ? from('1') : ready())));
    const refused = rig.said().filter((message) => message.type === 'error');
    expect(refused).toHaveLength(80 - 63);
    expect(rig.closed).toBeUndefined();
  });
  test('values under way are waited for, not refused: a bulk load is no attack', () => {
    const rig = new Rig().begin();
    const value = new Uint8Array(mebi / 2).fill(0x61);
    const insert = join(encodeBind({ statement: 's', parameters: [{ format: 'text', value }] }), encodeExecute());
    rig.client(encodeParse('insert', 's'), encodeSync()).target(from('1'), ready()).forget();
    for (let sent = 0; sent < 100; sent += 1) {
      if (rig.session.stalled) rig.target(repeated(10, join(from('2'), complete('INSERT 0 1'))));
      rig.client(insert);
    }
    while (rig.session.stalled) rig.target(repeated(10, join(from('2'), complete('INSERT 0 1'))));
    expect(rig.closed).toBeUndefined();
    expect(rig.said().filter((message) => message.type === 'error')).toEqual([]);
    expect(rig.letters.replaceAll('H', '')).toBe('BE'.repeat(100));
  });
  test('values that stay, in portals of one transaction, are refused at the limit', () => {
    const rig = new Rig().begin().client(encodeQuery('begin')).target(complete('BEGIN'), ready('T'));
    rig.client(encodeParse('select', 's'), encodeSync()).target(from('1'), ready('T')).forget();
    const value = new Uint8Array(mebi).fill(0x61);
    let refused = '';
    for (let index = 0; index < 40; index += 1) {
      const parameters = [{ format: 'text', value } as const];
      rig.forget().client(encodeBind({ portal: `p${index}`, statement: 's', parameters }), encodeSync());
      rig.target(...(rig.letters === 'BS' ? [from('2')] : []), ready('T'));
      refused ||= rig.heard.startsWith('E') ? rig.heard : '';
    }
    expect(refused).toBe('E(54000) Z(open)');
    expect(rig.closed).toBeUndefined();
  });
});
