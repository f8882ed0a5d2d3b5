import { expect, test } from '@jest/globals';
import { refuse } from '@sallyport/kernel';
import { errorResponse } from './refusal.js';

test('a refusal in the fields of an error: where in the text it is, as a server tells it', () => {
  const refusal = refuse('unreadable', 'syntax error at or near "selekt"', { position: 7 });
  expect(Buffer.from(errorResponse('ERROR', { refusal })).toString('latin1').slice(5)).toBe(
    'SERROR\0VERROR\0C42601\0Msyntax error at or near "selekt"\0D{"code":"unreadable"}\0P7\0\0',
  );
});
