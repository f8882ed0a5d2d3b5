import { isDigit, isLetter, isWord } from './groups.js';
import type { Scanner } from './span.js';

/** Length of an IBAN by country (ISO 13616 registry). */
const lengths: Readonly<Record<string, number>> = {
  AD: 24, AE: 23, AL: 28, AT: 20, AZ: 28, BA: 20, BE: 16, BG: 22, BH: 22, BI: 27, BR: 29, BY: 28, CH: 21, CR: 22, CY: 28,
  CZ: 24, DE: 22, DJ: 27, DK: 18, DO: 28, EE: 20, EG: 29, ES: 24, FI: 18, FK: 18, FO: 18, FR: 27, GB: 22, GE: 22, GI: 23,
  GL: 18, GR: 27, GT: 28, HR: 21, HU: 28, IE: 22, IL: 23, IQ: 23, IS: 26, IT: 27, JO: 30, KW: 30, KZ: 20, LB: 28, LC: 32,
  LI: 21, LT: 20, LU: 20, LV: 21, LY: 25, MC: 27, MD: 24, ME: 22, MK: 19, MN: 20, MR: 27, MT: 31, MU: 30, NI: 28, NL: 18,
  NO: 15, OM: 23, PK: 24, PL: 28, PS: 29, PT: 25, QA: 29, RO: 24, RS: 22, RU: 33, SA: 24, SC: 31, SD: 18, SE: 24, SI: 19,
  SK: 24, SM: 27, SO: 23, ST: 25, SV: 28, TL: 23, TN: 24, TR: 26, UA: 29, VA: 22, VG: 24, XK: 20, YE: 30,
}; // prettier-ignore

export const passesMod97 = (iban: string): boolean => {
  let remainder = 0;
  for (const sign of iban.slice(4) + iban.slice(0, 4)) {
    const code = sign.charCodeAt(0);
    remainder = isDigit(code) ? (remainder * 10 + code - 0x30) % 97 : (remainder * 100 + code - 0x37) % 97;
  }
  return remainder === 1;
};

/** Solid or in groups, upper or lower case. Work per starting point is bounded by the longest IBAN. */
export const scanIbans: Scanner = (folded, found) => {
  for (let index = 0; index + 14 < folded.length; index += 1) {
    if (!isLetter(folded.charCodeAt(index)) || !isDigit(folded.charCodeAt(index + 2))) continue;
    if (index > 0 && isWord(folded.charCodeAt(index - 1))) continue;
    const length = lengths[folded.slice(index, index + 2).toUpperCase()];
    if (length === undefined) continue;
    const read = readSigns(folded, index, length);
    if (read === undefined || !passesMod97(read.signs) || isWord(folded.charCodeAt(read.end))) continue;
    found({ start: index, end: read.end, class: 'iban' });
    index = read.end - 1;
  }
};

const readSigns = (
  folded: string,
  start: number,
  length: number,
): { readonly signs: string; readonly end: number } | undefined => {
  let signs = '';
  let index = start;
  let gap = 0;
  while (signs.length < length) {
    const unit = folded.charCodeAt(index);
    if (isDigit(unit) || (isLetter(unit) && unit < 0x80)) {
      signs += folded.charAt(index);
      gap = 0;
    } else if ((unit === 0x20 || unit === 0x2d || unit === 1) && gap < 2) gap += 1;
    else return undefined;
    index += 1;
  }
  return { signs: signs.toUpperCase(), end: index };
};
