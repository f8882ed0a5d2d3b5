import { isDigit, isLetter, isWord } from './groups.js';
import type { Scanner } from './span.js';

const localMarks = new Set([..."._%+-'!#$&*=?^`{|}~"].map((mark) => mark.charCodeAt(0)));
const isLocal = (unit: number): boolean => isDigit(unit) || isLetter(unit) || localMarks.has(unit);
const isDomain = (unit: number): boolean => isDigit(unit) || isLetter(unit) || unit === 0x2e || unit === 0x2d;

/** Both ways stop at the next `@`, so that a row of them costs no more than its length. */
export const scanEmails: Scanner = (folded, found) => {
  for (let at = folded.indexOf('@'); at >= 0; at = folded.indexOf('@', at + 1)) {
    let start = at;
    while (start > 0 && isLocal(folded.charCodeAt(start - 1))) start -= 1;
    while (start < at && !isWord(folded.charCodeAt(start))) start += 1;
    let end = at + 1;
    while (end < folded.length && isDomain(folded.charCodeAt(end))) end += 1;
    while (end > at + 1 && !isWord(folded.charCodeAt(end - 1))) end -= 1;
    if (start === at || !isHost(folded.slice(at + 1, Math.min(end, at + 256)))) continue;
    // `git@host:path` is an address of a repository.
    if (folded.slice(start, at) === 'git' && folded.charAt(end) === ':') continue;
    found({ start, end, class: 'email' });
  }
};

/** At least two labels, none empty, the last one of letters. */
export const isHost = (domain: string): boolean => {
  const labels = domain.split('.');
  const top = labels.at(-1) ?? '';
  if (labels.length < 2 || labels.some((label) => label === '' || label.startsWith('-') || label.endsWith('-')))
    return false;
  if (top.startsWith('xn--')) return true;
  return top.length >= 2 && [...top].every((letter) => isLetter(letter.charCodeAt(0)));
};

const version4 = /(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}/y;
const version6 = /[0-9a-fA-F:]{2,39}/y;

/** Off unless asked for: masking addresses breaks ordinary applications. */
export const scanAddresses: Scanner = (folded, found) => {
  for (let index = 0; index < folded.length; index += 1) {
    const unit = folded.charCodeAt(index);
    if (!isWord(unit) && unit !== 0x3a) continue;
    const end = addressAt(folded, index);
    if (end !== undefined) found({ start: index, end, class: 'ip_address' });
    // On to the end of this token: an address never starts inside one.
    index = end ?? index;
    while (index < folded.length && (isWord(folded.charCodeAt(index)) || /[.:]/.test(folded.charAt(index)))) index += 1;
  }
};

const addressAt = (folded: string, index: number): number | undefined => {
  version4.lastIndex = index;
  if (version4.test(folded)) {
    const end = version4.lastIndex;
    const after = folded.charCodeAt(end);
    const goesOn = isWord(after) || (after === 0x2e && isWord(folded.charCodeAt(end + 1)));
    return goesOn ? undefined : end;
  }
  version6.lastIndex = index;
  if (!version6.test(folded)) return undefined;
  const end = version6.lastIndex;
  return isVersion6(folded.slice(index, end)) && !isWord(folded.charCodeAt(end)) ? end : undefined;
};

const isVersion6 = (text: string): boolean => {
  // `a::b` is a cast or a scope.
  if (!/\d/.test(text)) return false;
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  if (groups.some((group) => group.length === 0 || group.length > 4)) return false;
  return halves.length === 2 ? groups.length >= 2 && groups.length < 8 : groups.length === 8;
};
