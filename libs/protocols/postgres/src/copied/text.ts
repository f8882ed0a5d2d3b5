import type { CopyOptions } from '@sallyport/kernel';
import type { CopiedRows } from './rows.js';

const newline = 0x0a;
const carriageReturn = 0x0d;
const backslash = 0x5c;
const dot = 0x2e;

/**
 * As a server looks for the ends of lines (CopyReadLineText): in text, a backslash takes the meaning of what follows it; in
 * csv, nothing ends a line inside of quotes. Which of LF, CR and CRLF ends them the first one says; a server refuses a mix.
 */
export const textRows = ({ format, header, quote = 0x22, escape = quote }: CopyOptions): CopiedRows => {
  const isCsv = format === 'csv';
  // A quote that is its own escape only toggles.
  const escaping = escape === quote ? -1 : escape;
  let escaped = false;
  let quoted = false;
  let afterReturn = false;
  /** Bytes of the line, as far as they matter, and whether they are `\.` so far. */
  let length = 0;
  let marker = true;
  let over = false;
  let skipped = header ? 1 : 0;

  const ended = (): number => {
    // Data ends at a line with `\.` alone; in csv only a server before 18 takes it so.
    over = marker && length === 2;
    length = 0;
    marker = true;
    if (over) return 0;
    if (skipped === 0) return 1;
    skipped -= 1;
    return 0;
  };

  return {
    push(bytes) {
      let rows = 0;
      for (const byte of bytes) {
        if (over) return rows;
        const isSecond = afterReturn && byte === newline;
        afterReturn = false;
        if (isSecond) continue;
        if (isCsv) {
          if (quoted && byte === escaping) escaped = !escaped;
          if (byte === quote && !escaped) quoted = !quoted;
          if (byte !== escaping) escaped = false;
        }
        const isPlain = isCsv ? !quoted : !escaped;
        if (isPlain && (byte === newline || byte === carriageReturn)) {
          afterReturn = byte === carriageReturn;
          rows += ended();
          continue;
        }
        marker &&= byte === (length === 0 ? backslash : dot) && length < 2;
        length += 1;
        if (!isCsv) escaped = !escaped && byte === backslash;
      }
      return rows;
    },
  };
};
