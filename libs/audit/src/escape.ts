/**
 * Text of others for a terminal. Nothing in it moves a cursor, changes a colour, starts a new line or turns the reading
 * direction: control characters, format characters (bidi, zero-width, tags), line separators, lone surrogates and the
 * backslash itself are written as escapes, so that what is seen is what is there. `multiline` leaves LF alone, for views
 * that indent what they show.
 */
export const escapeForTerminal = (text: string, { multiline = false } = {}): string =>
  text.replace(unseen, (sign) => {
    if (sign === '\n') return multiline ? sign : '\\n';
    return escapes.get(sign) ?? escapeOf(sign);
  });

/** Whatever an eye does not see as what it is, and the backslash that announces an escape. */
const unseen = /[\\\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}\u00ad\u034f\u115f\u1160\u3164\uffa0\u180b-\u180f]/gu;

const escapes = new Map([
  ['\\', '\\\\'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);

/** `\x1b`, `\u202e`, `\u{e0001}` */
export const escapeOf = (sign: string): string => {
  const point = sign.codePointAt(0) ?? 0;
  if (point < 0x100) return `\\x${point.toString(16).padStart(2, '0')}`;
  return point < 0x10000 ? `\\u${point.toString(16).padStart(4, '0')}` : `\\u{${point.toString(16)}}`;
};

/** One CSV cell, always quoted; what a spreadsheet would run as a formula is made a text. */
export const escapeForCsv = (text: string): string => {
  const shown = escapeForTerminal(text).replaceAll('"', '""');
  return `"${/^\s*[=+\-@|%＝＋－＠]/.test(shown) ? "'" : ''}${shown}"`;
};
