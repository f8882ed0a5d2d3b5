import type { CellMask } from '@sallyport/kernel';
import type { MaskFormat } from './format.js';

type Writes = NonNullable<CellMask['writes']>;

/**
 * The formats over plain ASCII, byte by byte into the frame. Whatever is not plainly what a format is for (other scripts, too
 * short, no address) is left to `maskText`, which decides; where these write, they write what it would.
 */
export const plainWriters: Readonly<Partial<Record<MaskFormat, Writes>>> = {
  partial: (bytes, from, to, into, at) => {
    let count = 0;
    for (let index = from; index < to; index += 1) {
      const kind = signs[bytes[index] ?? 0];
      if (kind === foreign) return -1;
      if (kind === readable) count += 1;
    }
    if (count < 8) return -1;
    let kept = 0;
    for (let index = to - 1, put = at + (to - from) - 1; index >= from; index -= 1, put -= 1) {
      const byte = bytes[index] ?? 0;
      const kind = signs[byte];
      const shown = kind === separator || (kind === readable && kept < 4);
      if (kind === readable) kept += 1;
      into[put] = shown ? byte : star;
    }
    return to - from;
  },

  email: (bytes, from, to, into, at) => {
    let middle = from;
    while (middle < to && isLocal(bytes[middle])) middle += 1;
    const local = middle - from;
    if (local === 0 || local > 64 || bytes[middle] !== atSign || !isDomain(bytes, middle + 1, to)) return -1;
    let put = at;
    if (local > 1) into[put++] = bytes[from] ?? 0;
    for (let stars = 0; stars < 3; stars += 1) into[put++] = star;
    for (let index = middle; index < to; index += 1) into[put++] = bytes[index] ?? 0;
    return put - at;
  },
};

const star = 0x2a;
const atSign = 0x40;
const dot = 0x2e;
const dash = 0x2d;

const other = 0;
const readable = 1;
const separator = 2;
const foreign = 3;
const signs = new Uint8Array(256).fill(other, 0, 0x80).fill(foreign, 0x80);
for (const sign of ' -./_:@()+,') signs[sign.charCodeAt(0)] = separator;

const letters = new Uint8Array(256);
const locals = new Uint8Array(256);
for (let code = 0x21; code < 0x7f; code += 1) {
  const sign = String.fromCharCode(code);
  if (/[A-Za-z0-9]/.test(sign)) signs[code] = readable;
  if (/[A-Za-z]/.test(sign)) letters[code] = 1;
  if (!'@"<>()[]\\,;:'.includes(sign)) locals[code] = 1;
}

const isLocal = (byte = 0): boolean => locals[byte] === 1;

/** Labels of letters, digits and dashes between single dots, two at least; the last one holds a letter. */
const isDomain = (bytes: Uint8Array, from: number, to: number): boolean => {
  if (to - from < 3 || to - from > 253) return false;
  if (signs[bytes[from] ?? 0] !== readable || signs[bytes[to - 1] ?? 0] !== readable) return false;
  let dots = 0;
  let lettered = false;
  for (let index = from; index < to; index += 1) {
    const byte = bytes[index] ?? 0;
    if (byte === dot) {
      if (bytes[index - 1] === dot) return false;
      dots += 1;
      lettered = false;
    } else if (letters[byte] === 1) lettered = true;
    else if (signs[byte] !== readable && byte !== dash) return false;
  }
  return dots > 0 && lettered;
};
