import { describe, expect, test } from '@jest/globals';
import {
  allow,
  maskOf,
  complete,
  denyMatching,
  describeRow,
  failure,
  from,
  int16,
  int32,
  ready,
  Rig,
  row,
} from '../../testing/rig.js';
import { refuse } from '@sallyport/kernel';
import {
  encodeBind,
  encodeCopyData,
  encodeCopyDone,
  encodeDescribe,
  encodeExecute,
  encodeParse,
  encodeQuery,
  encodeSync,
} from '../client.js';

const idle = (): Rig => new Rig().begin();
const asked = (): Rig => idle().client(encodeQuery('select 1'));
const extended = (): Rig => idle().client(encodeParse('select 1'), encodeBind(), encodeExecute(), encodeSync());

describe('a target that answers what nobody asked', () => {
  const unsolicited: [string, Uint8Array][] = [
    ['CommandComplete', complete('SELECT 1')],
    ['ReadyForQuery', ready()],
    ['RowDescription', describeRow({ name: 'a' })],
    ['DataRow', row('1')],
    ['ParseComplete', from('1')],
    ['CopyInResponse', from('G', [0], int16(0))],
    ['CopyOutResponse', from('H', [0], int16(0))],
    ['CopyBothResponse', from('W', [0], int16(0))],
    ['CopyData', from('d', 'x')],
    ['AuthenticationOk', from('R', int32(0))],
    ['AuthenticationCleartextPassword', from('R', int32(3))],
    ['BackendKeyData', from('K', int32(1), int32(2))],
    ['NegotiateProtocolVersion', from('v', int32(0), int32(0))],
    ['FunctionCallResponse', from('V', int32(-1))],
    ['an error that is not fatal', failure('22000')],
    ['an unknown type', from('?')],
  ];
  test.each(unsolicited)('%s: only its own session ends, with an error and an alarm', (_name, bytes) => {
    const rig = idle().target(bytes);
    expect(rig.closed).toBe('refused');
    expect(rig.heard).toBe('E(08P01)');
    expect(rig.notes).toEqual([expect.objectContaining({ kind: 'alarm' })]);
  });
  test.each([
    ['rows before a description', row('1')],
    ['a description twice', new Uint8Array([...describeRow({ name: 'a' }), ...describeRow({ name: 'a' })])],
    ['two errors', new Uint8Array([...failure('22000'), ...failure('22000')])],
    ['PortalSuspended', from('s')],
    ['BindComplete', from('2')],
    ['CopyBoth', from('W', [0], int16(0))],
    ['a ReadyForQuery of two bytes', from('Z', 'II')],
    ['a ReadyForQuery without a status', from('Z', 'X')],
    ['a text without an end', from('C', 'SELECT')],
    ['an error without an end', from('E', 'SERROR\0')],
    ['a status without a value', from('S', 'a\0')],
  ])('%s inside a simple query', (_name, bytes) => {
    expect(asked().target(bytes).closed).toBe('refused');
  });
  test.each([
    ['BindComplete first', from('2')],
    ['a description for Execute', new Uint8Array([...from('1'), ...from('2'), ...describeRow({ name: 'a' })])],
    ['ready before the rows', new Uint8Array([...from('1'), ...from('2'), ...ready()])],
  ])('%s inside the extended protocol', (_name, bytes) => {
    expect(extended().target(bytes).closed).toBe('refused');
  });
});

describe('a target that leaves', () => {
  test('before it answered: unknown, never absent', () => {
    const rig = asked();
    rig.perform(rig.session.end('target'));
    expect(rig.outcomes).toEqual([expect.objectContaining({ status: 'unknown', question: expect.any(Number) })]);
    expect(rig.heard).toBe('E(08006)');
    expect(rig.closed).toBe('target_left');
  });
  test('in the middle of a row: nothing is written into it', () => {
    const rig = asked().target(describeRow({ name: 'a' }), row('1').subarray(0, 9));
    const heard = rig.toClient.length;
    rig.perform(rig.session.end('target'));
    expect(rig.toClient).toHaveLength(heard);
    expect(rig.closed).toBe('target_left');
  });
  test('with a last word: passed on, and not repeated', () => {
    const rig = asked().target(failure('57P01', 'terminating', 'FATAL'));
    rig.perform(rig.session.end('target'));
    expect(rig.heard).toBe('E(57P01)');
    expect(rig.outcomes).toEqual([expect.objectContaining({ status: 'failed', error: '57P01' })]);
  });
  test('an error without SQLSTATE is an error', () => {
    const rig = asked().target(from('E', 'SERROR\0Mno\0\0'), ready());
    expect(rig.outcomes).toEqual([expect.objectContaining({ status: 'failed', error: 'XX000' })]);
  });
});

