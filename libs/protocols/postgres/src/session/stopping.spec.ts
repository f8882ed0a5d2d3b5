import { describe, expect, test } from '@jest/globals';
import type { Verdict } from '@sallyport/kernel';
import {
  allow,
  bytes,
  complete,
  denyMatching,
  describeRow,
  failure,
  from,
  ready,
  Rig,
  row,
} from '../../testing/rig.js';
import {
  encodeBind,
  encodeDescribe,
  encodeExecute,
  encodeFlush,
  encodeParse,
  encodeQuery,
  encodeSync,
} from '../client.js';

/** `big` may return one row, everything else what it likes. */
const limited = (sql: string): Verdict => {
  let left = 1;
  const verdict = allow();
  if (verdict.kind === 'deny' || !sql.includes('big')) return verdict;
  return { ...verdict, limit: { admit: (rows) => (left -= rows) >= 0 } };
};
const begun = (): Rig => new Rig(({ text }) => limited(text)).begin();
const extended = (sql: string): Uint8Array[] => [
  encodeParse(sql),
  encodeBind(),
  encodeDescribe('portal'),
  encodeExecute(),
];
const stops = (rig: Rig): number => rig.steps.filter(({ kind }) => kind === 'stop').length;
const stopped = (rig: Rig): Rig => rig.perform(rig.session.stopped());
const rows = [describeRow({ name: 'a' }), row('1'), row('2'), row('3')];
const cancelled = failure('57014', 'canceling statement due to user request');

describe('an answer that is cut off at its limit', () => {
  test('simple: the target is stopped once, and its own error is not told a second time', () => {
    const rig = begun().client(encodeQuery('select big'));
    rig.target(...rows);
    expect(stops(rig)).toBe(1);
    rig.target(row('4'), cancelled, ready('T'));
    stopped(rig);
    expect(rig.heard).toBe('T D(1) E(54000) Z(open)');
    expect(rig.outcomes).toEqual([expect.objectContaining({ status: 'failed', error: '54000', returned: 1 })]);
    expect(rig.closed).toBeUndefined();
  });

  test.each([
    ['in a block the target says that it failed', 'E', 'failed'],
    ['the target was faster than the cancel', 'T', 'open'],
  ] as const)('%s: the client is told so', (_name, status, told) => {
    const rig = begun()
      .client(encodeQuery('select big'))
      .target(...rows);
    if (status === 'E') rig.target(cancelled, ready('E'));
    else rig.target(complete('SELECT 3'), ready('T'));
    stopped(rig);
    expect(rig.heard).toBe(`T D(1) E(54000) Z(${told})`);
  });

  test.each([
    ['Sync', encodeSync()],
    ['Flush', encodeFlush()],
  ])('extended, with a %s behind it: as after any other error, nothing counts before the Sync', (_name, end) => {
    const rig = begun().client(...extended('select big'), end);
    rig.target(from('1'), from('2'), ...rows);
    expect(stops(rig)).toBe(1);
    rig.target(cancelled);
    stopped(rig);
    if (end[0] === encodeSync()[0]) rig.target(ready());
    else rig.client(...extended('select dropped'), encodeSync()).target(ready());
    expect(rig.heard).toBe('1 2 T D(1) E(54000) Z(idle)');
    expect(rig.outcomes.map(({ error }) => error)).toEqual(['54000']);
  });

  test('COPY: rows that were shown count, and the session goes on', () => {
    const rig = begun().client(encodeQuery('copy big to stdout'));
    rig.target(from('H', [0, 0, 1, 0, 0]), from('d', '1\n'), from('d', '2\n'));
    expect(stops(rig)).toBe(1);
    rig.target(cancelled, ready());
    stopped(rig);
    expect(rig.heard).toContain('d(1\n) E(54000) Z(idle)');
    expect(rig.outcomes).toEqual([expect.objectContaining({ status: 'failed', rows: 1, returned: 1 })]);
    rig.forget().client(encodeQuery('select 1'));
    expect(rig.letters).toBe('Q');
  });

  test('nothing new goes to the target before it was told to stop', () => {
    const rig = begun()
      .client(encodeQuery('select big'))
      .target(...rows, cancelled, ready());
    rig.forget().client(encodeQuery('select 1'), ...extended('select 2'), encodeSync());
    expect([rig.letters, rig.questions.length, rig.session.stalled]).toEqual(['', 0, true]);
    stopped(rig);
    expect(rig.letters).toBe('QPBDES');
  });

  test('what a person allows meanwhile goes when the target was told', () => {
    const rig = new Rig(({ text }) => (text === 'select held' ? 'hold' : limited(text))).begin();
    rig
      .client(encodeQuery('select big'), encodeQuery('select held'))
      .target(...rows)
      .forget();
    rig.verdict(allow()).target(cancelled, ready());
    expect(rig.letters).toBe('');
    stopped(rig);
    expect(rig.letters).toBe('Q');
  });

  test.each([
    ['a query behind it', [encodeQuery('select 2')], 'select big'],
    ['a stretch behind its own', [...extended('select 2'), encodeSync()], 'select big'],
  ])('%s is at the target already: nothing is stopped, the rest is not shown', (_name, behind, sql) => {
    const rig = begun()
      .client(encodeQuery(sql), ...behind)
      .target(...rows);
    expect(stops(rig)).toBe(0);
    rig.target(complete('SELECT 3'), ready());
    expect(rig.heard).toBe('T D(1) E(54000) Z(idle)');
  });

  test('what was refused behind it is not at the target', () => {
    const rig = new Rig((question) =>
      question.text.includes('drop') ? denyMatching(/drop/)(question) : limited(question.text),
    );
    rig
      .begin()
      .client(encodeQuery('select big'), encodeQuery('drop table x'))
      .target(...rows);
    expect(stops(rig)).toBe(1);
    rig.target(cancelled, ready());
    stopped(rig);
    expect(rig.heard).toBe('T D(1) E(54000) Z(idle) E(42501) Z(idle)');
  });
});

