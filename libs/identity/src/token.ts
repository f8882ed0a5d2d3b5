import { decodeUtf8 } from '@sallyport/kernel';
import { base64url } from 'jose';

/** Bounds on what a stranger sends, checked before anything is decoded. */
export const tokenLimits = { token: 16 * 1024, text: 1024, audiences: 64, keys: 16 } as const;

export type Members = Readonly<Record<string, unknown>>;

export interface TokenParts {
  readonly header: Members;
  /** Not verified: only to find out who claims to have issued it. */
  readonly payload: Members;
}

const form = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/** A signed token in compact form, or nothing. Five parts (encrypted), no signature, padding or spaces are nothing. */
export const splitToken = (token: string): TokenParts | undefined => {
  if (!form.test(token)) return undefined;
  const [head = '', body = ''] = token.split('.');
  const header = readSegment(head);
  const payload = readSegment(body);
  return header && payload && { header, payload };
};

const readSegment = (segment: string): Members | undefined => {
  try {
    return readMembers(base64url.decode(segment));
  } catch {
    return undefined;
  }
};

export const readMembers = (bytes: Uint8Array): Members | undefined => {
  const text = decodeUtf8(bytes);
  if (text === undefined || isTooDeep(text)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isMembers(value) ? value : undefined;
  } catch {
    return undefined;
  }
};

export const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** JSON.parse recurses. Brackets inside strings count too: no honest token has this many. */
const isTooDeep = (text: string): boolean => {
  let depth = 0;
  for (const sign of text) {
    if (sign === '{' || sign === '[') depth += 1;
    else if (sign === '}' || sign === ']') depth -= 1;
    if (depth > 32) return true;
  }
  return false;
};

/** A claim by name, or by JSON pointer where the name starts with a slash: `/kubernetes.io/serviceaccount/uid`. */
export const claimAt = (payload: Members, name: string): unknown => {
  if (!name.startsWith('/')) return own(payload, name);
  let value: unknown = payload;
  for (const step of name.slice(1).split('/')) {
    if (!isMembers(value)) return undefined;
    value = own(value, step.replaceAll('~1', '/').replaceAll('~0', '~'));
  }
  return value;
};

/** A name as one step of a JSON pointer (RFC 6901). */
export const escapePointer = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');

const own = (members: Members, name: string): unknown => (Object.hasOwn(members, name) ? members[name] : undefined);

/** Bindings are texts; issuers write some immutable ids as numbers. Nothing else ever equals a text. */
export const equalsClaim = (value: unknown, expected: string): boolean =>
  value === expected || (Number.isSafeInteger(value) && String(value) === expected);
