/** A node of the grammar's JSON: one key that names its kind, and its fields. Fields of a fixed kind come without the key. */
export type Fields = Readonly<Record<string, unknown>>;

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Fields have small letters, nodes begin with a capital. */
export const isTag = (key: string): boolean => {
  const first = key.charCodeAt(0);
  return first >= 65 && first <= 90;
};

/** `{ SelectStmt: {...} }` -> kind and fields; `undefined` for anything else. */
export function unwrap(node: unknown): { readonly kind: string; readonly fields: Fields } | undefined {
  if (!isFields(node)) return undefined;
  let kind: string | undefined;
  for (const key in node) {
    if (kind !== undefined) return undefined;
    kind = key;
  }
  if (kind === undefined || !isTag(kind)) return undefined;
  const fields = node[kind];
  return isFields(fields) ? { kind, fields } : undefined;
}

export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
export const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
export const fieldsOf = (value: unknown): Fields | undefined => (isFields(value) ? value : undefined);

/** The texts of a qualified name: `[{String: {sval}}...]`. */
export function nameParts(value: unknown): readonly string[] {
  const parts: string[] = [];
  for (const part of listOf(value)) {
    const text = textOf(unwrap(part)?.fields['sval']);
    if (text !== undefined) parts.push(text);
  }
  return parts;
}
