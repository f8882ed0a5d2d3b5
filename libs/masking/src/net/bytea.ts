/** A bytea as the server prints it: `\x` and hex digits, or text with octal escapes (bytea_output). */
export type ByteaForm = 'hex' | 'escape';

const backslash = 0x5c;

export const readBytea = (printed: Uint8Array): { readonly form: ByteaForm; readonly bytes: Uint8Array } | undefined =>
  printed[0] === backslash && printed[1] === 0x78 ? readHex(printed) : readEscaped(printed);

/** Is there something that looks like a bytea in hex, in a value that is more than one? */
export const hasHex = (bytes: Uint8Array, from: number, to: number): boolean => {
  for (let at = from; at + 1 < to; at += 1) if (bytes[at] === backslash && bytes[at + 1] === 0x78) return true;
  return false;
};

/** Changes each of them. The very same value where none changed; `null` where one cannot be shown. */
export const replaceHex = (
  value: Uint8Array,
  change: (printed: Uint8Array) => Uint8Array | null,
): Uint8Array | null => {
  const parts: Uint8Array[] = [];
  let copied = 0;
  for (let at = value.indexOf(backslash); at >= 0; at = value.indexOf(backslash, at + 1)) {
    if (value[at + 1] !== 0x78) continue;
    let end = at + 2;
    while (hexValue(value[end]) >= 0 && hexValue(value[end + 1]) >= 0) end += 2;
    const printed = value.subarray(at, end);
    const shown = change(printed);
    if (shown === null) return null;
    if (shown === printed) continue;
    parts.push(value.subarray(copied, at), shown);
    copied = end;
  }
  return parts.length === 0 ? value : join([...parts, value.subarray(copied)]);
};

const join = (parts: readonly Uint8Array[]): Uint8Array => {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
};

const readHex = (printed: Uint8Array): { readonly form: ByteaForm; readonly bytes: Uint8Array } | undefined => {
  if (printed.length % 2 !== 0) return undefined;
  const bytes = new Uint8Array(printed.length / 2 - 1);
  for (let index = 0; index < bytes.length; index += 1) {
    const high = hexValue(printed[index * 2 + 2]);
    const low = hexValue(printed[index * 2 + 3]);
    if (high < 0 || low < 0) return undefined;
    bytes[index] = high * 16 + low;
  }
  return { form: 'hex', bytes };
};

const readEscaped = (printed: Uint8Array): { readonly form: ByteaForm; readonly bytes: Uint8Array } | undefined => {
  const bytes = new Uint8Array(printed.length);
  let length = 0;
  for (let at = 0; at < printed.length; at += 1) {
    const byte = printed[at] ?? 0;
    if (byte !== backslash) bytes[length++] = byte;
    else if (printed[at + 1] === backslash) {
      bytes[length++] = backslash;
      at += 1;
    } else {
      const octal = String.fromCharCode(...printed.subarray(at + 1, at + 4));
      if (!/^[0-3][0-7]{2}$/.test(octal)) return undefined;
      bytes[length++] = Number.parseInt(octal, 8);
      at += 3;
    }
  }
  return { form: 'escape', bytes: bytes.subarray(0, length) };
};

export const printBytea = (form: ByteaForm, bytes: Uint8Array): string => {
  let text = form === 'hex' ? '\\x' : '';
  for (const byte of bytes) {
    if (form === 'hex') text += byte.toString(16).padStart(2, '0');
    else if (byte === backslash) text += '\\\\';
    else text += byte < 0x20 || byte > 0x7e ? `\\${byte.toString(8).padStart(3, '0')}` : String.fromCharCode(byte);
  }
  return text;
};

const hexValue = (byte: number | undefined): number => {
  if (byte === undefined) return -1;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const low = byte | 0x20;
  return low >= 0x61 && low <= 0x66 ? low - 0x57 : -1;
};
