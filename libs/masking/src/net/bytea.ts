/** A bytea as the server prints it: `\x` and hex digits, or text with octal escapes (bytea_output). */
export type ByteaForm = 'hex' | 'escape';

const backslash = 0x5c;

export const readBytea = (printed: Uint8Array): { readonly form: ByteaForm; readonly bytes: Uint8Array } | undefined =>
  printed[0] === backslash && printed[1] === 0x78 ? readHex(printed) : readEscaped(printed);

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
