import { Failure } from '../failure.js';

/** One hop or one thing that a hop needs, as it was found. */
export interface Check {
  readonly name: string;
  readonly state: 'ok' | 'broken' | 'not checked';
  /** What was seen; of a check that was not made, why not. */
  readonly says: string;
  /** What to do about it. */
  readonly next?: string;
  /** Of docs/errors.md, where it has an entry. */
  readonly code?: string;
}

export const ok = (name: string, says: string): Check => ({ name, state: 'ok', says });
export const notChecked = (name: string, says: string): Check => ({ name, state: 'not checked', says });
export const broken = (name: string, says: string, next: string, code?: string): Check => ({
  name,
  state: 'broken',
  says,
  next,
  ...(code === undefined ? {} : { code }),
});

/** A failure of ours is a finding here. */
export function brokenBy(name: string, error: unknown): Check {
  if (!(error instanceof Failure)) throw error;
  return broken(name, error.message, error.hint ?? `see \`sally explain ${error.code}\``, error.code);
}

/** `2 h`, `3 days`: for people, rounded down. */
export function duration(milliseconds: number): string {
  const units = [
    ['days', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1_000],
  ] as const;
  const size = Math.abs(milliseconds);
  const [unit, length] = units.find(([, each]) => size >= each * 2) ?? ['s', 1_000];
  return `${Math.floor(size / length)} ${unit}`;
}

export const moment = (milliseconds: number): string => new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z');

/** `agrees with`, `is 3 min ahead of`, `is 2 h behind`: one clock beside another. */
export function apart(ahead: number): string {
  if (Math.abs(ahead) < 2_000) return 'agrees with';
  return ahead > 0 ? `is ${duration(ahead)} ahead of` : `is ${duration(ahead)} behind`;
}
