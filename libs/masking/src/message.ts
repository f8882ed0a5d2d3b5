import type { TargetMessage } from '@sallyport/kernel';
import { conditionText, isOwnCode } from './condition.js';
import type { Detectors } from './detect/detectors.js';
import { redacted } from './format.js';

export interface MessageRules {
  readonly detectors?: Detectors | undefined;
  readonly strict: boolean;
  readonly text?: string | undefined;
}

/**
 * Field codes of ErrorResponse and NoticeResponse. A notification has `channel` and `payload`, a setting `name` and `value`.
 * https://www.postgresql.org/docs/18/protocol-error-fields.html
 */
const field = {
  code: 'C',
  message: 'M',
  hint: 'H',
  context: 'W',
  file: 'F',
  routine: 'R',
  position: 'P',
  severity: 'V',
} as const;
/** Numbers, severities and places in the server's own source: no values. */
const harmless = new Set(['S', 'V', 'C', 'P', 'L', 'F', 'R']);
const names = new Set(['s', 't', 'c', 'd', 'n']);

/** Conditions whose texts are fixed, or quote only what the client itself wrote. */
const echoing = new Set('00 01 02 03 08 0A 24 25 26 28 34 3B 3D 3F 40 42 53 54 55 57 58'.split(' '));

/** Of these, the classes whose texts are about a name, which need not be quoted (`operator does not exist: ...`). */
const naming = new Set('26 28 34 3D 3F 42'.split(' '));

/** Fields to show instead; the same map when nothing is hidden. */
export const scrubMessage = (message: TargetMessage, rules: MessageRules): ReadonlyMap<string, string> => {
  if (message.kind === 'notification') return scrubNotification(message, rules);
  if (message.kind === 'setting') return scrubSetting(message, rules);
  const shown = new Map<string, string>();
  const raised = isRaised(message.fields);
  const echo = isEcho(message, rules.text, raised);
  for (const [code, text] of message.fields) {
    if (code === field.code && rules.strict && raised && !isOwnCode(text)) shown.set(code, madeUp(message));
    else if (harmless.has(code)) shown.set(code, text);
    else if (!rules.strict || (echo && (code === field.message || code === field.hint)))
      shown.set(code, scrubbed(text, rules));
    else if (code === field.message) shown.set(code, conditionText(shown.get(field.code) ?? message.code));
    // RAISE may put anything there.
    else if (names.has(code) && !raised) shown.set(code, scrubbed(text, rules));
  }
  return same(message.fields, shown) ? message.fields : shown;
};

/** What RAISE itself takes where no code is given. */
const madeUp = ({ kind }: TargetMessage): string => (kind === 'error' ? 'P0001' : '01000');

/** Settings whose values are the server's own words. */
const worded: ReadonlyMap<string, RegExp> = new Map([
  [
    'client_encoding',
    /^(?:UTF-?8|SQL_ASCII|LATIN\d{1,2}|WIN\d{3,4}|KOI8[RU]|ISO_8859_\d|EUC_[A-Z_]{2,8}|SJIS|BIG5|GBK|UHC|GB18030|JOHAB|MULE_INTERNAL|SHIFT_JIS_2004)$/,
  ],
  ['datestyle', /^(?:ISO|Postgres|SQL|German), (?:DMY|MDY|YMD)$/],
  ['default_transaction_read_only', /^(?:on|off)$/],
  ['in_hot_standby', /^(?:on|off)$/],
  ['integer_datetimes', /^(?:on|off)$/],
  ['intervalstyle', /^(?:postgres|postgres_verbose|sql_standard|iso_8601)$/],
  ['is_superuser', /^(?:on|off)$/],
  ['scram_iterations', /^\d{1,10}$/],
  ['server_encoding', /^[A-Z0-9_]{3,16}$/],
  ['server_version', /^\d[\w.+~() -]{0,63}$/],
  ['standard_conforming_strings', /^(?:on|off)$/],
]);

/** set_config() puts any value into a setting, and the server reports some of them. */
const scrubSetting = ({ fields }: TargetMessage, rules: MessageRules): ReadonlyMap<string, string> => {
  const name = fields.get('name') ?? '';
  const value = fields.get('value') ?? '';
  const own = rules.text !== undefined && readsNoRows.test(rules.text) && rules.text.includes(value);
  const safe = !rules.strict || value === '' || own || worded.get(name.toLowerCase())?.test(value) === true;
  const shown = safe ? scrubbed(value, rules) : redacted;
  return shown === value ? fields : new Map(fields).set('value', shown);
};

/** All that a client needs to know that it was notified. Whatever else comes is payload. */
const notificationNames = new Set(['channel', 'process']);

const scrubNotification = ({ fields }: TargetMessage, rules: MessageRules): ReadonlyMap<string, string> => {
  const shown = new Map<string, string>();
  for (const [name, text] of fields) {
    if (rules.strict && !notificationNames.has(name)) shown.set(name, text === '' ? text : redacted);
    else shown.set(name, scrubbed(text, rules));
  }
  return same(fields, shown) ? fields : shown;
};

/** Written by a function's author, not by the server: RAISE takes any SQLSTATE and any text, in every field. */
const isRaised = (fields: ReadonlyMap<string, string>): boolean =>
  fields.has(field.context) ||
  fields.get(field.routine) === 'exec_stmt_raise' ||
  /^(?:pl_|plpy|plperl|pltcl|plv8)/.test(fields.get(field.file) ?? '');

/**
 * The message holds nothing that the client did not write. Class 42 and its like also arise while rows are read
 * (`card::regclass` fails with `relation "4242..." does not exist`), so what is quoted must be in the command's own text,
 * unless the parser itself points at it.
 */
const isEcho = ({ code, fields }: TargetMessage, text: string | undefined, raised: boolean): boolean => {
  // Server logs that the client asked to see (client_min_messages) print plans and parameters.
  if (/^(?:LOG|DEBUG)/.test(fields.get(field.severity) ?? '')) return false;
  if (raised || !echoing.has(code.slice(0, 2))) return false;
  const message = fields.get(field.message) ?? '';
  if (fields.has(field.position)) return true;
  if (!hasQuotes(message)) return code === '42501' || !naming.has(code.slice(0, 2));
  if (text === undefined || !readsNoRows.test(text)) return false;
  const own = text.toLowerCase();
  const quoted = [...message.matchAll(/"([^"]*)"/g)].map((match) => match[1]?.toLowerCase() ?? '');
  const rest = message.replaceAll(/"[^"]*"/g, '');
  return !hasQuotes(rest) && quoted.every((part) => own.includes(part));
};

/**
 * One command that evaluates nothing over rows. With rows, a list of guesses in a comment would make an oracle of the error:
 * the guess that comes back quoted is the value. Only ever narrows; what it does not know keeps no text.
 */
const readsNoRows =
  /^\s*(?:drop|truncate|set|reset|show|grant|revoke|comment|lock|close|deallocate|discard|savepoint|release|rollback|listen|unlisten)\s[^;]*;?\s*$/i;

const hasQuotes = (text: string): boolean => /["'«»‹›„“”‚‘’「」『』]/.test(text);

const scrubbed = (text: string, { detectors }: MessageRules): string => detectors?.scrubText(text) ?? text;

const same = (left: ReadonlyMap<string, string>, right: ReadonlyMap<string, string>): boolean =>
  left.size === right.size && [...left].every(([name, text]) => right.get(name) === text);
