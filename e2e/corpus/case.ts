import { readBound } from './bound.js';
import type { Bound } from './bound.js';

/** Who sends a statement; each is a connection of that name with policies of its own (scene.ts). */
export const callers = ['reader', 'writer', 'lenient', 'curious', 'held'] as const;
export type Caller = (typeof callers)[number];

export const forms = ['simple', 'text', 'binary', 'copy', 'cursor', 'slices'] as const;
export type Form = (typeof forms)[number];

export type Expected =
  | { readonly verdict: 'allow' }
  | { readonly verdict: 'deny'; readonly code: string }
  | { readonly verdict: 'hold' }
  /** It reaches the target, and does not end as it would there. */
  | { readonly verdict: 'fail'; readonly code: string };

/** A statement, and what must become of it. */
export interface Case {
  /** As it stands in the file. */
  readonly sql: string;
  /** As it goes over the wire. */
  readonly text: Buffer;
  readonly line: number;
  readonly expected: ReadonlyMap<Caller, Expected>;
  readonly forms: readonly Form[];
  /** Names or places (from 1) of the outputs that are masked; every other one is as the target says it. */
  readonly masked: readonly string[];
  /** Rows as the reader must see them, cells parted by ` | `. */
  readonly rows: readonly string[];
  /** Statements before it in the same session. */
  readonly first: readonly string[];
  /** Parameters, in the extended protocol alone. */
  readonly bound: readonly Bound[];
  /** Statements after Parse and before Bind. */
  readonly between: readonly string[];
  /** Not in a transaction block. */
  readonly bare: boolean;
  /** Its answer is never the same twice: only the verdict counts, and that there is no canary. */
  readonly varies: boolean;
}

const isCaller = (word: string): word is Caller => callers.some((caller) => caller === word);
const isForm = (word: string): word is Form => forms.some((form) => form === word);

/**
 * Cases of a file, parted by empty lines: comments that say what must happen, then the statement up to the next empty line.
 *
 *     -- Anything else that explains it, or nothing.
 *     -- reader: deny 42501
 *     -- writer: allow
 *     delete from orders
 */
export function readCases(text: string, assumed: ReadonlyMap<Caller, Expected> = new Map()): readonly Case[] {
  const cases: Case[] = [];
  let block: string[] = [];
  text.split('\n').forEach((line, at, lines) => {
    if (line !== '') block.push(line);
    if (block.length === 0 || (line !== '' && at < lines.length - 1)) return;
    const read = readCase(block, at + 1 - block.length, assumed);
    if (read !== undefined) cases.push(read);
    block = [];
  });
  return cases;
}

const annotation = /^-- (reader|writer|lenient|curious|held|forms|masked|row|first|bind|between|bare|varies|escaped)(?:: (.*))?$/;

function readCase(
  lines: readonly string[],
  line: number,
  assumed: ReadonlyMap<Caller, Expected>,
): Case | undefined {
  const said: (readonly [string, string])[] = [];
  let from = 0;
  for (; from < lines.length && lines[from]?.startsWith('--'); from += 1) {
    const [, key, value = ''] = annotation.exec(lines[from] ?? '') ?? [];
    if (key !== undefined) said.push([key, value]);
    // Once it is said what must happen, what follows is the statement, with the comments that it has.
    else if (said.length > 0) break;
  }
  if (from === lines.length && said.length === 0) return undefined;
  const fail = (why: string): never => {
    throw new Error(`line ${line}: ${why}`);
  };
  const of = (key: string): readonly string[] => said.filter(([name]) => name === key).map(([, value]) => value);
  const listed = (key: string): readonly string[] => of(key).flatMap((value) => value.split(/,\s*/));
  const sql = lines.slice(from).join('\n');
  if (sql.trim() === '') fail('there is no statement');
  const stated = new Map(
    said.flatMap(([key, value]) => (isCaller(key) ? [[key, readExpected(value) ?? fail(`"${value}" is no verdict`)] as const] : [])),
  );
  const expected = stated.size > 0 ? stated : assumed;
  if (expected.size === 0) fail('nobody sends it');
  const bound = of('bind').map((said) => readBound(said) ?? fail(`"${said}" is no parameter`));
  const chosen = listed('forms').map((word) => (isForm(word) ? word : fail(`"${word}" is no form`)));
  return {
    sql,
    text: of('escaped').length > 0 ? unescape(sql) : Buffer.from(sql),
    line,
    expected,
    forms: chosen.length > 0 ? chosen : bound.length > 0 ? ['text', 'binary'] : formsOf(sql),
    masked: listed('masked'),
    rows: of('row'),
    first: of('first'),
    bound,
    between: of('between'),
    bare: of('bare').length > 0,
    varies: of('varies').length > 0,
  };
}

const readExpected = (text: string): Expected | undefined => {
  const [, verdict, code] = /^(allow|deny|hold|fail)(?: (\w{5}))?$/.exec(text) ?? [];
  if (verdict === 'deny' || verdict === 'fail') return code === undefined ? undefined : { verdict, code };
  return verdict === 'allow' || verdict === 'hold' ? { verdict } : undefined;
};

/** Where it is a query, as COPY and as a cursor too. */
const formsOf = (sql: string): readonly Form[] => {
  const bare = sql.replace(/^(\s|--.*\n|\/\*.*?\*\/)+/, '');
  if (/^(select|with|values|table|\()/i.test(bare)) return ['simple', 'text', 'binary', 'copy', 'cursor'];
  if (/^(insert|update|delete|merge)\b.*\breturning\b/is.test(bare)) return ['simple', 'text', 'binary', 'copy'];
  return ['simple', 'text', 'binary'];
};

/** `\u{a0}` and `\x{c3}`: characters that no editor shows, and bytes that are none. */
const unescape = (text: string): Buffer =>
  Buffer.concat(
    text.split(/(\\[ux]\{[\da-f]+\})/).map((piece, at) => {
      if (at % 2 === 0) return Buffer.from(piece);
      const code = Number.parseInt(piece.slice(3, -1), 16);
      return piece[1] === 'x' ? Buffer.from([code]) : Buffer.from(String.fromCodePoint(code));
    }),
  );
