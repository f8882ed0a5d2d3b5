/** UTF-8 for the rooms that have no platform: strict, so that no byte is ever read as something that it is not. */

/** `undefined` when the bytes are not well-formed UTF-8 (overlong, surrogates, cut off, past U+10FFFF). */
export const decodeUtf8 = (bytes: Uint8Array): string | undefined => {
  const chunks: string[] = [];
  let units: number[] = [];
  let at = 0;
  while (at < bytes.length) {
    const lead = bytes[at] ?? 0;
    const mayRun = lead < 0x80 && units.length === 0 && bytes.length - at >= longRun;
    const ascii = mayRun ? asciiUntil(bytes, at) : at;
    if (ascii - at >= longRun) {
      chunks.push(asText(bytes.subarray(at, ascii)));
      at = ascii;
    } else if (lead < 0x80) {
      units.push(lead);
      at += 1;
    } else {
      const more =
        lead >= 0xc2 && lead < 0xe0 ? 1 : lead >= 0xe0 && lead < 0xf0 ? 2 : lead >= 0xf0 && lead < 0xf5 ? 3 : 0;
      if (more === 0 || at + more >= bytes.length) return undefined;
      let point = lead & (0x3f >> more);
      for (let offset = 1; offset <= more; offset += 1) {
        const next = bytes[at + offset] ?? 0;
        if ((next & 0xc0) !== 0x80) return undefined;
        point = (point << 6) | (next & 0x3f);
      }
      if ((more === 2 && point < 0x800) || (more === 3 && point < 0x10000)) return undefined;
      if ((point >= 0xd800 && point < 0xe000) || point > 0x10ffff) return undefined;
      if (point >= 0x10000) units.push(0xd800 + ((point - 0x10000) >> 10), 0xdc00 + ((point - 0x10000) & 0x3ff));
      else units.push(point);
      at += more + 1;
    }
    if (units.length >= mostUnits) {
      chunks.push(asText(units));
      units = [];
    }
  }
  if (units.length > 0) chunks.push(asText(units));
  return chunks.length === 1 ? (chunks[0] ?? '') : chunks.join('');
};

/** How many units become text at once: all of them are arguments of one call. */
const mostUnits = 4096;
/** Of fewer bytes it is not worth while to look ahead again. */
const longRun = 64;

const asciiUntil = (bytes: Uint8Array, from: number): number => {
  const most = Math.min(bytes.length, from + mostUnits);
  let at = from;
  while (at < most && (bytes[at] ?? 0) < 0x80) at += 1;
  return at;
};

const asText = (units: ArrayLike<number>): string => String.fromCharCode.apply(null, units as number[]);

/** Lone surrogates become U+FFFD, as everywhere on the web. */
export const encodeUtf8 = (text: string): Uint8Array => {
  const bytes = new Uint8Array(utf8Length(text));
  let at = 0;
  for (let index = 0; index < text.length; index += 1) {
    let point = text.codePointAt(index) ?? 0;
    if (point > 0xffff) index += 1;
    else if (point >= 0xd800 && point < 0xe000) point = 0xfffd;
    if (point < 0x80) bytes[at++] = point;
    else if (point < 0x800) {
      bytes[at++] = 0xc0 | (point >> 6);
      bytes[at++] = 0x80 | (point & 0x3f);
    } else if (point < 0x10000) {
      bytes[at++] = 0xe0 | (point >> 12);
      bytes[at++] = 0x80 | ((point >> 6) & 0x3f);
      bytes[at++] = 0x80 | (point & 0x3f);
    } else {
      bytes[at++] = 0xf0 | (point >> 18);
      bytes[at++] = 0x80 | ((point >> 12) & 0x3f);
      bytes[at++] = 0x80 | ((point >> 6) & 0x3f);
      bytes[at++] = 0x80 | (point & 0x3f);
    }
  }
  return bytes;
};

/** Bytes that `encodeUtf8` would write. */
export const utf8Length = (text: string): number => {
  let length = 0;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) length += 1;
    else if (unit < 0x800) length += 2;
    else if (unit >= 0xd800 && unit < 0xdc00 && (text.charCodeAt(index + 1) & 0xfc00) === 0xdc00) {
      length += 4;
      index += 1;
    } else length += 3;
  }
  return length;
};
