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
    return { ok: true, text: spell(value, 0) };
  } catch (cause) {
    if (cause instanceof NotCanonical) return { ok: false, problem: cause.message };
    throw cause;
  }
};

const spell = (value: unknown, depth: number): string => {
  if (depth > deepestJson) throw new NotCanonical(`nested more than ${deepestJson} deep`);
  switch (typeof value) {
    case 'string':
      return quoted(value);
    case 'number':
      if (!Number.isFinite(value)) throw new NotCanonical('a number that JSON cannot say');
      // JSON knows no minus zero.
      return String(value);
    case 'boolean':
      return String(value);
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? spellList(value, depth) : spellObject(value, depth);
    default:
      throw new NotCanonical(`a ${typeof value} is not JSON`);
  }
};

const spellList = (list: readonly unknown[], depth: number): string => {
  let text = '[';
  for (let index = 0; index < list.length; index += 1) {
    if (index > 0) text += ',';
    text += spell(list[index], depth + 1);
  }
  return `${text}]`;
};

/** A property that is `undefined` is absent, as everywhere in JSON. */
const spellObject = (value: object, depth: number): string => {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw new NotCanonical('not a plain object');
  let text = '{';
  for (const name of Object.keys(value).sort()) {
    const field = (value as Readonly<Record<string, unknown>>)[name];
    if (field === undefined) continue;
    if (text.length > 1) text += ',';
    text += `${quoted(name)}:${spell(field, depth + 1)}`;
  }
  return `${text}}`;
};

/** What needs no escape is most of what there is. */
const plain = /^[ !#-[\]-~]*$/;

const quoted = (text: string): string => {
  if (plain.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) throw new NotCanonical('a text with lone surrogates');
  return JSON.stringify(text);
};
