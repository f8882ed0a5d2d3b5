import { refuse } from '@sallyport/kernel';
import type { Refusal } from '@sallyport/kernel';

/**
 * What a client may set before it is known who it is. Everything else is refused by name: a parameter that changes what a
 * statement means, or whose rights it has, is no client's to bring (`role`, `session_replication_role`, `replication` ...).
 */
const allowed: ReadonlyMap<string, { readonly name: string; readonly accepts: (value: string) => boolean }> = new Map(
  (
    [
      ['application_name', () => true],
      ['bytea_output', /^(?:hex|escape)$/i],
      ['client_encoding', /^'?(?:utf-?8|unicode)'?$/i],
      ['client_min_messages', /^[a-z0-9]{1,16}$/i],
      ['DateStyle', /^[a-z, ]{1,40}$/i],
      ['default_transaction_deferrable', /^[a-z01]{1,5}$/i],
      ['default_transaction_isolation', /^[a-z ]{1,24}$/i],
      ['default_transaction_read_only', /^[a-z01]{1,5}$/i],
      ['extra_float_digits', /^-?\d{1,2}$/],
      ['idle_in_transaction_session_timeout', /^\d{1,10} ?[a-z]{0,3}$/i],
      ['IntervalStyle', /^[a-z_0-9]{1,20}$/i],
      ['lock_timeout', /^\d{1,10} ?[a-z]{0,3}$/i],
      ['search_path', () => true],
      ['standard_conforming_strings', /^(?:on|true|1|yes)$/i],
      ['statement_timeout', /^\d{1,10} ?[a-z]{0,3}$/i],
      ['TimeZone', /^[\w+\-/:<>., ]{1,64}$/],
    ] as const
  ).map(([name, rule]) => [
    name.toLowerCase(),
    { name, accepts: typeof rule === 'function' ? rule : (value: string) => rule.test(value) },
  ]),
);

const longest = 1024;
const mostOptions = 64;

export type Accepted =
  | {
      readonly kind: 'accepted';
      readonly parameters: Readonly<Record<string, string>>;
      /** Milliseconds; for this gateway, and never forwarded. */
      readonly hold: number | undefined;
    }
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly state?: string };

export const acceptParameters = (given: ReadonlyMap<string, string>): Accepted => {
  const parameters: Record<string, string> = {};
  let hold: number | undefined;
  const options = given.get('options');
  const settings = options === undefined ? [] : readOptions(options);
  if (settings === undefined) return refusedParameter('options', 'only -c name=value is taken');
  // As the server does it: what is given by name beats what is given in `options`.
  for (const [name, value] of [...settings, ...given]) {
    if (name === 'options') continue;
    if (name === 'replication') {
      if (/^(?:false|off|no|0)$/i.test(value)) continue;
      return refusedParameter(name, 'replication does not go through this gateway');
    }
    if (name.toLowerCase() === holdParameter) {
      hold = readHold(value);
      if (hold === undefined)
        return refusedParameter(holdParameter, `it is a time such as 10s, at most ${longestHold / 60_000}min`);
      continue;
    }
    const known = allowed.get(name.toLowerCase());
    if (known === undefined) return refusedParameter(name, 'it is not one of those that a client may set at start-up');
    if (value.length > longest || !known.accepts(value))
      return refusedParameter(known.name, 'its value is not allowed');
    parameters[known.name] = known.name === 'client_encoding' ? 'UTF8' : value;
  }
  return { kind: 'accepted', parameters, hold };
};

/** How long a held command may wait. Written as the server's own times are, and always with its unit. */
const holdParameter = 'sallyport.hold';
const longestHold = 600_000;
const units: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['min', 60_000],
]);

const readHold = (value: string): number | undefined => {
  if (value.trim() === '0') return 0;
  const [, count, unit = ''] = /^ ?(\d{1,6}) ?(ms|s|min)$/.exec(value) ?? [];
  const hold = Number(count) * (units.get(unit) ?? NaN);
  return hold <= longestHold ? hold : undefined;
};

const refusedParameter = (name: string, why: string): Accepted => ({
  kind: 'refused',
  state: name === 'replication' ? '0A000' : '42501',
  refusal: refuse('denied', `start-up parameter "${printable(name)}" is refused: ${why}`),
});

/** What a stranger sent is shown short and without control characters. */
const printable = (text: string): string => text.slice(0, 63).replace(/[^\x20-\x7e]/g, '?');

/** `-c name=value`, `-cname=value` and `--name=value`, words split at blanks that no backslash protects. One pass. */
const readOptions = (text: string): [string, string][] | undefined => {
  if (text.length > longest * 4) return undefined;
  const words: string[] = [];
  let word = '';
  let inside = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charAt(index);
    if (character === ' ' || character === '\t' || character === '\n' || character === '\r') {
      if (inside) words.push(word);
      word = '';
      inside = false;
    } else {
      if (character === '\\') index += 1;
      word += text.charAt(index);
      inside = true;
    }
  }
  if (inside) words.push(word);
  if (words.length > mostOptions * 2) return undefined;
  const settings: [string, string][] = [];
  for (let index = 0; index < words.length; index += 1) {
    const next = words[index] ?? '';
    const setting =
      next === '-c' ? words[++index] : next.startsWith('-c') || next.startsWith('--') ? next.slice(2) : '';
    const equals = setting?.indexOf('=') ?? -1;
    if (setting === undefined || equals < 1) return undefined;
    settings.push([setting.slice(0, equals).replaceAll('-', '_'), setting.slice(equals + 1)]);
  }
  return settings;
};
