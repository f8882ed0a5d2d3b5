import { invisible } from './fold.js';
import { digitRuns, isDigit, isLetter } from './groups.js';
import type { DigitGroup, DigitRun } from './groups.js';
import type { Scanner, Span } from './span.js';

export const passesLuhn = (digits: string): boolean => {
  let sum = 0;
  for (let index = 0; index < digits.length; index += 1) {
    const digit = digits.charCodeAt(digits.length - 1 - index) - 0x30;
    const doubled = index % 2 === 0 ? digit : digit * 2;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
};

/** Issuer ranges that are in use, with the lengths that they issue. */
export const issuers: readonly { readonly from: string; readonly to: string; readonly lengths: readonly number[] }[] = [
  { from: '4', to: '4', lengths: [13, 16, 19] }, // Visa
  { from: '51', to: '55', lengths: [16] }, // Mastercard
  { from: '2221', to: '2720', lengths: [16] },
  { from: '34', to: '34', lengths: [15] }, // American Express
  { from: '37', to: '37', lengths: [15] },
  { from: '6011', to: '6011', lengths: [16, 17, 18, 19] }, // Discover
  { from: '644', to: '649', lengths: [16, 17, 18, 19] },
  { from: '65', to: '65', lengths: [16, 17, 18, 19] },
  { from: '300', to: '305', lengths: [14, 16, 17, 18, 19] }, // Diners
  { from: '3095', to: '3095', lengths: [14, 16] },
  { from: '36', to: '36', lengths: [14, 15, 16, 17, 18, 19] },
  { from: '38', to: '39', lengths: [14, 16, 17, 18, 19] },
  { from: '3528', to: '3589', lengths: [16, 17, 18, 19] }, // JCB
  { from: '62', to: '62', lengths: [16, 17, 18, 19] }, // UnionPay
  { from: '8100', to: '8171', lengths: [16, 17, 18, 19] },
  { from: '2200', to: '2204', lengths: [16, 17, 18, 19] }, // Mir
  { from: '50', to: '50', lengths: [13, 14, 15, 16, 17, 18, 19] }, // Maestro
  { from: '56', to: '58', lengths: [13, 14, 15, 16, 17, 18, 19] },
  { from: '6304', to: '6304', lengths: [13, 14, 15, 16, 17, 18, 19] },
  { from: '6759', to: '6763', lengths: [13, 14, 15, 16, 17, 18, 19] },
];

/** By the first four digits: a bit for each length that is issued there, from the shortest on. */
const lengthsOf = new Uint8Array(10_000);
const [shortest, longest] = [13, 19];
for (const { from, to, lengths } of issuers) {
  const scale = 10 ** (4 - from.length);
  for (let prefix = Number(from) * scale; prefix < (Number(to) + 1) * scale; prefix += 1)
    for (const length of lengths) lengthsOf[prefix] = (lengthsOf[prefix] ?? 0) | (1 << (length - shortest));
}

/** Cards are long enough to have four digits to look at. */
export const issued = (digits: string): boolean =>
  digits.length >= shortest &&
  digits.length <= longest &&
  ((lengthsOf[Number(digits.slice(0, 4))] ?? 0) & (1 << (digits.length - shortest))) !== 0;

/** Barcodes of goods are 13 digits too and far more common than 13-digit cards. */
const isEan13 = (digits: string): boolean =>
  digits.length === 13 &&
  [...digits].reduce((sum, digit, index) => sum + Number(digit) * (index % 2 === 0 ? 1 : 3), 0) % 10 === 0;

const isCardNumber = (digits: string): boolean => issued(digits) && passesLuhn(digits);

export const scanCards: Scanner = (folded, found, runs) => {
  scanRuns(folded, runs(), found);
  scanWrapped(folded, found);
};

const scanRuns = (folded: string, runs: readonly DigitRun[], found: (span: Span) => void): void => {
  for (const run of runs) {
    for (let first = 0; first < run.groups.length; first += 1) {
      const last = cardFrom(folded, run, first);
      if (last === undefined) continue;
      const head = run.groups[first];
      const tail = run.groups[last];
      if (head !== undefined && tail !== undefined) found({ start: head.start, end: tail.end, class: 'card_number' });
      first = last;
    }
  }
};

/** A line break inside of a number, as a mailer or a form wraps it. */
const wrap = /(\d)(-?[ \t]{0,8}(?:\r\n|\r|\n)[ \t]{0,8})(?=\d)/g;

/**
 * Wrapped once, in groups as they are embossed: a list of numbers, one a line, is none. Each break is read as a space of the
 * same length, so that positions stay.
 */
const scanWrapped = (folded: string, found: (span: Span) => void): void => {
  if (!/[\r\n]/.test(folded)) return;
  const breaks: number[] = [];
  const joined = folded.replace(wrap, (_all, digit: string, gap: string, at: number) => {
    breaks.push(at + 1);
    return `${digit} ${invisible.repeat(gap.length - 1)}`;
  });
  if (breaks.length === 0) return;
  // Both come in order, so each break is passed once.
  let passed = 0;
  scanRuns(joined, digitRuns(joined), (span) => {
    while ((breaks[passed] ?? Infinity) < span.start) passed += 1;
    const once = (breaks[passed] ?? Infinity) < span.end && !((breaks[passed + 1] ?? Infinity) < span.end);
    const lengths = joined
      .slice(span.start, span.end)
      .split(/\D+/)
      .map(({ length }) => length);
    if (once && embossed.has(lengths.join(' '))) found(span);
  });
};
const embossed = new Set(['4 4 4 4', '4 6 5', '4 6 4', '4 4 4 4 3']);

const firstDigits = new Set(issuers.map(({ from }) => from.charCodeAt(0)));

/** The last group of the longest card number that starts with group `first`. At most 19 groups are looked at. */
const cardFrom = (folded: string, run: DigitRun, first: number): number | undefined => {
  let digits = '';
  let best: number | undefined;
  // Most numbers are of nobody who issues cards, and the first digit tells.
  if (!firstDigits.has(run.groups[first]?.digits.charCodeAt(0) ?? 0)) return undefined;
  for (let last = first; last < run.groups.length; last += 1) {
    digits += run.groups[last]?.digits ?? '';
    if (digits.length > longest) break;
    if (digits.length < shortest) continue;
    if (isCardNumber(digits) && plausible(folded, run, first, last)) best = last;
  }
  return best;
};

const plausible = (folded: string, run: DigitRun, first: number, last: number): boolean => {
  const groups = run.groups.slice(first, last + 1);
  const head = groups[0];
  const tail = groups.at(-1);
  if (head === undefined || tail === undefined) return false;
  if (insideHex(folded, head, tail)) return false;
  if (groups.length === 1) return !isFraction(folded, head) && !isEan13(head.digits);
  const between = run.separators.slice(first, last);
  if (between.some((separator) => /[/()]/.test(separator))) return false;
  const lengths = groups.map((group) => group.digits.length);
  // Digit by digit, or in groups as they are embossed. Anything else is a row of unrelated numbers.
  if (lengths.every((length) => length === 1)) return true;
  if (lengths.some((length) => length < 2 || length > 7) || groups.length < 3) return false;
  // Dots between uneven groups are versions and decimals.
  return !between.some((separator) => separator.includes('.')) || lengths.slice(0, -1).every((length) => length === 4);
};

/** `0.4242424242424242` and `4242424242424242.5` are numbers. */
const isFraction = (folded: string, group: DigitGroup): boolean =>
  (folded.charAt(group.start - 1) === '.' && isDigit(folded.charCodeAt(group.start - 2))) ||
  (folded.charAt(group.end) === '.' && isDigit(folded.charCodeAt(group.end + 1)));

/** Part of a digest or UUID: the surrounding token holds hex digits only, some of them letters. */
const insideHex = (folded: string, head: DigitGroup, tail: DigitGroup): boolean => {
  let start = head.start;
  let end = tail.end;
  let letters = 0;
  const reach = 128;
  while (start > 0 && head.start - start < reach) {
    const unit = folded.charCodeAt(start - 1);
    if (isHexLetter(unit)) letters += 1;
    else if (isLetter(unit)) return false;
    else if (!isDigit(unit) && unit !== 0x2d) break;
    start -= 1;
  }
  while (end < folded.length && end - tail.end < reach) {
    const unit = folded.charCodeAt(end);
    if (isHexLetter(unit)) letters += 1;
    else if (isLetter(unit)) return false;
    else if (!isDigit(unit) && unit !== 0x2d) break;
    end += 1;
  }
  return letters > 0;
};

const isHexLetter = (unit: number): boolean => (unit | 0x20) >= 0x61 && (unit | 0x20) <= 0x66;
