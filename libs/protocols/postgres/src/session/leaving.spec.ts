import { describe, expect, test } from '@jest/globals';
import { allow, complete, describeRow, failure, from, ready, Rig, row } from '../../testing/rig.js';
import { encodeBind, encodeExecute, encodeParse, encodeQuery, encodeSync, encodeTerminate } from '../client.js';

const answer = [describeRow({ name: 'a' }), row('1'), complete('SELECT 1'), ready()];
const leave = (rig: Rig): Rig => rig.perform(rig.session.end('client'));

/** A client may end its side of the socket and still listen, as `printf ... | nc` does. */
describe('a client that will say no more', () => {
  test('hears the answer to what it sent; the target is told behind it that nobody follows', () => {
    const rig = leave(new Rig().begin().client(encodeQuery('select 1')));
    expect([rig.letters, rig.closed]).toEqual(['QX', undefined]);
    rig.target(...answer);
    expect(rig.heard).toBe('T D(1) C(SELECT 1) Z(idle)');
    expect(rig.outcomes).toEqual([expect.objectContaining({ status: 'completed', tag: 'SELECT 1' })]);
    expect(rig.closed).toBe('finished');
  });

  test('hears it all, where the gateway still kept messages of it back', () => {
    const rig = leave(new Rig().begin().client(encodeQuery('set role x'), encodeQuery('select 1')));
    expect(rig.letters).toBe('Q');
    rig.target(complete('SET'), ready());
    expect(rig.letters).toBe('QQX');
    rig.target(...answer);
    expect([rig.heard, rig.closed]).toEqual(['C(SET) Z(idle) T D(1) C(SELECT 1) Z(idle)', 'finished']);
  });

  test('hears it behind a Terminate of its own too', () => {
    const rig = leave(new Rig().begin().client(encodeQuery('select 1'), encodeTerminate()));
    expect([rig.letters, rig.closed]).toEqual(['QX', undefined]);
    rig.target(...answer);
    expect([rig.heard, rig.closed]).toEqual(['T D(1) C(SELECT 1) Z(idle)', 'finished']);
  });

  test('half a message is dropped', () => {
    const rig = leave(new Rig().begin().client(encodeQuery('select 1'), encodeQuery('select 2').subarray(0, 9)));
    rig.target(...answer);
    expect([rig.letters, rig.closed]).toEqual(['QX', 'finished']);
  });

  test('in an extended stretch without a Sync it waits for the target to hang up', () => {
    const sent = [encodeParse('select 1'), encodeBind(), encodeExecute()];
    const rig = leave(new Rig().begin().client(...sent));
    rig.target(from('1'), from('2'), row('1'), complete('SELECT 1'));
    expect(rig.closed).toBe('finished');
    const silent = leave(new Rig().begin().client(...sent));
    silent.perform(silent.session.end('target'));
    expect(silent.closed).toBe('finished');
  });

  test.each([
    ['while nothing runs', () => new Rig().begin()],
    ['while a person is asked', () => new Rig(() => 'hold').begin().client(encodeQuery('select 1'))],
    [
      'while its data is waited for',
      () =>
        new Rig()
          .begin()
          .client(encodeQuery('copy t from stdin'))
          .target(from('G', [0, 0, 0])),
    ],
  ])('%s it has left', (_name, make) => {
    const rig = leave(make());
    expect([rig.letters.includes('X'), rig.closed]).toEqual([false, 'client_left']);
  });

  test('told again, it is gone, whatever still runs', () => {
    const rig = leave(leave(new Rig(() => allow()).begin().client(encodeQuery('select 1'))));
    expect([rig.closed, rig.outcomes[0]?.status]).toEqual(['finished', 'unknown']);
  });

  test('a Terminate in the middle of a COPY ends it, and the session with it', () => {
    const rig = new Rig()
      .begin()
      .client(encodeQuery('copy t from stdin'))
      .target(from('G', [0, 0, 0]));
    rig.client(encodeTerminate()).target(failure('08P01'), ready());
    expect(rig.closed).toBe('finished');
  });

  test('a Sync that is unanswered is waited for', () => {
    const rig = leave(new Rig().begin().client(encodeParse('select 1'), encodeBind(), encodeExecute(), encodeSync()));
    rig.target(from('1'), from('2'), row('1'), complete('SELECT 1'));
    expect(rig.closed).toBeUndefined();
    rig.target(ready());
    expect([rig.heard, rig.closed]).toEqual(['1 2 D(1) C(SELECT 1) Z(idle)', 'finished']);
  });
});
