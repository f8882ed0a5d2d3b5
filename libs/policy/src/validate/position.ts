export interface Position {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units, as editors count. */
  readonly column: number;
}

export const positionAt = (text: string, offset: number): Position => {
  const before = text.slice(0, offset);
  let line = 1;
  for (let at = before.indexOf('\n'); at !== -1; at = before.indexOf('\n', at + 1)) line += 1;
  return { line, column: offset - before.lastIndexOf('\n') };
};

/** cedar-wasm counts in UTF-8 bytes; editors and this language count in UTF-16 units. */
export const offsetOfByte = (text: string, byte: number): number => {
  let bytes = 0;
  let at = 0;
  while (at < text.length && bytes < byte) {
    const point = text.codePointAt(at) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    at += point > 0xffff ? 2 : 1;
  }
  return at;
};
