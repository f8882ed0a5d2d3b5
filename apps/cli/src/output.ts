import { escapeForTerminal } from '@sallyport/audit';

/** Where commands write; `json` asks for one JSON document instead of text for people. */
export interface Output {
  readonly json: boolean;
  line(text: string): void;
  note(text: string): void;
  value(value: unknown, render: () => void): void;
}

export function createOutput(
  json: boolean,
  streams: { readonly out: { write(text: string): unknown }; readonly err: { write(text: string): unknown } },
): Output {
  const line = (text: string): void => void streams.out.write(`${text}\n`);
  return {
    json,
    line,
    note: (text) => void streams.err.write(`${text}\n`),
    value: (value, render) => {
      if (json) line(JSON.stringify(value, undefined, 2));
      else render();
    },
  };
}

/** Columns as wide as their widest cell. What came over the wire is made inert for a terminal. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const cells = rows.map((row) => row.map((cell) => escapeForTerminal(cell)));
  const widths = head.map((name, at) => Math.max(name.length, ...cells.map((row) => (row[at] ?? '').length)));
  const render = (row: readonly string[]): string =>
    row
      .map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at] ?? 0)))
      .join('  ')
      .trimEnd();
  return [render(head.map((name) => name.toUpperCase())), ...cells.map(render)];
}

/** One line of at most `width` characters. */
export function shorten(text: string, width: number): string {
  const flat = text.replace(/\s+/g, ' ').trim();
  return flat.length <= width ? flat : `${flat.slice(0, width - 1)}…`;
}
