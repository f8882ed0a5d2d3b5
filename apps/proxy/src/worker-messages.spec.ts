import { describe, expect, test } from '@jest/globals';
import { readFromWorker, readToWorker } from './worker-messages.js';

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
