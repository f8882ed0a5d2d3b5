/** A run of digit groups with one or two separators between them: what people write numbers as. */
export interface DigitRun {
  readonly groups: readonly DigitGroup[];
  /** Between group n and n+1; invisible ones are taken out. */
  readonly separators: readonly string[];
}

export interface DigitGroup {
  readonly start: number;
  readonly end: number;
  readonly digits: string;
}

export const isDigit = (unit: number): boolean => unit >= 0x30 && unit <= 0x39;
export const isLetter = (unit: number): boolean => {
  const lower = unit | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || unit >= 0xc0;
};
export const isWord = (unit: number): boolean => isDigit(unit) || isLetter(unit) || unit === 0x5f;
const isSeparator = (unit: number): boolean =>
  unit === 0x20 ||
  unit === 0x2d ||
  unit === 0x2e ||
  unit === 0x28 ||
  unit === 0x29 ||
  unit === 0x2f ||
  unit === 0x5f ||
  unit === 1;

/** No number that is looked for has fewer digits than an E.164 number. */
const fewestDigits = 8;

/** Groups are joined over invisible separators, so `42\u200b42` is one group. Linear: every unit is looked at once. */
export const digitRuns = (folded: string): readonly DigitRun[] => {
  const runs: DigitRun[] = [];
  let count = 0;
  let groups: DigitGroup[] = [];
  let separators: string[] = [];
  let index = 0;
  while (index < folded.length) {
    if (!isDigit(folded.charCodeAt(index))) {
      index += 1;
      continue;
    }
    const start = index;
    let pieceStart = index;
    let digits = '';
    let end = index;
    for (;;) {
      while (index < folded.length && isDigit(folded.charCodeAt(index))) index += 1;
      digits += folded.slice(pieceStart, index);
      end = index;
      let past = index;
      while (folded.charCodeAt(past) === 1) past += 1;
      if (past === index || !isDigit(folded.charCodeAt(past))) break;
      index = past;
      pieceStart = past;
    }
    groups.push({ start, end, digits });
    count += digits.length;
    let past = end;
    let separator = '';
    while (separator.length < 3 && isSeparator(folded.charCodeAt(past))) {
      if (folded.charCodeAt(past) !== 1) separator += folded.charAt(past);
      past += 1;
    }
    index = Math.max(past, end);
    if (separator.length > 0 && separator.length < 3 && isDigit(folded.charCodeAt(past))) {
      separators.push(separator);
      continue;
    }
    if (count >= fewestDigits) runs.push({ groups, separators });
    count = 0;
    groups = [];
    separators = [];
  }
  return runs;
};

/** Neither side touches a letter, a digit or an underscore. */
export const standsAlone = (folded: string, start: number, end: number): boolean =>
  !(start > 0 && isWord(folded.charCodeAt(start - 1))) && !(end < folded.length && isWord(folded.charCodeAt(end)));
