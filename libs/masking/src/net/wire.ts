/** What the server's binary formats are made of. Past the end there are zeros: who reads has looked. */
export const readInt32 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
export const readUint16 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);

/** A value inside of an array or a record, with its type. NULL has none. */
export interface Part {
  readonly type: number;
  readonly value: Uint8Array;
}

/** Elements of an array in binary format; `undefined` where it cannot be read. */
export const arrayParts = (value: Uint8Array): readonly Part[] | undefined => {
  const dimensions = readInt32(value, 0);
  const header = 12 + dimensions * 8;
  if (value.length < 12 || dimensions < 0 || dimensions > 6 || value.length < header) return undefined;
  const type = readInt32(value, 8) >>> 0;
  const parts: Part[] = [];
  for (let at = header; at < value.length;) {
    const next = partAt(value, at);
    if (next === undefined) return undefined;
    if (next.value !== null) parts.push({ type, value: next.value });
    at = next.end;
  }
  return parts;
};

/** Fields of a record or a row in binary format. */
export const recordParts = (value: Uint8Array): readonly Part[] | undefined => {
  const parts: Part[] = [];
  if (value.length < 4) return undefined;
  for (let at = 4; at < value.length;) {
    const type = readInt32(value, at) >>> 0;
    const next = partAt(value, at + 4);
    if (next === undefined) return undefined;
    if (next.value !== null) parts.push({ type, value: next.value });
    at = next.end;
  }
  return parts;
};

const partAt = (
  value: Uint8Array,
  at: number,
): { readonly value: Uint8Array | null; readonly end: number } | undefined => {
  if (at + 4 > value.length) return undefined;
  const length = readInt32(value, at);
  if (length === -1) return { value: null, end: at + 4 };
  const end = at + 4 + length;
  return length < 0 || end > value.length ? undefined : { value: value.subarray(at + 4, end), end };
};
