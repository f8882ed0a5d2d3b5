import { long } from './value.js';
import type { TimeValue } from './value.js';

/** Literals of Cedar's `datetime` and `duration`, and what can be done with them. `undefined`: an error in Cedar. */

const day = 86_400_000n;

export const parseDatetime = (text: string): TimeValue | undefined => {
  const found = /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{3}))?(?:Z|([+-])(\d{2})(\d{2})))?$/.exec(
    text,
  );
  if (!found) return undefined;
  const [, year, month, date, hour = '0', minute = '0', second = '0', milli = '0', sign, offsetHour, offsetMinute] =
    found;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  if (Number(offsetHour ?? '0') > 23 || Number(offsetMinute ?? '0') > 59) return undefined;
  const days = daysFromEpoch(Number(year), Number(month), Number(date));
  if (days === undefined) return undefined;
  const clock = ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000 + Number(milli);
  const offset = (Number(offsetHour ?? '0') * 60 + Number(offsetMinute ?? '0')) * 60_000 * (sign === '-' ? -1 : 1);
  return { kind: 'datetime', ms: BigInt(days) * day + BigInt(clock - offset) };
};

const monthLengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const leap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;

const daysFromEpoch = (year: number, month: number, date: number): number | undefined => {
  const length = (monthLengths[month - 1] ?? 0) + (month === 2 && leap(year) ? 1 : 0);
  if (date < 1 || date > length) return undefined;
  // Days before a year, in the proleptic Gregorian calendar, counted from the year 0.
  const before = (y: number): number => 365 * y + Math.ceil(y / 4) - Math.ceil(y / 100) + Math.ceil(y / 400);
  const earlier = monthLengths.slice(0, month - 1).reduce((sum, days) => sum + days, 0);
  return before(year) - before(1970) + earlier + (month > 2 && leap(year) ? 1 : 0) + date - 1;
};

export const parseDuration = (text: string): TimeValue | undefined => {
  const found = /^(-?)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/.exec(text);
  if (!found || text.length > 200 || !/\d/.test(text)) return undefined;
  const [, sign, days = '0', hours = '0', minutes = '0', seconds = '0', millis = '0'] = found;
  const total =
    BigInt(days) * day +
    BigInt(hours) * 3_600_000n +
    BigInt(minutes) * 60_000n +
    BigInt(seconds) * 1000n +
    BigInt(millis);
  const ms = long(sign === '-' ? -total : total);
  return ms === undefined ? undefined : { kind: 'duration', ms };
};

const modulo = (ms: bigint): bigint => ((ms % day) + day) % day;

export const toTime = (at: TimeValue): TimeValue => ({ kind: 'duration', ms: modulo(at.ms) });

export const toDate = (at: TimeValue): TimeValue | undefined => {
  const ms = long(at.ms - modulo(at.ms));
  return ms === undefined ? undefined : { kind: 'datetime', ms };
};

export const offset = (at: TimeValue, by: TimeValue): TimeValue | undefined => {
  const ms = long(at.ms + by.ms);
  return ms === undefined ? undefined : { kind: 'datetime', ms };
};

export const durationSince = (at: TimeValue, since: TimeValue): TimeValue | undefined => {
  const ms = long(at.ms - since.ms);
  return ms === undefined ? undefined : { kind: 'duration', ms };
};

/** Milliseconds in one unit of each of Cedar's conversions of a duration; they truncate towards zero. */
export const conversions: ReadonlyMap<string, bigint> = new Map([
  ['toMilliseconds', 1n],
  ['toSeconds', 1000n],
  ['toMinutes', 60_000n],
  ['toHours', 3_600_000n],
  ['toDays', day],
]);
