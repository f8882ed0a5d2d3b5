import type { Catalog } from '@sallyport/kernel';
import type { TagView } from './connection.js';

/** What detectors of an agent said of a column. */
export interface Finding {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
  readonly class: string;
  readonly share: number;
  readonly sampled: number;
}

export interface Suggestion {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
  readonly class: string;
  /** `name`: the column is called like it; `values`: detectors found it in sampled values. */
  readonly reasons: readonly ('name' | 'values')[];
  readonly share: number | null;
  readonly sampled: number | null;
}

/** Words of a column's name, and the class that they speak for. A word is whole: `tel` is not in `hotel`. */
const words: readonly (readonly [string, RegExp])[] = [
  ['card_number', /^(card|cc|credit card|debit card)( no| nr| num| number)$|\b(pan|card number|cardnumber|ccnum)$/],
  ['email', /\b(e ?mail|mail address)\b/],
  ['phone', /\b(phone|telephone|mobile|cell|tel|fax|msisdn)\b(?! (type|kind|verified|count)\b)/],
  ['iban', /\b(iban|bank account|account number|bic)\b/],
  ['national_id', /\b(ssn|social security|national id|tax id|tin|nino|passport|personal id|driving licen[cs]e)\b/],
  ['password', /\b(passwords?|passwd|pwd|passphrase|secret|pin code|otp)\b/],
  ['cloud_key', /\b(api key|apikey|access key|secret key|client secret)\b/],
  ['jwt', /\b(jwt|access token|refresh token|id token|session token|auth token|bearer)\b/],
  ['private_key', /\bprivate key\b/],
  ['ip_address', /\b(ip|ip address|ip addr|remote addr|client ip)\b/],
  ['birth_date', /\b(birth ?date|date of birth|dob|birthday)\b/],
  ['person_name', /\b(first name|last name|surname|given name|family name|full name|maiden name)\b/],
  ['address', /\b(street|street address|postal code|post ?code|zip code|home address)\b/],
];

/** `cardNumber`, `CARD_NUMBER` and `card-number` are `card number`. */
const spoken = (name: string): string =>
  name
    .slice(0, 255)
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/[^A-Za-z\d]+/g, ' ')
    .trim()
    .toLowerCase();

export const classesOfName = (column: string): readonly string[] => {
  const name = spoken(column);
  return words.flatMap(([name_, pattern]) => (pattern.test(name) ? [name_] : []));
};

const stored: ReadonlySet<string> = new Set(['table', 'partitioned', 'materialized', 'foreign']);

/**
 * Tags that a person may want. Only where values are kept: views are masked by what they show, partitions by what they are a
 * part of. What is tagged so already is not suggested.
 */
export function suggest(
  catalog: Catalog,
  tags: readonly TagView[],
  findings: readonly Finding[],
): readonly Suggestion[] {
  const keyOf = (...parts: readonly string[]): string => parts.join('\0');
  const tagged = new Set(
    tags.flatMap(({ schema, table, column, classes }) => classes.map((each) => keyOf(schema, table, column, each))),
  );
  const found = new Map<string, Suggestion>();
  const columns = new Set<string>();
  for (const { kind, schema, name: table, columns: all, parents = [] } of catalog.relations) {
    if (!stored.has(kind) || parents.length > 0) continue;
    for (const { name: column } of all) {
      columns.add(keyOf(schema, table, column));
      for (const each of classesOfName(column))
        found.set(keyOf(schema, table, column, each), {
          ...{ schema, table, column, class: each },
          ...{ reasons: ['name'], share: null, sampled: null },
        });
    }
  }
  for (const { schema, table, column, class: each, share, sampled } of findings) {
    // It may be gone since.
    if (!columns.has(keyOf(schema, table, column))) continue;
    const key = keyOf(schema, table, column, each);
    const reasons = [...(found.get(key)?.reasons ?? []), 'values' as const];
    found.set(key, { schema, table, column, class: each, reasons, share, sampled });
  }
  return [...found].flatMap(([key, suggestion]) => (tagged.has(key) ? [] : [suggestion]));
}
