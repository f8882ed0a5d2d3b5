import { encodeUtf8 } from '@sallyport/kernel';
import { scanSync } from 'libpg-query';
import { isFields, listOf, unwrap } from './node.js';

/** A text with the contents of its long strings taken out, and where they stood. */
export interface Abridged {
  readonly text: string;
  /** Of each string that was cut, where it begins in the abridged text, in bytes. */
  readonly cuts: ReadonlySet<number>;
}

export interface AbridgeLimits {
  /** Strings of fewer characters are left as they are. */
  readonly least: number;
  /** What is left must not be longer. */
  readonly most: number;
}

/** Texts of more characters than `above` are read this way, or not at all. */
export const abridging = { above: 1024 * 1024, least: 1_024, most: 64 * 1024 } as const;

const filler = `'cut'`;

/**
 * A text that is long because of its strings, without them; `undefined` where that cannot be had. What is found here by looking
 * for quotes is only a guess; the server's own scanner then says whether it was right. In the abridged text each cut is to be a
 * plain string by itself, which begins where the quote does. Up to there both texts are the same, so in the long one the
 * scanner stands in the same state before the same quote, reads on to the first one that is not doubled, and is again where it
 * is in the short one. So both are the same tokens, but for what is in these strings.
 */
export function abridge(text: string, { least, most }: AbridgeLimits): Abridged | undefined {
  const strings = longStrings(text, least);
  const pieces: string[] = [];
  const cuts = new Set<number>();
  let from = 0;
  let bytes = 0;
  let length = 0;
  for (const { start, end } of strings) {
    const before = text.slice(from, start);
    length += before.length + filler.length;
    if (length > most) return undefined;
    bytes += encodeUtf8(before).length;
    cuts.add(bytes);
    bytes += filler.length;
    pieces.push(before, filler);
    from = end;
  }
  if (cuts.size === 0 || length + text.length - from > most) return undefined;
  const short = pieces.join('') + text.slice(from);
  return isConfirmed(short, cuts) ? { text: short, cuts } : undefined;
}

interface Span {
  readonly start: number;
  /** Behind the closing quote. */
  readonly end: number;
}

const openings = /['"$]|--|\/\*/g;
const dollarQuote = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y;

function longStrings(text: string, least: number): readonly Span[] {
  const found: Span[] = [];
  openings.lastIndex = 0;
  for (let match = openings.exec(text); match !== null; match = openings.exec(text)) {
    const { index: start } = match;
    const end = endOf(text, match[0], start);
    if (end === undefined) return found;
    if (match[0] === "'" && end - start - 2 >= least) found.push({ start, end });
    openings.lastIndex = end;
  }
  return found;
}

/** Where what opens there ends, if it does. */
function endOf(text: string, opening: string, start: number): number | undefined {
  const behind = (wanted: string, from: number): number | undefined => {
    const at = text.indexOf(wanted, from);
    return at < 0 ? undefined : at + wanted.length;
  };
  switch (opening) {
    case "'": {
      let end = behind("'", start + 1);
      while (end !== undefined && text[end] === "'") end = behind("'", end + 1);
      return end;
    }
    case '"':
      return behind('"', start + 1);
    case '--':
      return behind('\n', start);
    case '/*':
      return behind('*/', start + 2);
    default: {
      dollarQuote.lastIndex = start;
      const [tag] = dollarQuote.exec(text) ?? [];
      return tag === undefined ? start + 1 : behind(tag, start + tag.length);
    }
  }
}

/** The scanner finds each of them, from its quote to its quote. */
function isConfirmed(text: string, cuts: ReadonlySet<number>): boolean {
  const tokens = tokensOf(text);
  const strings = tokens.filter(
    ({ tokenName, start, end }) => tokenName === 'SCONST' && cuts.has(start) && end === start + filler.length,
  );
  return strings.length === cuts.size;
}

function tokensOf(text: string): readonly Token[] {
  try {
    return (scanSync(text) as { readonly tokens: readonly Token[] }).tokens;
  } catch {
    // What cannot be scanned confirms nothing.
    return [];
  }
}

interface Token {
  readonly start: number;
  readonly end: number;
  readonly tokenName: string;
}

const kinds: ReadonlySet<string> = new Set(['SelectStmt', 'InsertStmt', 'UpdateStmt', 'DeleteStmt']);

/** Every cut is a constant in a statement where no constant's contents say what it does. */
export function areConstants(statements: readonly unknown[], { cuts }: Abridged): boolean {
  const found = new Set<number>();
  const collect = (node: unknown): void => {
    if (Array.isArray(node)) return node.forEach(collect);
    if (!isFields(node)) return;
    const { kind, fields } = unwrap(node) ?? { kind: '', fields: node };
    const { location, sval } = fields;
    if (kind === 'A_Const' && isFields(sval) && typeof location === 'number') found.add(location);
    for (const value of Object.values(fields)) collect(value);
  };
  for (const statement of listOf(statements)) {
    const { stmt } = statement as { readonly stmt?: unknown };
    if (!kinds.has(unwrap(stmt)?.kind ?? '')) return false;
    collect(stmt);
  }
  return [...cuts].every((cut) => found.has(cut));
}