describe('what a command did', () => {
  test.each([
    ['INSERT 0 3', 3],
    ['UPDATE 4', 4],
    ['DELETE 5', 5],
    ['MERGE 6', 6],
    // A table was made of them.
    ['SELECT 7', 7],
    ['CREATE TABLE', 0],
    ['LOCK TABLE', 0],
    ['MOVE 2', 0],
  ])('%s', (tag, written) => {
    const rig = begun().client(encodeQuery('x')).target(complete(tag), ready());
    expect(rig.outcomes).toEqual([expect.objectContaining({ returned: 0, written })]);
  });

  test('a text of several statements adds up what each wrote and returned', () => {
    const rig = begun().client(encodeQuery('x'));
    rig.target(complete('DELETE 3'), ...rows, complete('SELECT 3'));
    rig.target(describeRow({ name: 'a' }), row('1'), complete('INSERT 0 1'), ready());
    expect(rig.outcomes).toEqual([expect.objectContaining({ rows: 7, returned: 4, written: 4 })]);
  });

  test('COPY to the client returns rows, COPY from it writes them', () => {
    const out = begun().client(encodeQuery('x'));
    out.target(from('H', [0, 0, 1, 0, 0]), from('d', '1\n'), from('c'), complete('COPY 1'), ready());
    expect(out.outcomes).toEqual([expect.objectContaining({ rows: 1, returned: 1, written: 0 })]);
    const into = begun()
      .client(encodeQuery('x'))
      .target(from('G', [0, 0, 1, 0, 0]));
    into.client(from('d', bytes('1\n2\n')), from('c')).target(complete('COPY 2'), ready());
    expect(into.outcomes).toEqual([expect.objectContaining({ rows: 2, returned: 0, written: 2 })]);
  });
});
