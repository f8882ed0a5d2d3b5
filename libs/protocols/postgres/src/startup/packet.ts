import { decodeUtf8 } from '@sallyport/kernel';
import type { Refusal } from '@sallyport/kernel';
import { refuse } from '@sallyport/kernel';
import { ByteReader, readInt32 } from '@sallyport/protocol-core';
import { protocolVersion, requestCode } from '../message/type.js';
import { acceptParameters } from './parameter.js';

export interface Startup {
  /** The version that will be spoken. */
  readonly version: number;
  /** The client asked for more than is spoken here: it must be told. */
  readonly negotiate: readonly string[] | undefined;
  readonly user: string;
  readonly database: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly hold: number | undefined;
}

export type StartupPacket =
  | { readonly kind: 'tls' }
  | { readonly kind: 'gss' }
  | { readonly kind: 'cancel'; readonly key: Uint8Array }
  | { readonly kind: 'startup'; readonly startup: Startup }
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly state?: string }
  /** Not PostgreSQL at all: nothing is answered. */
  | { readonly kind: 'lost' };

/** One packet without a type, whole. */
export const readStartupPacket = (frame: Uint8Array): StartupPacket => {
  const code = readInt32(frame, 4);
  switch (code) {
    case requestCode.tls:
      return frame.length === 8 ? { kind: 'tls' } : { kind: 'lost' };
    case requestCode.gss:
      return frame.length === 8 ? { kind: 'gss' } : { kind: 'lost' };
    case requestCode.cancel:
      // A process number and a secret of 4 to 256 bytes.
      return frame.length >= 16 && frame.length <= 12 + 256
        ? { kind: 'cancel', key: frame.slice(8) }
        : { kind: 'lost' };
    default:
      return code >>> 16 === 3 ? readStartup(frame, code) : unsupportedVersion(code);
  }
};

const unsupportedVersion = (code: number): StartupPacket => {
  const major = code >>> 16;
  // Older clients read the answer; anything else is not a PostgreSQL client.
  if (major < 1 || major > 9) return { kind: 'lost' };
  const refusal = refuse('unsupported', `protocol ${major}.${code & 0xffff} is not spoken here; 3.0 to 3.2 are`);
  return { kind: 'refused', refusal };
};

const readStartup = (frame: Uint8Array, asked: number): StartupPacket => {
  const reader = new ByteReader(frame, 8);
  const given = new Map<string, string>();
  const unknown: string[] = [];
  for (;;) {
    const name = decodeUtf8(reader.untilZero());
    if (name === undefined || reader.broken) return violation('a start-up packet that cannot be read');
    if (name === '') break;
    const value = decodeUtf8(reader.untilZero());
    if (value === undefined || reader.broken) return violation('a start-up packet that cannot be read');
    if (name.startsWith('_pq_.')) {
      unknown.push(name);
      continue;
    }
    if (given.has(name)) return violation('a start-up parameter that is given twice');
    given.set(name, value);
  }
  if (!reader.finished) return violation('a start-up packet that goes on after its end');
  const user = given.get('user') ?? '';
  if (user === '')
    return {
      kind: 'refused',
      state: '28000',
      refusal: refuse('unauthenticated', 'no user name was given', { hint: 'The user name is the connection.' }),
    };
  const database = given.get('database') || user;
  given.delete('user');
  given.delete('database');
  const accepted = acceptParameters(given);
  if (accepted.kind === 'refused') return accepted;
  const version = Math.min(asked, protocolVersion.newest);
  const negotiate = asked > protocolVersion.newest || unknown.length > 0 ? unknown : undefined;
  return {
    kind: 'startup',
    startup: { version, negotiate, user, database, parameters: accepted.parameters, hold: accepted.hold },
  };
};

const violation = (what: string): StartupPacket => ({ kind: 'refused', refusal: refuse('protocol_violation', what) });
