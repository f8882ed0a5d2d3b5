import { encodeStartup, requestCode } from '@sallyport/postgres';
import type { Failure } from './failure.js';

/** What a client says first: a request for encryption, a cancel, or its start-up. */
export type FirstPacket =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'encryption'; readonly length: number }
  | { readonly kind: 'cancel'; readonly bytes: Buffer }
  | {
      readonly kind: 'startup';
      readonly version: number;
      readonly parameters: Readonly<Record<string, string>>;
      readonly length: number;
    }
  | { readonly kind: 'invalid' };

const longest = 10_000;

/** PostgreSQL, "Message Formats": StartupMessage and its relatives have a length and a code, and no type. */
export function readFirstPacket(bytes: Buffer): FirstPacket {
  if (bytes.length < 4) return { kind: 'incomplete' };
  const length = bytes.readInt32BE(0);
  if (length < 8 || length > longest) return { kind: 'invalid' };
  if (bytes.length < length) return { kind: 'incomplete' };
  const code = bytes.readInt32BE(4);
  if (code === requestCode.tls || code === requestCode.gss)
    return length === 8 ? { kind: 'encryption', length } : { kind: 'invalid' };
  if (code === requestCode.cancel) return { kind: 'cancel', bytes: bytes.subarray(0, length) };
  if (code >>> 16 !== 3) return { kind: 'invalid' };
  const texts = bytes.toString('utf8', 8, length - 1).split('\0');
  const parameters: Record<string, string> = {};
  for (let at = 0; at + 1 < texts.length; at += 2) {
    const name = texts[at] ?? '';
    if (name !== '') parameters[name] = texts[at + 1] ?? '';
  }
  return { kind: 'startup', version: code, parameters, length };
}

/** The client's start-up with the connection as its user: the login convention of every gate. */
export const startupFor = (
  { version, parameters }: Extract<FirstPacket, { kind: 'startup' }>,
  connection: string,
): Uint8Array =>
  encodeStartup(
    { ...parameters, user: connection, database: parameters['database'] ?? parameters['user'] ?? '' },
    version,
  );

/** An ErrorResponse that ends the connection: the client's user is told why, by their own client. */
export function fatalError({ message, hint, code }: Pick<Failure, 'message' | 'hint' | 'code'>): Buffer {
  const fields = [
    ['S', 'FATAL'],
    ['V', 'FATAL'],
    ['C', '08001'], // sqlclient_unable_to_establish_sqlconnection
    ['M', message],
    ['D', JSON.stringify({ code })], // as a gate says it
    ...(hint === undefined ? [] : [['H', hint]]),
  ].map(([type = '', text = '']) => `${type}${text.replaceAll('\0', '')}\0`);
  const body = Buffer.from(`${fields.join('')}\0`);
  const head = Buffer.from([0x45, 0, 0, 0, 0]);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}
