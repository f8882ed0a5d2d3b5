import { decodeUtf8, encodeUtf8 } from '@sallyport/kernel';
import { scanSync } from 'libpg-query';

const word = /password/i;
const marker = '[password]';

/**
 * The text as evidence and people may see it: without the literal behind PASSWORD (roles, user mappings) and without the password
 * of a connection string. By the real scanner's tokens, so that nothing but a literal can be hidden. `undefined`: it cannot be told
 * where they are.
 */
export function withoutPasswords(text: string): string | undefined {
  if (!word.test(text)) return text;
  const tokens = text.length > longest ? undefined : tokensOf(text);
  if (tokens === undefined) return undefined;
  const bytes = encodeUtf8(text);
  const slice = (start: number, end: number): string => decodeUtf8(bytes.subarray(start, end)) ?? '';
  let shown = '';
  let from = 0;
  let before = '';
  for (const { start, end, tokenName } of tokens) {
    if (comments.has(tokenName)) continue;
    const own = slice(start, end);
    if (tokenName === 'SCONST' || escaped.test(own)) {
      const kept = isPassword.test(before) ? `'${marker}'` : own.replace(inConnection, `$1${marker}`);
      shown += slice(from, start) + kept;
      from = end;
    }
    before = own;
  }
  return shown + slice(from, bytes.length);
}

/** What stands before the first word of a password: of a text that nobody could read, that is what is kept. */
export const upToPassword = (text: string): string => {
  const first = text.search(word);
  return first < 0 ? text : `${text.slice(0, first + 'password'.length)} ${marker}`;
};

/** To scan more costs more than it is worth. */
const longest = 256 * 1024;
const comments: ReadonlySet<string> = new Set(['C_COMMENT', 'SQL_COMMENT']);
/** The scanner has no name for these. */
const escaped = /^u&'/i;
const isPassword = /^"?password"?$/i;
/** A quote in a value of a connection string is doubled in the literal around it. */
const inConnection = /(password\s*=\s*)(?:''[^']*''|[^\s'"]+)/gi;

interface Token {
  readonly start: number;
  readonly end: number;
  readonly tokenName: string;
}

/** Places are in bytes. */
function tokensOf(text: string): readonly Token[] | undefined {
  try {
    return (scanSync(text) as { readonly tokens: readonly Token[] }).tokens;
  } catch {
    return undefined;
  }
}
