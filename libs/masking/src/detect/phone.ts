import { isDigit, isWord } from './groups.js';
import type { DigitRun } from './groups.js';
import type { Scanner } from './span.js';

/** E.164 wherever a `+` says so; national forms only where punctuation leaves no doubt. */
export const scanPhones: Scanner = (folded, found, runs) => {
  for (const run of runs()) {
    const head = run.groups[0];
    if (head === undefined) continue;
    const plus = plusBefore(folded, head.start);
    const end = plus === undefined ? undefined : internationalEnd(run);
    if (plus !== undefined && end !== undefined && !touches(folded, plus, end)) {
      found({ start: plus, end, class: 'phone' });
      continue;
    }
    const national = northAmerican(folded, run);
    if (national !== undefined) found({ ...national, class: 'phone' });
  }
};

/** `+49`, `+ 49`, `(+49)`: where the number starts. */
const plusBefore = (folded: string, start: number): number | undefined => {
  const plus = folded.charAt(start - 1) === ' ' ? start - 2 : start - 1;
  if (folded.charAt(plus) !== '+') return undefined;
  const before = folded.charCodeAt(plus - 1);
  // `1+12345678` is arithmetic.
  return plus > 0 && (isWord(before) || before === 0x29) ? undefined : plus;
};

/** The end of an E.164 number: 8 to 15 digits, as many groups as fit. */
const internationalEnd = (run: DigitRun): number | undefined => {
  if (run.groups[0]?.digits.startsWith('0') !== false) return undefined;
  let count = 0;
  let end: number | undefined;
  for (const group of run.groups) {
    count += group.digits.length;
    if (count > 15) break;
    if (count >= 8) end = group.end;
  }
  return end;
};

const touches = (folded: string, start: number, end: number): boolean =>
  (start > 0 && isWord(folded.charCodeAt(start - 1))) || (end < folded.length && isWord(folded.charCodeAt(end)));

/** `(212) 555-1234`, `212-555-1234`, `1-212-555-1234`, `212.555.1234`: area and exchange as NANP allows them. */
const northAmerican = (folded: string, run: DigitRun): { readonly start: number; readonly end: number } | undefined => {
  if (run.groups.length > 4) return undefined;
  const trunk = run.groups.length === 4 && run.groups[0]?.digits === '1' ? 1 : 0;
  const [area, exchange, line, more] = run.groups.slice(trunk);
  if (area === undefined || exchange === undefined || line === undefined || more !== undefined) return undefined;
  if (area.digits.length !== 3 || exchange.digits.length !== 3 || line.digits.length !== 4) return undefined;
  const [first, second] = run.separators.slice(trunk);
  const bracketed = (first === ') ' || first === ')' || first === ')-') && folded.charAt(area.start - 1) === '(';
  if (
    !(bracketed && (second === '-' || second === ' ' || second === '.')) &&
    !(first === second && (first === '-' || first === '.'))
  )
    return undefined;
  if (!/^[2-9](?!11)\d\d$/.test(area.digits) || !/^[2-9](?!11)\d\d$/.test(exchange.digits)) return undefined;
  const start = (run.groups[0]?.start ?? area.start) - (bracketed && trunk === 0 ? 1 : 0);
  const before = folded.charCodeAt(start - 1);
  const after = folded.charCodeAt(line.end);
  const part = (unit: number, next: number) => (unit === 0x2d || unit === 0x2e) && (isDigit(next) || isWord(next));
  if (touches(folded, start, line.end)) return undefined;
  if (part(before, folded.charCodeAt(start - 2)) || part(after, folded.charCodeAt(line.end + 1))) return undefined;
  return { start, end: line.end };
};
