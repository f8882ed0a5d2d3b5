import { encodeStartup } from '@sallyport/postgres';

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
const codes = { cancel: 80877102, ssl: 80877103, gss: 80877104 } as const;

/** PostgreSQL, "Message Formats": StartupMessage and its relatives have a length and a code, and no type. */
export function readFirstPacket(bytes: Buffer): FirstPacket {
  if (bytes.length < 8) return bytes.length >= 4 && tooLong(bytes) ? { kind: 'invalid' } : { kind: 'incomplete' };
  if (tooLong(bytes)) return { kind: 'invalid' };
  const length = bytes.readInt32BE(0);
  if (bytes.length < length) return { kind: 'incomplete' };
  const code = bytes.readInt32BE(4);
  if (code === codes.ssl || code === codes.gss) return { kind: 'encryption', length };
  if (code === codes.cancel) return { kind: 'cancel', bytes: bytes.subarray(0, length) };
  if (code >>> 16 !== 3) return { kind: 'invalid' };
  const texts = bytes.toString('utf8', 8, length - 1).split('\0');
  const parameters: Record<string, string> = {};
  for (let at = 0; at + 1 < texts.length; at += 2) {
    const name = texts[at] ?? '';
    if (name !== '') parameters[name] = texts[at + 1] ?? '';
  }
  return { kind: 'startup', version: code, parameters, length };
}

function tooLong(bytes: Buffer): boolean {
  const length = bytes.readInt32BE(0);
  return length < 8 || length > longest;
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
