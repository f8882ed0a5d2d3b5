import { expect, test } from '@jest/globals';
import { createRelay } from './relay.js';

const open = (limits: { overall: number; perNetwork: number }) => {
  let now = 5_000;
  const sent: string[] = [];
  const relay = createRelay({ ...limits, send: (key) => sent.push(Buffer.from(key).toString('hex')), now: () => now });
  return { relay, sent, pass: (milliseconds: number) => (now += milliseconds) };
};
const key = Buffer.from('0102', 'hex');

test('a flood of keys reaches the others at a walk, and again in the next second', () => {
  const { relay, sent, pass } = open({ overall: 10, perNetwork: 4 });
  for (let at = 0; at < 10_000; at++) relay(key, '10.0.0.1');
  expect(sent).toEqual(Array(4).fill('0102'));
  pass(999);
  relay(key, '10.0.0.1');
  expect(sent).toHaveLength(4);
  pass(1);
  relay(key, '10.0.0.1');
  expect(sent).toHaveLength(5);
});

test('what one network makes up does not keep another one’s keys out, until all of them flood', () => {
  const { relay, sent } = open({ overall: 10, perNetwork: 4 });
  for (let at = 0; at < 1_000; at++) relay(key, `2001:db8::${at.toString(16)}`);
  expect(sent).toHaveLength(4);
  relay(key, '10.0.0.2');
  expect(sent).toHaveLength(5);
  for (let at = 0; at < 1_000; at++) relay(key, `10.1.${at >> 8}.${at & 255}`);
  expect(sent).toHaveLength(10);
});
