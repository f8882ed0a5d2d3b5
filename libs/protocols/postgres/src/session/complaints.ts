import { refuse } from '@sallyport/kernel';
import type { Complaint } from '../message/refusal.js';

/** What the gateway says of a client's messages by itself. */

export const malformed = (name: string): Complaint => ({
  refusal: refuse('protocol_violation', `invalid message format: ${name}`),
});
export const tooLong: Complaint = { refusal: refuse('limit_exceeded', 'a message is longer than is taken here') };
export const tooManyPortals: Complaint = { refusal: refuse('limit_exceeded', 'too many portals') };
export const notText: Complaint = {
  state: '22021',
  refusal: refuse('unreadable', 'the statement, or its name, is not valid UTF-8'),
};
export const absent = (of: 'statement' | 'portal', name: string): Complaint => ({
  state: of === 'statement' ? '26000' : '34000',
  refusal: refuse(
    'protocol_violation',
    `${of === 'statement' ? 'prepared statement' : 'portal'} "${name.slice(0, 63)}" does not exist`,
  ),
});
