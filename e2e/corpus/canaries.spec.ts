import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { findCanary, searcherFor } from './canaries.js';

const ssn = 'CNRYqvx7kzjw31';
const number = Buffer.alloc(4);
number.writeInt32BE(739_184_620);

test.each([
  ['as it is', ssn],
  ['in another case', ssn.toUpperCase()],
  ['a part of it', 'x qvx7kzj y'],
  ['backwards', [...ssn].reverse().join('')],
  ['letter by letter', [...ssn].join(',')],
  ['hex', Buffer.from(ssn).toString('hex')],
  ['base64, wherever it begins', Buffer.from(`ab${ssn}`).toString('base64')],
  ['md5', createHash('md5').update(ssn).digest('hex')],
  ['md5 of it in upper case', createHash('md5').update(ssn.toUpperCase()).digest('hex')],
  ['the bytes of its sha256', createHash('sha256').update(ssn).digest()],
  ['a binary number', number],
  ['a binary uuid', Buffer.from('c4a7e1d29b3f4c588e6a71f0d2b9a583', 'hex')],
])('is found: %s', (_, given) => {
  expect(findCanary(Buffer.concat([Buffer.from('before '), Buffer.from(given), Buffer.from(' after')]))).toBeDefined();
});

test.each(['***', '************6467', '***@example.com', 'Ada', 'CNRY', '1931', ''])('is not one: %s', (given) => {
  expect(findCanary(Buffer.from(given))).toBeUndefined();
});

test.each([
  ['as it is', 'a hushed b'],
  ['in another case, at the end', 'x HUSHED'],
  ['backwards', 'dehsuh'],
  ['hex', Buffer.from('hushed').toString('hex')],
  ['base64', Buffer.from('ab hushed cd').toString('base64')],
])('a searcher finds a whole value: %s', (_, given) => {
  expect(searcherFor(['hushed', 'other'])(Buffer.from(given))).toEqual(['hushed']);
});

test('a searcher finds nothing in what only begins alike', () => {
  expect(searcherFor(['hushed'])(Buffer.from('hush hushe huhushe'))).toEqual([]);
});
