import { encodeUtf8 } from '@sallyport/kernel';
import { scanIbans } from './account.js';
import { scanAddresses, scanEmails } from './address.js';
import { scanCards } from './card.js';
import { fold } from './fold.js';
import { digitRuns } from './groups.js';
import type { DigitRun } from './groups.js';
import { scanNationalIds } from './national.js';
import { scanPhones } from './phone.js';
import { suspicious } from './prefilter.js';
import { scanPrivateKeys, scanSecrets } from './secret.js';
import { detectorClasses } from './span.js';
import type { DetectorClass, Scanner, Span } from './span.js';

/** The net under provenance and lineage. It catches; that it caught nothing clears nothing. */
export interface Detectors {
  /** They look for IP addresses too. */
  readonly addresses: boolean;
  /** What was found: sorted, without overlaps. */
  detect(text: string): readonly Span[];
  /** The text with every find replaced by `[class]`; the very same string where there is none. */
  scrubText(text: string): string;
}

const scanners: readonly { readonly finds: readonly DetectorClass[]; readonly scan: Scanner }[] = [
  { finds: ['private_key'], scan: scanPrivateKeys },
  { finds: ['jwt', 'cloud_key'], scan: scanSecrets },
  { finds: ['email'], scan: scanEmails },
  { finds: ['iban'], scan: scanIbans },
  { finds: ['card_number'], scan: scanCards },
  { finds: ['phone'], scan: scanPhones },
  { finds: ['national_id'], scan: scanNationalIds },
  { finds: ['ip_address'], scan: scanAddresses },
];

/** Everything but `ip_address`, which breaks ordinary applications. */
export const defaultDetectorClasses: readonly DetectorClass[] = detectorClasses.filter((name) => name !== 'ip_address');

export const createDetectors = (classes: readonly DetectorClass[] = defaultDetectorClasses): Detectors => {
  const wanted = new Set(classes);
  const active = scanners.filter(({ finds }) => finds.some((name) => wanted.has(name)));
  const detect = (text: string): readonly Span[] => {
    const folded = fold(text);
    const spans: Span[] = [];
    let read: readonly DigitRun[] | undefined;
    const runs = () => (read ??= digitRuns(folded));
    for (const { scan } of active)
      scan(folded, (span) => wanted.has(span.class) && spans.push(onSignBoundary(text, span)), runs);
    return spans.length < 2 ? spans : merge(spans);
  };
  const addresses = wanted.has('ip_address');
  return {
    addresses,
    detect,
    scrubText(text) {
      // Most texts are plain, and one look tells.
      if (isAscii.test(text) && !suspicious(encodeUtf8(text), addresses)) return text;
      const spans = detect(text);
      return spans.length === 0 ? text : replaceSpans(text, spans);
    },
  };
};

const isAscii = /^[\0-\x7f]*$/;

/** A sign outside the basic plane is never cut in two. */
const onSignBoundary = (text: string, span: Span): Span => {
  const isLow = (text.charCodeAt(span.start) & 0xfc00) === 0xdc00;
  return isLow && (text.charCodeAt(span.start - 1) & 0xfc00) === 0xd800 ? { ...span, start: span.start - 1 } : span;
};

export const marker = (span: Span): string => `[${span.class}]`;

export const replaceSpans = (text: string, spans: readonly Span[]): string => {
  let result = '';
  let from = 0;
  for (const span of spans) {
    result += text.slice(from, span.start) + marker(span);
    from = span.end;
  }
  return result + text.slice(from);
};

/** Overlapping finds become one, named after the one that starts first (the longer one if both do). */
const merge = (spans: readonly Span[]): readonly Span[] => {
  const sorted = spans.toSorted((left, right) => left.start - right.start || right.end - left.end);
  const merged: Span[] = [];
  for (const span of sorted) {
    const last = merged.at(-1);
    if (last !== undefined && span.start < last.end) {
      merged[merged.length - 1] = { ...last, end: Math.max(last.end, span.end) };
    } else merged.push(span);
  }
  return merged;
};
