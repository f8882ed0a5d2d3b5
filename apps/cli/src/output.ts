import { escapeForTerminal, review } from '@sallyport/audit';
import type { Failure, FailureCode } from './failure.js';

/**
 * The one mouth of every command. What it says is made inert first: a statement, a name or an error that came over the
 * wire can neither move a cursor nor pass for a line of ours.
 */
export interface Output {
  /** One JSON document for programs is asked for, instead of text for people. */
  readonly json: boolean;
  line(text: string): void;
  /**
   * Several lines of somebody else's, each behind an indent. Escapes that its text came with stay as they are; long blank
   * stretches are told instead of shown, so that nothing is pushed out of sight.
   */
  block(text: string): void;
  table(head: readonly string[], rows: readonly (readonly string[])[]): void;
  /** Beside the answer, on standard error. */
  note(text: string): void;
  /** The answer: as JSON, or as `render` shows it. */
  value(value: unknown, render: () => void): void;
  /** A document that a program reads back, such as YAML; the caller has made it inert. */
  document(text: string): void;
  failure(failure: Failure): void;
}

export interface Streams {
  readonly out: { write(text: string): unknown };
  readonly err: { write(text: string): unknown };
}

/** Codes whose page knows no more than the message. */
const saysItself: ReadonlySet<string> = new Set<FailureCode>(['failed', 'usage', 'bug', 'not_yet', 'interrupted']);

export function createOutput(wantsJson: () => boolean, { out, err }: Streams): Output {
  const line = (text: string): void => void out.write(`${escapeForTerminal(text)}\n`);
  const note = (text: string): void => void err.write(`${escapeForTerminal(text)}\n`);
  return {
    get json() {
      return wantsJson();
    },
    line,
    note,
    block: (text) => {
      const told = review(text)
        .text.replaceAll('\t', '    ')
        .replace(/[ \n]{200,}(?=[^ \n])/g, toldBlanks);
      for (const each of told.split('\n')) out.write(`  ${each}\n`);
    },
    table: (head, rows) => {
      for (const each of tableLines(head, rows)) out.write(`${each}\n`);
    },
    value: (value, render) => {
      if (wantsJson()) out.write(`${inertJson(value)}\n`);
      else render();
    },
    document: (text) => void out.write(text),
    failure: ({ message, details, hint, code, exitCode }) => {
      if (wantsJson()) {
        const error = { message, ...(details.length > 0 ? { details } : {}), hint, code, exitCode };
        return void err.write(`${inertJson({ error })}\n`);
      }
      note(`sally: ${message}`);
      for (const detail of details) note(`  ${detail}`);
      if (hint !== undefined) note(`  ${hint}`);
      if (!saysItself.has(code) && /^[a-z_]{1,40}$/.test(code)) note(`  more: sally explain ${code}`);
    },
  };
}

const toldBlanks = (stretch: string): string => `\n(${stretch.length} blanks; more behind them)\n`;

/** Columns as wide as their widest cell, every cell inert. */
export function tableLines(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const names = head.map((name) => escapeForTerminal(name.toUpperCase()));
  const cells = rows.map((row) => row.map((cell) => escapeForTerminal(cell)));
  const widths = names.map((name, at) => Math.max(name.length, ...cells.map((row) => (row[at] ?? '').length)));
  const render = (row: readonly string[]): string =>
    row
      .map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at] ?? 0)))
      .join('  ')
      .trimEnd();
  return [render(names), ...cells.map(render)];
}

/** What a terminal might obey, or a reader might not see. */
export const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}\u034f\u115f\u1160\u3164\uffa0\u180b-\u180f]/gu;

/** The same JSON: what `unsafe` finds stands as \u escapes. Line feeds left here are between the values. */
export const inertJson = (value: unknown): string =>
  JSON.stringify(value, undefined, 2).replace(unsafe, (sign) =>
    sign === '\n' ? sign : Array.from({ length: sign.length }, (_, at) => `\\u${hex(sign.charCodeAt(at), 4)}`).join(''),
  );

export const hex = (number: number, digits: number): string => number.toString(16).padStart(digits, '0');

/** One line of at most `width` characters. */
export function shorten(text: string, width: number): string {
  const flat = text.replace(/\s+/g, ' ').trim();
  return flat.length <= width ? flat : `${flat.slice(0, width - 1)}…`;
}
