/**
 * Could these bytes hold anything that a detector finds? One look at each byte, so that clean cells cost next to nothing.
 * A yes means only that it is worth reading; a no is certain for UTF-8 (the specs check it against the detectors), but for
 * key blocks drawn with dashes other than ASCII's.
 */
export const suspicious = (bytes: Uint8Array, addresses = false): boolean =>
  suspiciousWithin(bytes, 0, bytes.length, addresses);

/** The same of bytes[from, to), without a view. */
export const suspiciousWithin = (bytes: Uint8Array, from: number, to: number, addresses: boolean): boolean => {
  let digits = 0;
  const enough = addresses ? 2 : 6;
  for (let index = from; index < to; index += 1) {
    const kind = kinds[bytes[index] ?? 0];
    if (kind === plain) continue;
    if (kind === digit) {
      digits += 1;
      if (digits >= enough) return true;
    } else if (kind === at) return true;
    else if (kind === colon) {
      if (addresses) return true;
    } else if (kind === foreign) {
      if (isFullWidthAt(bytes, index)) return true;
      if (isForeignDigit(bytes, index)) {
        digits += 1;
        if (digits >= enough) return true;
      }
    } else if (pairs[((bytes[index] ?? 0) << 8) | (bytes[index + 1] ?? 0)] === 1 && startsSecret(bytes, index))
      return true;
  }
  return false;
};

const plain = 0;
const digit = 1;
const at = 2;
const foreign = 3;
const anchor = 4;
const colon = 5;

/** First four bytes, at most, of what secrets start with. */
const anchors = [
  'eyJ',
  'AKIA',
  'ASIA',
  'ABIA',
  'ACCA',
  'AIza',
  'ya29',
  'gith',
  'glpa',
  'ghp_',
  'gho_',
  'ghu_',
  'ghs_',
  'ghr_',
]
  .concat(['xox', 'xapp', 'k_li', 'k_te', 'whse', '----'])
  .map((text) => Array.from(text, (letter) => letter.charCodeAt(0)));

const kinds = new Uint8Array(256);
for (let byte = 0x30; byte <= 0x39; byte += 1) kinds[byte] = digit;
kinds[0x40] = at;
kinds[0x3a] = colon;
// Lead bytes of the scripts that have digits of their own, and of the full-width forms.
for (const lead of [0xd9, 0xdb, 0xdf, 0xe0, 0xe1, 0xea, 0xef, 0xf0]) kinds[lead] = foreign;
/** First two bytes of every anchor: most letters that could start one do not. */
const pairs = new Uint8Array(65536);
for (const [first = 0, second = 0] of anchors) {
  kinds[first] = anchor;
  pairs[(first << 8) | second] = 1;
}

/** Full-width letters could spell a key or an address: read them. Full-width punctuation is ordinary text. */
const isFullWidthAt = (bytes: Uint8Array, index: number): boolean => {
  if (bytes[index] !== 0xef) return false;
  const second = bytes[index + 1] ?? 0;
  const third = bytes[index + 2] ?? 0;
  if (second === 0xbc) return third >= 0xa0 && third <= 0xbf;
  return second === 0xbd && third <= 0x9e;
};

/** Coarse on purpose: whole blocks that hold digits count as digits, except the common full-width punctuation. */
const isForeignDigit = (bytes: Uint8Array, index: number): boolean => {
  if (bytes[index] !== 0xef) return true;
  const third = bytes[index + 2] ?? 0;
  return bytes[index + 1] === 0xbc && third >= 0x90 && third <= 0x99;
};

const startsSecret = (bytes: Uint8Array, index: number): boolean => {
  const first = bytes[index];
  return anchors.some(
    (letters) => letters[0] === first && letters.every((letter, offset) => bytes[index + offset] === letter),
  );
};