describe('asynchronous messages', () => {
  test('any time, and tracked', () => {
    const rig = idle().target(
      from('S', 'search_path\0evil\0'),
      from('A', int32(1), 'c\0p\0'),
      from('N', 'SNOTICE\0\0'),
    );
    rig.client(encodeQuery('select 1'));
    const question = rig.questions[0];
    expect(question?.kind === 'command' && question.state.parameters.get('search_path')).toBe('evil');
    expect(rig.closed).toBeUndefined();
  });
  test.each([
    ['client_encoding', 'LATIN1'],
    ['standard_conforming_strings', 'off'],
  ])('%s that drifts: no statement is decided on a misreading', (name, value) => {
    const rig = idle()
      .target(from('S', `${name}\0${value}\0`))
      .client(encodeQuery('select 1'), encodeParse('select 1'), encodeSync());
    expect(rig.questions).toEqual([]);
    expect(rig.letters).toBe('S');
    rig.target(ready());
    expect(rig.heard).toBe('S('.concat(name, ') E(SP008) Z(idle) E(SP008) Z(idle)'));
  });
});

describe('state that a pipeline changes under its own feet', () => {
  test('what follows is decided on the new state, not the old one', () => {
    const rig = idle().client(encodeQuery('set search_path = evil'), encodeQuery('select * from t'));
    expect(rig.letters).toBe('Q');
    rig.target(complete('SET'), from('S', 'search_path\0evil\0'), ready());
    expect(rig.letters).toBe('QQ');
    const question = rig.questions[1];
    expect(question?.kind === 'command' && question.state.parameters.get('search_path')).toBe('evil');
  });
  test('the same in the extended protocol, where the state is told before ReadyForQuery', () => {
    const rig = idle().client(
      encodeParse('set role x'),
      encodeBind(),
      encodeExecute(),
      encodeSync(),
      encodeParse('select 1'),
    );
    expect(rig.questions).toHaveLength(2);
    rig.target(from('1'), from('2'), complete('SET'));
    expect(rig.questions).toHaveLength(2);
    rig.target(ready());
    expect(rig.questions).toHaveLength(3);
  });
});

describe('COPY from the client', () => {
  const copyIn = from('G', [0], int16(1), int16(0));
  test('data goes under the command’s permit; a failed COPY drops what still comes', () => {
    const rig = idle().client(encodeQuery('copy t from stdin')).target(copyIn);
    rig.client(encodeCopyData(Buffer.from('1\n')));
    rig.target(failure('22P02'), ready());
    rig.client(encodeCopyData(Buffer.from('2\n')), encodeCopyDone(), encodeQuery('select 1'));
    expect(rig.letters).toBe('QdQ');
    expect(rig.outcomes).toEqual([expect.objectContaining({ status: 'failed', error: '22P02' })]);
  });
  test('data that comes ahead of the COPY waits; without a COPY it is dropped', () => {
    const rig = idle().client(encodeQuery('copy t from stdin'), encodeCopyData(Buffer.from('1\n')), encodeCopyDone());
    expect(rig.letters).toBe('Q');
    rig.target(copyIn);
    expect(rig.letters).toBe('Qdc');
    const none = idle().client(encodeCopyData(Buffer.from('1\n')), encodeQuery('select 1'));
    expect(none.letters).toBe('Q');
  });
  test('a Sync that was sent ahead is swallowed by the COPY, the next one counts', () => {
    const rig = extended().target(from('1'), from('2'), copyIn);
    rig.client(encodeCopyData(Buffer.from('1\n')), encodeCopyDone(), encodeSync());
    rig.target(complete('COPY 1'), ready());
    expect(rig.heard).toBe('1 2 G C(COPY 1) Z(idle)');
    expect(rig.closed).toBeUndefined();
  });
  test('so is one ahead of a COPY in a simple query', () => {
    const rig = idle().client(encodeQuery('copy t from stdin'), encodeSync()).target(copyIn);
    rig.client(encodeCopyData(Buffer.from('1\n')), encodeCopyDone()).target(complete('COPY 1'), ready());
    rig.client(encodeQuery('select 1')).target(describeRow({ name: 'a' }), complete('SELECT 0'), ready());
    expect(rig.heard).toBe('G C(COPY 1) Z(idle) T C(SELECT 0) Z(idle)');
  });
  test('a COPY behind an answer that was withheld is ended, and the Sync that it swallowed is sent again', () => {
    const none = maskOf({}, { choose: () => ({ kind: 'refuse', refusal: refuse('unmaskable', 'no') }) });
    const rig = new Rig(() => allow(none)).begin();
    const one = (sql: string): Uint8Array[] => [
      encodeParse(sql),
      encodeBind(),
      encodeDescribe('portal'),
      encodeExecute(),
    ];
    rig.client(...one('select'), ...one('copy'), encodeSync());
    rig.target(from('1'), from('2'), describeRow({ name: 'a' }), row('1'), complete('SELECT 1'));
    rig.target(from('1'), from('2'), from('n'), copyIn);
    expect(rig.letters).toBe('PBDEPBDESfS');
    rig.target(failure('57014'), ready());
    expect(rig.heard).toBe('1 2 T E(SP007) Z(idle)');
  });
  test.each([
    ['kept back', [encodeParse('select 1')]],
    ['refused', [encodeParse('drop'), encodeSync()]],
    ['sent', [encodeParse('select 1'), encodeSync()]],
  ])('messages that were %s before it began have no place in it', (_name, ahead) => {
    const rig = new Rig(denyMatching(/drop/)).begin().client(encodeQuery('copy t from stdin'), ...ahead);
    rig.target(copyIn).client(encodeCopyDone());
    expect(rig.closed).toBe('refused');
    expect(rig.letters).not.toContain('c');
  });
  test('a command in the middle of it ends the session, and does not run', () => {
    const rig = idle().client(encodeQuery('copy t from stdin')).target(copyIn).client(encodeQuery('select 1'));
    expect(rig.closed).toBe('refused');
    expect(rig.letters).toBe('Q');
  });
  test('a target that says complete before the client is done', () => {
    expect(idle().client(encodeQuery('copy')).target(copyIn, complete('COPY 1')).closed).toBe('refused');
  });
});

