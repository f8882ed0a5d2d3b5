import { describe, expect, test } from '@jest/globals';
import { createSender, readFromWorker, readToWorker } from './worker-messages.js';
import type { ToWorker } from './worker-messages.js';

describe('what workers say', () => {
  test.each([[{ kind: 'started' }], [{ kind: 'cancel', key: '00ff' }], [{ kind: 'cancel', key: 'ab'.repeat(256) }]])(
    '%j is heard',
    (message) => expect(readFromWorker(message)).toEqual(message),
  );

  test.each([
    [{ kind: 'stop', reason: 'SIGTERM' }],
    [{ kind: 'started', more: 1 }],
    [{ kind: 'cancel', key: '' }],
    [{ kind: 'cancel', key: '0' }],
    [{ kind: 'cancel', key: 'AB' }],
    [{ kind: 'cancel', key: 'ab'.repeat(257) }],
    [{ kind: 'cancel', key: ['ab'] }],
    [{ cmd: 'NODE_CLUSTER' }],
    ['started'],
    [null],
  ])('%j is not', (message) => expect(readFromWorker(message)).toBeUndefined());
});

test('a primary says four things', () => {
  for (const message of [
    { kind: 'stop', reason: 'SIGINT' },
    { kind: 'end' },
    { kind: 'reload' },
    { kind: 'cancel', key: '00' },
  ])
    expect(readToWorker(message)).toEqual(message);
  expect(readToWorker({ kind: 'started' })).toBeUndefined();
});

test('keys for somebody who does not read are dropped, all else is not', () => {
  const sent: string[] = [];
  const done: (() => void)[] = [];
  const send = createSender<ToWorker>(({ kind }, then) => {
    sent.push(kind);
    done.push(then);
  });
  for (let at = 0; at < 1_000; at++) send({ kind: 'cancel', key: '00' });
  expect(sent).toHaveLength(100);
  send({ kind: 'stop', reason: 'SIGTERM' });
  expect(sent.at(-1)).toBe('stop');
  for (const then of done) then();
  send({ kind: 'cancel', key: '00' });
  expect(sent).toHaveLength(102);
});
