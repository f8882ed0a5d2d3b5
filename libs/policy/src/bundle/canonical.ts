/**
 * Canonical JSON (RFC 8785, JCS): one value has one text, so that a digest names content. Keys are sorted by UTF-16 units,
 * numbers are written as JavaScript writes them, nothing but what JSON can say is accepted.
 */
export type Canonical = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly problem: string };

export const deepestJson = 512;

class NotCanonical extends Error {
  override readonly name = 'NotCanonical';
}

export const canonicalJson = (value: unknown): Canonical => {
  try {
    const parts: string[] = [];
    write(value, 0, parts);
    return { ok: true, text: parts.join('') };
  } catch (cause) {
    if (cause instanceof NotCanonical) return { ok: false, problem: cause.message };
    throw cause;
  }
};

const write = (value: unknown, depth: number, parts: string[]): void => {
  if (depth > deepestJson) throw new NotCanonical(`nested more than ${deepestJson} deep`);
  if (value === null || typeof value === 'boolean') parts.push(String(value));
  else if (typeof value === 'string') parts.push(quoted(value));
  else if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new NotCanonical('a number that JSON cannot say');
    parts.push(JSON.stringify(value));
  } else if (Array.isArray(value)) {
    parts.push('[');
    for (let index = 0; index < value.length; index += 1) {
      if (index > 0) parts.push(',');
      write(value[index], depth + 1, parts);
    }
    parts.push(']');
  } else if (typeof value === 'object') writeObject(value, depth, parts);
  else throw new NotCanonical(`a ${typeof value} is not JSON`);
};

/** A property that is `undefined` is absent, as everywhere in JSON. */
const writeObject = (value: object, depth: number, parts: string[]): void => {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw new NotCanonical('not a plain object');
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  fields.sort(([a], [b]) => (a < b ? -1 : 1));
  parts.push('{');
  fields.forEach(([name, field], index) => {
    parts.push(index > 0 ? ',' : '', quoted(name), ':');
    write(field, depth + 1, parts);
  });
  parts.push('}');
};

const quoted = (text: string): string => {
  if (!text.isWellFormed()) throw new NotCanonical('a text with lone surrogates');
  return JSON.stringify(text);
};