describe('what is no command', () => {
  test('FunctionCall and unknown types are refused, and the session goes on', () => {
    const rig = idle().client(from('F', int32(0)), from('!'), encodeQuery('select 1'));
    expect(rig.letters).toBe('Q');
    expect(rig.heard).toBe('E(0A000) Z(idle) E(08P01) Z(idle)');
  });
  test('invalid UTF-8 and a zero byte inside a statement', () => {
    const rig = idle().client(from('Q', [0xff, 0]), from('Q', 'select 1\0; drop table x\0'), from('Q', 'no end'));
    expect(rig.heard).toBe('E(22021) Z(idle) E(08P01) Z(idle) E(08P01) Z(idle)');
    expect(rig.questions).toEqual([]);
  });
});

describe('ending', () => {
  test('terminate says why, and what ran is unknown', () => {
    const rig = asked();
    rig.perform(rig.session.terminate({ code: 'session_ended', message: 'over' }));
    expect(rig.heard).toBe('E(57P01)');
    expect(rig.outcomes).toEqual([expect.objectContaining({ status: 'unknown' })]);
    expect(rig.perform(rig.session.terminate({ code: 'session_ended', message: 'over' })).heard).toBe('E(57P01)');
  });
  test('Terminate behind a running command waits for its end', () => {
    const rig = asked().client(Uint8Array.from([0x58, 0, 0, 0, 4]));
    expect(rig.closed).toBeUndefined();
    rig.target(describeRow({ name: 'a' }), complete('SELECT 0'), ready());
    rig.perform(rig.session.end('target'));
    expect(rig.outcomes).toEqual([expect.objectContaining({ status: 'completed' })]);
    expect(rig.closed).toBe('finished');
  });
  test('a notice while held comes at once, but never into a row', () => {
    const rig = new Rig(({ text: sql }) => (sql === 'slow' ? 'hold' : allow())).begin();
    rig.client(encodeQuery('select 1'), encodeQuery('slow'));
    const notice = { code: 'held', message: 'held for approval apr_1', facts: { approval: 'apr_1' } };
    rig.perform(rig.session.inform(rig.open ?? 0, notice));
    expect(rig.heard).toBe('N(held for approval apr_1)');
    const half = row('1');
    rig.forget().target(describeRow({ name: 'a' }), half.subarray(0, 8));
    rig.perform(rig.session.inform(rig.open ?? 0, notice));
    rig.target(half.subarray(8));
    expect(rig.heard).toBe('T D(1) N(held for approval apr_1)');
  });
});
