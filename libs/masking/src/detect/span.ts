import type { DigitRun } from './groups.js';

export const detectorClasses = [
  'card_number',
  'email',
  'phone',
  'iban',
  'national_id',
  'jwt',
  'cloud_key',
  'private_key',
  'ip_address',
] as const;
export type DetectorClass = (typeof detectorClasses)[number];

/** Where something was found, in UTF-16 units; `end` is exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly class: DetectorClass;
}

/** Looks through folded text (see fold.ts) in linear time and reports what it finds. `runs`: its digit runs, read once. */
export type Scanner = (folded: string, found: (span: Span) => void, runs: () => readonly DigitRun[]) => void;
