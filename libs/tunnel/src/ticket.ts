import { encodeUtf8 } from '@sallyport/kernel';

/** What a proxy asks of an agent. `libs/contracts` carries it, the signature is over `ticketBytes`. */
export interface TicketFields {
  readonly id: string;
  readonly kind: 'open' | 'cancel';
  readonly connection: string;
  readonly database: string;
  readonly session: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. */
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly nonce: Uint8Array;
  readonly proxy: string;
  readonly agent: string;
  /** Only with `cancel`: the handle from the answer of the session that is to be cancelled. */
  readonly cancelHandle?: string | undefined;
}

const domain = 'sallyport-ticket-v1';

/**
 * The bytes that are signed: the domain, then every field with its length before it, so that no two tickets share their
 * bytes. Parameters are sorted by the bytes of their names and counted. Protobuf is not canonical, this is.
 */
export const ticketBytes = (fields: TicketFields): Uint8Array => {
  const parameters = Object.entries(fields.parameters)
    .map(([name, value]) => ({ name: encodeUtf8(name), value: encodeUtf8(value) }))
    .sort((left, right) => compare(left.name, right.name));
  const parts = [
    encodeUtf8(domain),
    encodeUtf8(fields.id),
    encodeUtf8(fields.kind),
    encodeUtf8(fields.connection),
    encodeUtf8(fields.database),
    encodeUtf8(fields.session),
    uint64(parameters.length),
    ...parameters.flatMap(({ name, value }) => [name, value]),
    uint64(fields.issuedAt),
    uint64(fields.expiresAt),
    fields.nonce,
    encodeUtf8(fields.proxy),
    encodeUtf8(fields.agent),
    encodeUtf8(fields.cancelHandle ?? ''),
  ];
  const bytes = new Uint8Array(parts.reduce((length, part) => length + 4 + part.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const part of parts) {
    view.setUint32(at, part.length);
    bytes.set(part, at + 4);
    at += 4 + part.length;
  }
  return bytes;
};

/** Whole, not negative, exact: anything else has no canonical bytes. */
const uint64 = (value: number): Uint8Array => {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError('a ticket counts and dates with whole numbers');
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
};

const compare = (left: Uint8Array, right: Uint8Array): number => {
  const shared = Math.min(left.length, right.length);
  for (let index = 0; index < shared; index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
};
