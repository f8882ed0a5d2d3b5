import { refuse } from '@sallyport/kernel';
import type { TargetState } from '@sallyport/kernel';
import type { Complaint } from '../message/refusal.js';

/** What the gateway says of a client's messages by itself. */

export const malformed = (name: string): Complaint => ({
  refusal: refuse('protocol_violation', `invalid message format: ${name}`),
});
export const tooLong: Complaint = { refusal: refuse('limit_exceeded', 'a message is longer than is taken here') };
export const tooManyPortals: Complaint = { refusal: refuse('limit_exceeded', 'too many portals') };
export const notText: Complaint = {
  state: '22021',
  refusal: refuse('unreadable', 'the statement, or its name, is not valid UTF-8', { failsAtTarget: true }),
};
export const absent = (of: 'statement' | 'portal', name: string): Complaint => ({
  state: of === 'statement' ? '26000' : '34000',
  refusal: refuse(
    'protocol_violation',
    `${of === 'statement' ? 'prepared statement' : 'portal'} "${name.slice(0, 63)}" does not exist`,
    { failsAtTarget: true },
  ),
});

/** A server takes it, and here nobody knows what it would run or show. Nothing failed at the target: a block goes on. */
export const madeBySql = (of: 'statement' | 'portal', name: string): Complaint => ({
  refusal: refuse(
    'unsupported',
    `${of} "${name.slice(0, 63)}" was not made by a message, and what SQL made is not taken by one`,
    { hint: of === 'portal' ? 'Read a cursor with FETCH.' : 'Run it with EXECUTE.' },
  ),
});

/** The target reads text otherwise than it is read here: nothing is decided on a misreading. */
export const misread = ({ parameters }: TargetState): Complaint | undefined => {
  const encoding = parameters.get('client_encoding') ?? 'UTF8';
  const strings = parameters.get('standard_conforming_strings') ?? 'on';
  // For the sake of old drivers the server keeps UNICODE as the name that it was told.
  if (/^(?:utf-?8|unicode)$/i.test(encoding) && strings === 'on') return undefined;
  return {
    refusal: refuse('state_drift', 'client_encoding must be UTF8 and standard_conforming_strings on', {
      hint: 'Connect again: in this session statements can no longer be read as the target reads them.',
    }),
  };
};

/** It ended the session with an error of its own. */
export const lost = (code: string): Complaint => ({
  refusal: refuse('target_unavailable', `the target ended the connection (${code})`),
});

/** The session ends, and what became of a command is not known: programs are told so. */
export const openEnded = (complaint: Complaint): Complaint => {
  const { refusal } = complaint;
  return { ...complaint, refusal: { ...refusal, facts: { ...refusal.facts, outcome: 'unknown' } } };
};
