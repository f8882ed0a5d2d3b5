import { encodeUtf8 } from '@sallyport/kernel';
import type { Parameter } from '@sallyport/kernel';

/** Everything that an approval is for. One changed bit is another command. */
export interface Bound {
  readonly statement: string;
  readonly parameters: readonly Parameter[];
  /** Id of the caller. */
  readonly principal: string;
  readonly connection: string;
  readonly database: string;
  readonly policyVersion: number;
  /** Settings of the session that change what the statement means: role, search_path ... */
  readonly settings?: Readonly<Record<string, string>>;
}

/**
 * Canonical bytes to be hashed with SHA-256 by the caller. Every field is preceded by its length and every list by its
 * count, so nothing can move from one field into another.
 */
export const bindingOf = (bound: Bound): Uint8Array => {
  const settings = Object.entries(bound.settings ?? {}).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return join([
    text('sallyport.binding.v1'),
    text(bound.statement),
    count(bound.parameters.length),
    ...bound.parameters.flatMap(({ type, format, value }) => [
      count(type),
      Uint8Array.of(format === 'text' ? 0 : 1, value === null ? 0 : 1),
      bytes(value ?? new Uint8Array()),
    ]),
    text(bound.principal),
    text(bound.connection),
    text(bound.database),
    count(bound.policyVersion),
    count(settings.length),
    ...settings.flatMap(([name, value]) => [text(name), text(value)]),
  ]);
};

/** 64 bits, most significant first. Type numbers and versions are whole numbers that JavaScript holds exactly. */
const count = (value: number): Uint8Array => {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError('not a count');
  const encoded = new Uint8Array(8);
  new DataView(encoded.buffer).setBigUint64(0, BigInt(value));
  return encoded;
};

const bytes = (value: Uint8Array): Uint8Array => join([count(value.length), value]);

/**
 * The first byte tells the encoding: a text with lone surrogates has no UTF-8, and would otherwise share the bytes of
 * the text with U+FFFD in their place.
 */
const text = (value: string): Uint8Array =>
  value.isWellFormed()
    ? join([Uint8Array.of(0), bytes(encodeUtf8(value))])
    : join([Uint8Array.of(1), bytes(units(value))]);

const units = (value: string): Uint8Array => {
  const encoded = new Uint8Array(value.length * 2);
  const view = new DataView(encoded.buffer);
  for (let index = 0; index < value.length; index += 1) view.setUint16(index * 2, value.charCodeAt(index));
  return encoded;
};

const join = (parts: readonly Uint8Array[]): Uint8Array => {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
};
