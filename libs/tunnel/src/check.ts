import type { TicketFields } from './ticket.js';

/** How long a ticket may live, and how far the clocks of proxy and agent may be apart, milliseconds. */
export const ticketLifetime = 30_000;
export const ticketSkew = 10_000;

/**
 * Nonces that were spent. Scoped by proxy. `spend` says whether this is the first time; an entry may be forgotten after
 * `until`. A memory that is full must answer `false`: what cannot be remembered cannot be refused a second time.
 */
export interface NonceMemory {
  spend(nonce: string, until: number, now: number): boolean;
}

export const ticketProblems = [
  'malformed',
  'wrong_agent',
  'wrong_proxy',
  'not_yet_valid',
  'expired',
  'lives_too_long',
  'replayed',
] as const;
export type TicketProblem = (typeof ticketProblems)[number];

export interface TicketCheck {
  readonly fields: TicketFields;
  readonly now: number;
  /** The name in this agent's own certificate. */
  readonly agentName: string;
  /** The name in the certificate of the other end of this very socket, which also made the signature. */
  readonly proxyName: string;
  readonly seenNonces: NonceMemory;
}

/**
 * The rules of a ticket whose signature holds. `undefined`: it is good, and spent. A ticket that fails spends nothing, so
 * that a stranger cannot fill the memory.
 */
export const checkTicket = ({
  fields,
  now,
  agentName,
  proxyName,
  seenNonces,
}: TicketCheck): TicketProblem | undefined => {
  if (!isWellFormed(fields)) return 'malformed';
  if (fields.agent !== agentName) return 'wrong_agent';
  if (fields.proxy !== proxyName) return 'wrong_proxy';
  if (fields.expiresAt - fields.issuedAt > ticketLifetime) return 'lives_too_long';
  if (fields.issuedAt > now + ticketSkew) return 'not_yet_valid';
  if (fields.expiresAt + ticketSkew <= now) return 'expired';
  const nonce = `${fields.proxy}\n${hex(fields.nonce)}`;
  return seenNonces.spend(nonce, fields.expiresAt + ticketSkew, now) ? undefined : 'replayed';
};

const isWellFormed = (fields: TicketFields): boolean => {
  const { issuedAt, expiresAt, nonce, cancelHandle = '' } = fields;
  return (
    [fields.id, fields.connection, fields.session, fields.proxy, fields.agent].every((text) => text !== '') &&
    // A zero byte would end a name early at the target.
    [fields.database, ...Object.entries(fields.parameters).flat()].every((text) => !text.includes('\0')) &&
    Number.isSafeInteger(issuedAt) &&
    Number.isSafeInteger(expiresAt) &&
    issuedAt >= 0 &&
    expiresAt > issuedAt &&
    nonce.length >= 16 &&
    nonce.length <= 64 &&
    (fields.kind === 'cancel') === (cancelHandle !== '')
  );
};

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** Bounded by count; the oldest are swept when they may be forgotten. */
export const createNonceMemory = (capacity = 100_000): NonceMemory => {
  const spent = new Map<string, number>();
  let sweepAt = 0;
  return {
    spend(nonce, until, now) {
      if (now >= sweepAt || spent.size >= capacity) {
        for (const [key, end] of spent) if (end <= now) spent.delete(key);
        sweepAt = now + ticketLifetime;
      }
      if (spent.has(nonce) || spent.size >= capacity) return false;
      spent.set(nonce, until);
      return true;
    },
  };
};
