/** A node of the grammar's JSON: one key that names its kind, and its fields. Fields of a fixed kind come without the key. */
export type Fields = Readonly<Record<string, unknown>>;

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `{ SelectStmt: {...} }` -> kind and fields; `undefined` for anything else. */
export function unwrap(node: unknown): { readonly kind: string; readonly fields: Fields } | undefined {
  if (!isFields(node)) return undefined;
  const [kind, ...rest] = Object.keys(node);
  if (kind === undefined || rest.length > 0 || !/^[A-Z]/.test(kind)) return undefined;
  const fields = node[kind];
  return isFields(fields) ? { kind, fields } : undefined;
}

export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
export const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
export const fieldsOf = (value: unknown): Fields | undefined => (isFields(value) ? value : undefined);

/** The texts of a qualified name: `[{String: {sval}}...]`. */
export const nameParts = (value: unknown): readonly string[] =>
  listOf(value).flatMap((part) => {
    const text = textOf(unwrap(part)?.fields['sval']);
    return text === undefined ? [] : [text];
  });
