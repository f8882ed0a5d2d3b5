import { expect, test } from '@jest/globals';
import { checkLife } from './certificate.js';

const hour = 3_600_000;
const day = 24 * hour;

test.each([
  ['a year, 8 days left', 365 * day, 8 * day, 'ok'],
  ['a year, 6 days left', 365 * day, 6 * day, 'broken'],
  ['a day, 8 hours left: renewal is due and not late', day, 8 * hour, 'ok'],
  ['a day, 3 hours left', day, 3 * hour, 'broken'],
  ['ended', day, -1, 'broken'],
  ['not begun', day, 2 * day, 'broken'],
])('%s', (_name, life, left, state) => {
  const check = checkLife('proxy certificate', { from: 0, to: life, of: 'it' }, life - left);
  expect([check.state, check.next !== undefined]).toEqual([state, state === 'broken']);
});
