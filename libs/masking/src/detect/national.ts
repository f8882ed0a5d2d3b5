import { isDigit, isWord, standsAlone } from './groups.js';
import type { Scanner } from './span.js';

/** None of them is written in more groups of digits. */
const mostGroups = 7;

/** Numbers of persons, only where their own check digits or punctuation tell them from any other number. */
export const scanNationalIds: Scanner = (folded, found, runs) => {
  for (const run of runs()) {
    if (run.groups.length > mostGroups) continue;
    const head = run.groups[0];
    const tail = run.groups.at(-1);
    if (head === undefined || tail === undefined || !standsAlone(folded, head.start, tail.end)) continue;
    if (besideDash(folded, head.start, tail.end)) continue;
    const lengths = run.groups.map((group) => group.digits.length).join(' ');
    const digits = run.groups.map((group) => group.digits).join('');
    const marks = run.separators.join('');
    const isId =
      (lengths === '3 2 4' && marks === '--' && isSocialSecurity(digits)) ||
      (lengths === '3 3 3 2' && marks === '..-' && isCpf(digits)) ||
      ((lengths === '15' || lengths === '1 2 2 2 3 3 2') && !/[^ ]/.test(marks) && isNir(digits));
    if (isId) found({ start: head.start, end: tail.end, class: 'national_id' });
  }
  for (let index = 0; index < folded.length; index += 1) {
    const unit = folded.charCodeAt(index);
    if (!isWord(unit)) continue;
    // All of them start with a capital, or with eight digits.
    const capital = unit >= 0x41 && unit <= 0x5a;
    const end = capital || isDigit(folded.charCodeAt(index + 7)) ? lettered(folded, index) : undefined;
    if (end !== undefined) found({ start: index, end, class: 'national_id' });
    index = end ?? index;
    while (index < folded.length && isWord(folded.charCodeAt(index))) index += 1;
  }
};

const besideDash = (folded: string, start: number, end: number): boolean =>
  (folded.charAt(start - 1) === '-' && isWord(folded.charCodeAt(start - 2))) ||
  (folded.charAt(end) === '-' && isWord(folded.charCodeAt(end + 1)));

/** United States: no number was ever issued with these areas, groups and serials. */
const isSocialSecurity = (digits: string): boolean =>
  !/^(?:000|666|9)/.test(digits) && digits.slice(3, 5) !== '00' && digits.slice(5) !== '0000';

/** Brazil: two check digits. */
const isCpf = (digits: string): boolean => {
  if (/^(\d)\1*$/.test(digits)) return false;
  const check = (length: number): number => {
    let sum = 0;
    for (let index = 0; index < length; index += 1) sum += Number(digits.charAt(index)) * (length + 1 - index);
    return ((sum * 10) % 11) % 10;
  };
  return check(9) === Number(digits.charAt(9)) && check(10) === Number(digits.charAt(10));
};

/** France: sex, year, month, then a key modulo 97. */
const isNir = (digits: string): boolean =>
  /^[12]\d\d(?:0[1-9]|1[0-2])/.test(digits) && 97 - (Number(digits.slice(0, 13)) % 97) === Number(digits.slice(13));

const forms: readonly { readonly form: RegExp; readonly holds: (text: string) => boolean }[] = [
  // United Kingdom: National Insurance number.
  {
    form: /(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]/y,
    holds: () => true,
  },
  // Spain: DNI and NIE with their check letter.
  {
    form: /[XYZ\d]\d{7}-?[A-HJ-NP-TV-Z]/y,
    holds: (text) => {
      const number = Number(text.slice(0, 8).replace(/^[XYZ]/, (letter) => `${'XYZ'.indexOf(letter)}`));
      return 'TRWAGMYFPDXBNJZSQVHLCKE'.charAt(number % 23) === text.at(-1);
    },
  },
  // Italy: codice fiscale with its check letter.
  { form: /[A-Z]{6}\d\d[A-EHLMPR-T][0-7]\d[A-Z]\d{3}[A-Z]/y, holds: (text) => italianCheck(text) === text.at(-1) },
];

const lettered = (folded: string, index: number): number | undefined => {
  if (folded.charAt(index - 1) === '-' && isWord(folded.charCodeAt(index - 2))) return undefined;
  for (const { form, holds } of forms) {
    form.lastIndex = index;
    if (!form.test(folded)) continue;
    const end = form.lastIndex;
    if (!isWord(folded.charCodeAt(end)) && holds(folded.slice(index, end))) return end;
  }
  return undefined;
};

const oddValues = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
const italianCheck = (text: string): string => {
  let sum = 0;
  for (let index = 0; index < 15; index += 1) {
    const code = text.charCodeAt(index);
    const value = code < 0x41 ? code - 0x30 : code - 0x41;
    sum += index % 2 === 0 ? (oddValues[value] ?? 0) : value;
  }
  return String.fromCharCode(0x41 + (sum % 26));
};
