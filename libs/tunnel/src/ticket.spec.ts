import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { checkTicket, createNonceMemory, ticketBytes, ticketLifetime, ticketSkew } from './index.js';
import type { TicketFields } from './index.js';

const now = 1_800_000_000_000;
const good: TicketFields = {
  id: 'tkt_1',
  kind: 'open',
  connection: 'billing',
  database: 'app',
  session: 'ses_1',
  parameters: { application_name: 'psql', DateStyle: 'ISO' },
  issuedAt: now,
  expiresAt: now + ticketLifetime,
  nonce: new Uint8Array(16).fill(7),
  proxy: 'proxy-1',
  agent: 'agent-1',
};
const check = (fields: Partial<TicketFields>, at = now, memory = createNonceMemory()) =>
  checkTicket({
    fields: { ...good, ...fields },
    now: at,
    agentName: 'agent-1',
    proxyName: 'proxy-1',
    seenNonces: memory,
  });
const hex = (fields: Partial<TicketFields>) => Buffer.from(ticketBytes({ ...good, ...fields })).toString('hex');

describe('ticket bytes', () => {
  test('are fixed', () => {
    expect(Buffer.from(ticketBytes({ ...good, parameters: {}, nonce: new Uint8Array([1]) })).toString('latin1')).toBe(
      [
        '\0\0\0\x13sallyport-ticket-v1\0\0\0\x05tkt_1\0\0\0\x04open\0\0\0\x07billing\0\0\0\x03app\0\0\0\x05ses_1',
        '\0\0\0\x08\0\0\0\0\0\0\0\0\0\0\0\x08\0\0\x01\xa3\x18\x5c\x50\x00\0\0\0\x08\0\0\x01\xa3\x18\x5c\xc5\x30',
        '\0\0\0\x01\x01\0\0\0\x07proxy-1\0\0\0\x07agent-1\0\0\0\0',
      ].join(''),
    );
  });

  test('do not depend on the order of parameters', () => {
    expect(hex({ parameters: { DateStyle: 'ISO', application_name: 'psql' } })).toBe(hex({}));
  });

  test('every field counts, and none can pass for its neighbour', () => {
    const others: readonly Partial<TicketFields>[] = [
      { id: 'tkt_2' },
      { kind: 'cancel' },
      { connection: 'billinga', database: 'pp' },
      { connection: 'billin', database: 'gapp' },
      { session: 'ses_2' },
      { parameters: {} },
      { parameters: { application_name: 'psqlDateStyle', '': 'ISO' } },
      { parameters: { application_name: 'psql' } },
      { issuedAt: now + 1 },
      { expiresAt: now },
      { nonce: new Uint8Array(16).fill(8) },
      { nonce: new Uint8Array(17).fill(7) },
      { proxy: 'proxy-2' },
      { agent: 'agent-2' },
      { cancelHandle: 'h' },
    ];
    const all = [hex({}), ...others.map(hex)];
    expect(new Set(all).size).toBe(all.length);
  });

  test('two tickets share their bytes only if they are equal', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '\0', 'ä'), maxLength: 4 });
    const fields = fc.record({
      connection: text,
      database: text,
      session: text,
      parameters: fc.dictionary(text, text, { maxKeys: 3 }),
    });
    const order = ({ parameters, ...rest }: { parameters: Record<string, string> }) =>
      JSON.stringify([rest, Object.entries(parameters).sort()]);
    fc.assert(
      fc.property(fields, fields, (left, right) => {
        expect(hex(left) === hex(right)).toBe(order(left) === order(right));
      }),
      { numRuns: 1000 },
    );
  });

  test.each([-1, 1.5, Number.NaN, Infinity, 2 ** 60])('a time of %d has no bytes', (issuedAt) => {
    expect(() => ticketBytes({ ...good, issuedAt })).toThrow(RangeError);
  });
});

describe('ticket rules', () => {
  test('a good one is good', () => {
    expect(check({})).toBe(undefined);
    expect(check({ kind: 'cancel', cancelHandle: 'h' })).toBe(undefined);
  });

  test.each<readonly [string, Partial<TicketFields>, string]>([
    ['another agent', { agent: 'agent-2' }, 'wrong_agent'],
    ['another proxy', { proxy: 'proxy-2' }, 'wrong_proxy'],
    ['a long life', { expiresAt: now + ticketLifetime + 1 }, 'lives_too_long'],
    ['the far future', { issuedAt: now + ticketSkew + 1, expiresAt: now + ticketSkew + 2 }, 'not_yet_valid'],
    ['the past', { issuedAt: now - ticketSkew - 20_000, expiresAt: now - ticketSkew }, 'expired'],
    ['no life at all', { expiresAt: now }, 'malformed'],
    ['a short nonce', { nonce: new Uint8Array(15) }, 'malformed'],
    ['a long nonce', { nonce: new Uint8Array(65) }, 'malformed'],
    ['no session', { session: '' }, 'malformed'],
    ['no connection', { connection: '' }, 'malformed'],
    ['a zero byte', { parameters: { application_name: 'a\0user' } }, 'malformed'],
    ['a zero byte in the database', { database: 'a\0' }, 'malformed'],
    ['a broken time', { issuedAt: Number.NaN }, 'malformed'],
    ['cancel without a handle', { kind: 'cancel' }, 'malformed'],
    ['open with a handle', { cancelHandle: 'h' }, 'malformed'],
  ])('%s', (_, fields, problem) => {
    expect(check(fields)).toBe(problem);
  });

  test('clocks may differ by the skew', () => {
    expect(check({}, now - ticketSkew)).toBe(undefined);
    expect(check({}, now + ticketLifetime + ticketSkew - 1)).toBe(undefined);
    expect(check({}, now + ticketLifetime + ticketSkew)).toBe('expired');
  });

  test('once is enough, for as long as it could be used', () => {
    const memory = createNonceMemory();
    expect(check({}, now, memory)).toBe(undefined);
    for (const at of [now, now + 1, now + ticketLifetime + ticketSkew - 1])
      expect(check({}, at, memory)).toBe('replayed');
    expect(check({ nonce: new Uint8Array(16).fill(9) }, now, memory)).toBe(undefined);
  });

  test('what fails spends nothing', () => {
    const memory = createNonceMemory();
    expect(check({ agent: 'agent-2' }, now, memory)).toBe('wrong_agent');
    expect(check({}, now, memory)).toBe(undefined);
  });

  test('a full memory refuses, and sweeps what is past', () => {
    const memory = createNonceMemory(2);
    expect(memory.spend('a', now + 10, now)).toBe(true);
    expect(memory.spend('b', now + 10, now)).toBe(true);
    expect(memory.spend('c', now + 10, now)).toBe(false);
    expect(memory.spend('c', now + 20, now + 10)).toBe(true);
    expect(memory.spend('c', now + 20, now + 11)).toBe(false);
  });
});
