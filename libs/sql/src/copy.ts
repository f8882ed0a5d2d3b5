import { encodeUtf8 } from '@sallyport/kernel';
import type { CopyOptions } from '@sallyport/kernel';
import { listOf, textOf, unwrap } from './node.js';
import type { Fields } from './node.js';

export interface CopyFormat {
  readonly format: 'text' | 'csv' | 'binary';
  /** `undefined`: an option is not followed, so nothing can be masked there. */
  readonly options: CopyOptions | undefined;
  /** Options that change what is read or written in a way that is not modelled. */
  readonly unknown: string | undefined;
  /** Rows that cannot be read are left out. */
  readonly skips: boolean;
}

/** The options of a COPY, with PostgreSQL's own defaults (reference of COPY, "Parameters"). */
export function readCopyOptions(fields: Fields): CopyFormat {
  const given = new Map<string, unknown>();
  for (const option of listOf(fields['options'])) {
    const element = unwrap(option)?.fields ?? {};
    given.set(textOf(element['defname']) ?? '', element['arg']);
  }
  const text = (name: string): string | undefined => textOf(unwrap(given.get(name))?.fields['sval']);
  const flag = (name: string): boolean => {
    if (!given.has(name)) return false;
    const arg = unwrap(given.get(name));
    if (arg === undefined) return true;
    if (arg.kind === 'Boolean') return arg.fields['boolval'] === true;
    if (arg.kind === 'Integer') return arg.fields['ival'] === 1;
    return !/^(false|off|no|0)$/i.test(textOf(arg.fields['sval']) ?? '');
  };
  const format = text('format') ?? 'text';
  const skips = given.has('on_error') && text('on_error')?.toLowerCase() !== 'stop';
  const base = { unknown: undefined, skips };
  if (format !== 'text' && format !== 'csv' && format !== 'binary')
    return { format: 'text', options: undefined, unknown: `COPY format ${format}`, skips };
  const encoding = text('encoding');
  if (encoding !== undefined && !/^utf-?8$/i.test(encoding))
    return { format, options: undefined, unknown: 'COPY in another encoding', skips };
  const known = new Set([
    'format',
    'header',
    'delimiter',
    'null',
    'quote',
    'escape',
    'encoding',
    'force_quote',
    'freeze',
    'force_not_null',
    'force_null',
    'default',
    'on_error',
    'log_verbosity',
    'reject_limit',
  ]);
  const strange = [...given.keys()].find((name) => !known.has(name));
  if (strange !== undefined) return { format, options: undefined, unknown: `COPY option ${strange}`, skips };
  const csv = format === 'csv';
  const byte = (value: string): number | undefined =>
    value.length === 1 && value.charCodeAt(0) < 128 ? value.charCodeAt(0) : undefined;
  const delimiter = byte(text('delimiter') ?? (csv ? ',' : '\t'));
  const quote = byte(text('quote') ?? '"');
  const escape = byte(text('escape') ?? text('quote') ?? '"');
  // The server refuses these itself; nothing is to be guessed until it has.
  if (delimiter === undefined || quote === undefined || escape === undefined)
    return { ...base, format, options: undefined };
  return {
    ...base,
    format,
    options: {
      format,
      header: flag('header'),
      delimiter,
      null: encodeUtf8(text('null') ?? (csv ? '' : '\\N')),
      ...(csv ? { quote, escape } : {}),
    },
  };
}
