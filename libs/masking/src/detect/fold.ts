/**
 * Digits, spaces and dashes of every script read alike: full-width `４２４２` is a card number too. One unit in, one unit
 * out, so that positions stay those of the original text.
 */
export const fold = (text: string): string => {
  let from = 0;
  let folded = '';
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) continue;
    const next = unit === 0xd835 ? mathematicalDigit(text.charCodeAt(index + 1)) : foldUnit(unit);
    if (next === undefined) continue;
    folded += text.slice(from, index) + next;
    index += next.length - 1;
    from = index + 1;
  }
  return from === 0 ? text : folded + text.slice(from);
};

/** First code points of the decimal digits of the scripts in the basic plane (Unicode category Nd). */
const zeros = [
  0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0, 0xf20,
  0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0,
  0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0,
];
const digits = new Map(zeros.flatMap((zero) => Array.from({ length: 10 }, (_, value) => [zero + value, `${value}`])));

/** A separator that shows nothing; kept apart from a space so that text that is really spaced stays readable. */
export const invisible = '\u0001';

const foldUnit = (unit: number): string | undefined => {
  if (unit >= 0xff01 && unit <= 0xff5e) return String.fromCharCode(unit - 0xfee0);
  if (unit === 0xa0 || (unit >= 0x2000 && unit <= 0x200a) || unit === 0x202f || unit === 0x205f || unit === 0x3000)
    return ' ';
  if ((unit >= 0x2010 && unit <= 0x2015) || unit === 0x2043 || unit === 0x2212 || unit === 0xfe58 || unit === 0xfe63)
    return '-';
  if (unit === 0xb7) return '.';
  if (unit === 0xad || (unit >= 0x200b && unit <= 0x200f) || (unit >= 0x2060 && unit <= 0x2064) || unit === 0xfeff)
    return invisible;
  return digits.get(unit);
};

/** Mathematical digits lie outside the basic plane: two units, the first of which becomes an invisible separator. */
const mathematicalDigit = (low: number): string | undefined =>
  low >= 0xdfce && low <= 0xdfff ? `${invisible}${(low - 0xdfce) % 10}` : undefined;
