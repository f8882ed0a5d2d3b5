import { expect, test } from '@jest/globals';
import { isLoopback, secretUrl } from './secret-url.js';

test.each([
  'https://gate.example.com',
  'http://127.0.0.1:7080',
  'http://localhost:1',
  'http://[::1]:1/x',
  'http://127.9.9.9',
])('%s may be told a secret', (url) => expect(secretUrl('the address', url)).toBe(url));

test.each([
  ['http://gate.example.com', 'not encrypted'],
  ['http://127.0.0.1.example.com', 'not encrypted'],
  ['http://10.0.0.1:7080', 'not encrypted'],
  ['http://localhost.example.com', 'not encrypted'],
  ['https://user:word@gate.example.com', 'user name or a password'],
  ['ftp://gate.example.com', 'is not a URL'],
  ['gate.example.com:7080', 'is not a URL'],
  ['', 'is not a URL'],
])('%s may not', (url, message) => expect(() => secretUrl('the address', url)).toThrow(message));

test('loopback is known by its whole name', () => {
  expect(['localhost', 'x.localhost', '127.0.0.1', '[::1]'].every(isLoopback)).toBe(true);
  expect(['127.0.0.1.example.com', 'notlocalhost', '128.0.0.1', '::1.example'].some(isLoopback)).toBe(false);
});
