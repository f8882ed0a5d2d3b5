import { fieldsOf, isFields, listOf, unwrap } from './node.js';
import { callsIn } from './setting.js';

/** A text with its plain literals taken out. Two texts of one skeleton differ in those and in nothing else. */
export interface Skeleton {
  /** Every literal is a NUL and its kind: no text that is read holds a NUL. */
  readonly key: string;
  readonly literals: readonly Literal[];
}

export interface Literal {
  readonly kind: 'integer' | 'string';
  readonly text: string;
  /** Where it begins in the text, in UTF-8 bytes, as the grammar counts. */
  readonly at: number;
  /** A minus sign stands right before it: the grammar may have taken it in. */
  readonly signed: boolean;
}

/** Longer texts are rarely sent twice. */
const longest = 8 * 1024;
const mostLiterals = 200;

/**
 * Words, numbers, strings and quoted names; and what makes a text one of another kind: comments, dollar quotes, backslashes,
 * characters beyond ASCII outside of strings.
 */
const tokens =
  /'(?:[^'\\\0]|'')*'|"(?:[^"\\\0]|"")*"|[A-Za-z_][\w$]*|\$\d+(?![\w$])|\d[\w.$]*|--|\/\*|['"\\$\0]|[^\0-\x7f]/g;
/** Fits an int4 whatever its digits are, so the type of the constant is the same too. */
const integer = /^\d{1,9}$/;

/**
 * This only finds texts that may be the same statement. Which literals do not matter, the grammar's tree says
 * (`freeLiterals`); so what is misread here is a text that is read anew, never one that is taken for another.
 */
export function skeletonOf(text: string): Skeleton | undefined {
  if (text.length > longest) return undefined;
  const literals: Literal[] = [];
  let key = '';
  let from = 0;
  let beyond = 0;
  tokens.lastIndex = 0;
  for (let match = tokens.exec(text); match !== null; match = tokens.exec(text)) {
    const [token] = match;
    const first = token.charCodeAt(0);
    const isString = first === 0x27 && token.length > 1;
    if (isString || (first >= 0x30 && first <= 0x39)) {
      if (!isString && !integer.test(token)) continue;
      const kind = isString ? 'string' : 'integer';
      const { index } = match;
      literals.push({ kind, text: token, at: index + beyond, signed: text.charCodeAt(index - 1) === 0x2d });
      if (literals.length > mostLiterals) return undefined;
      key += `${text.slice(from, index)}\0${kind === 'string' ? 's' : 'i'}`;
      from = index + token.length;
      if (isString) beyond += bytesBeyond(token);
    } else if (isForeign(token, first)) return undefined;
  }
  return { key: key + text.slice(from), literals };
}

/** A comment begins, or a lone sign that begins what is not looked into here. */
const isForeign = (token: string, first: number): boolean =>
  first === 0x2d || first === 0x2f || (token.length === 1 && !/\w/.test(token));

/** How many bytes of UTF-8 a text has more than it has units. */
const bytesBeyond = (text: string): number => {
  let more = 0;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit >= 0x80) more += unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 1 : 2;
  }
  return more;
};

const free: ReadonlySet<string> = new Set(['SelectStmt', 'InsertStmt', 'UpdateStmt', 'DeleteStmt']);

/**
 * Which literals stand where their value changes nothing that facts tell: operands of operators, rows of VALUES, what a
 * column is SET to. Not those that say which column (ORDER BY 2), how many (LIMIT), or what a function does with it.
 * Empty for statements of other kinds.
 */
export function freeLiterals(statement: unknown, { literals }: Skeleton): ReadonlySet<number> {
  if (!free.has(unwrap(statement)?.kind ?? '')) return new Set();
  if (literals.length === 0) return new Set();
  const places = new Map<number, string>();
  collect(statement, places);
  const found = literals.flatMap(({ kind, at, signed }, index) =>
    places.get(at) === kind || (signed && kind === 'integer' && places.get(at - 1) === kind) ? [index] : [],
  );
  // An operand may say which setting is set.
  return found.length === 0 || callsIn(statement).length > 0 ? new Set() : new Set(found);
}

function collect(node: unknown, places: Map<number, string>): void {
  if (Array.isArray(node)) return node.forEach((item) => collect(item, places));
  if (!isFields(node)) return;
  const { kind, fields } = unwrap(node) ?? { kind: '', fields: node };
  if (kind === 'A_Expr') for (const side of ['lexpr', 'rexpr']) note(fields[side], places);
  if (kind === 'SelectStmt') for (const row of listOf(fields['valuesLists'])) note(row, places);
  if (kind === 'UpdateStmt')
    for (const target of listOf(fields['targetList'])) note(unwrap(target)?.fields['val'], places);
  for (const key in fields) collect(fields[key], places);
}

/** A constant, or a list of them. */
function note(node: unknown, places: Map<number, string>): void {
  const { kind, fields } = unwrap(node) ?? {};
  if (fields === undefined) return;
  if (kind === 'List') for (const item of listOf(fields['items'])) note(item, places);
  if (kind !== 'A_Const' || typeof fields['location'] !== 'number') return;
  if (fieldsOf(fields['ival']) !== undefined) places.set(fields['location'], 'integer');
  else if (fieldsOf(fields['sval']) !== undefined) places.set(fields['location'], 'string');
}
