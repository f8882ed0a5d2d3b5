import { escapeOf } from './escape.js';

/** A text for somebody who must judge it: all of it, and nothing in it that is not seen as what it is. */
export interface Reviewed {
  /** The whole text. What does not show, or shows as a blank that is none, is written as an escape. */
  readonly text: string;
  /** What an eye would miss, in words. */
  readonly marks: readonly string[];
}

const mostMarks = 20;
const mostWords = 5;
const longestWord = 128;
/** Work has an end, and what was not looked at is said. */
const mostJudged = 2_000;
const unjudged = `it holds more than ${mostJudged} different words with letters that are not plain: look-alikes may be among them`;
/** Past these an end can stand where nobody looks for it. */
const longStretch = 200;
const longText = 4_000;

export const review = (given: string): Reviewed => {
  const text = given.toWellFormed();
  const hidden = text.match(unseen) ?? [];
  const marks = [
    ...(hidden.length === 0 ? [] : [`${counted(hidden.length, 'character')} that cannot be seen: ${distinct(hidden)}`]),
    ...lookalikes(text),
    ...blanks(text),
    ...size(text),
  ];
  return { text: text.replace(unseen, escapeOf), marks: marks.slice(0, mostMarks) };
};

/**
 * Control and format characters (bidi, zero-width, tags) but line feed and tab, separators, unassigned ones, fillers, and
 * every blank but the plain one: a server takes NBSP for a letter.
 */
const unseen =
  /[^\P{Cc}\n\t]|[\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}\u034f\u115f\u1160\u3164\uffa0\u180b-\u180f\u2800]|[^\P{Zs} ]/gu;

const distinct = (signs: readonly string[]): string => {
  const names = [...new Set(signs)].map(numberOf);
  const more = names.length - mostWords;
  return `${names.slice(0, mostWords).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
};

const numberOf = (sign: string): string =>
  `U+${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** Letters of other alphabets that are drawn like Latin ones, in pairs. */
const twins =
  'аaсcԁdеeһhіiјjӏlоoрpԛqѕsѵvԝwхxуyАAВBСCЕEНHІIЈJКKМMОOРPЅSТTХXУYҮYԌGԚQԜWкkтtмmгrпn' +
  'αaγyιiκkνvοoρpσoτtυuχxωwΑAΒBΕEΖZΗHΙIΚKΜMΝNΟOΡPΤTΥYΧX' +
  'օoոnսuհhզqցgյjքpԼLՕOՏSՍU' +
  'ıiɑaɡgɩiʟlʏyɴnʀrɪiꜱsᴀaᴄcᴅdᴇeᴏoᴛtᴜuᴠvᴡwᴢzℓl' +
  "ʼ'ʹ'′'∗*∕/−-";
const twinOf: ReadonlyMap<string, string> = new Map(
  Array.from({ length: twins.length / 2 }, (_, index) => [twins.charAt(index * 2), twins.charAt(index * 2 + 1)]),
);

const plain = /^[\x20-\x7e]*$/;
const foreign = /[^\P{L}\p{Script=Latin}]/u;

/** Words and signs that pass for others. */
const lookalikes = (text: string): readonly string[] => {
  const found = new Map<string, string>();
  const judged = new Set<string>();
  for (const [word] of text.matchAll(/[\p{L}\p{N}\p{M}_$]+|[^\u0000-\u007f]/gu)) {
    if (found.size >= mostWords) break;
    if (plain.test(word) || judged.has(word)) continue;
    if (judged.size >= mostJudged) return [...found.values(), unjudged];
    judged.add(word);
    if (word.length > longestWord) {
      found.set(
        word,
        `a word of ${word.length} letters that are not all plain, from "${word.slice(0, 20).toWellFormed().replace(unseen, escapeOf)}" on`,
      );
      continue;
    }
    const signs = [...word].filter((sign) => !plain.test(sign));
    const drawn = [...word]
      .map((sign) => twinOf.get(sign) ?? sign)
      .join('')
      .normalize('NFKC');
    const mixed = /[a-z]/i.test(word) && foreign.test(word);
    const isSign = !/[\p{L}\p{N}]/u.test(word);
    // Told already, or typography that is nobody's syntax.
    if (word.replace(unseen, '') === '' || (isSign && drawn.length > 1)) continue;
    if (!mixed && !plain.test(drawn)) continue;
    const like = plain.test(drawn) ? `looks like "${drawn}"` : 'mixes alphabets';
    found.set(word, `"${word.replace(unseen, escapeOf)}" ${like}, and holds ${distinct(signs)}`);
  }
  return [...found.values()];
};

const blanks = (text: string): readonly string[] => {
  const marks: string[] = [];
  for (const { 0: stretch, index } of text.matchAll(/[ \t\n]+/g)) {
    if (stretch.length < longStretch || index + stretch.length === text.length) continue;
    const line = text.slice(0, index).split('\n').length;
    marks.push(`${stretch.length} blanks in a row from line ${line} on: there is more behind them`);
    if (marks.length >= mostWords) break;
  }
  return marks;
};

const size = (text: string): readonly string[] => {
  if (text.length <= longText) return [];
  return [`it is long: ${text.length} characters in ${counted(text.split('\n').length, 'line')}; read it to its end`];
};
