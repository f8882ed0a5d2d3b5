import type { TriedTable } from '@sallyport/kernel';
import { lenientText } from '../message/backend.js';
import type { OwnAnswer } from './own.js';

/** What the answers to our own questions say. A target that says something else is read as saying nothing. */

export type Counts = ReadonlyMap<string, TriedTable>;

const textsOf = (answer: OwnAnswer | undefined): readonly (readonly string[])[] =>
  (answer?.rows ?? []).map((row) => row.map((cell) => (cell === null ? '' : lenientText(cell))));

const numberOf = (text: string | undefined): number => (/^\d{1,15}$/.test(text ?? '') ? Number(text) : 0);

/** Transaction numbers, and nothing that could be read as more. */
export const transactionsOf = (answer: OwnAnswer | undefined): readonly string[] =>
  textsOf(answer).flatMap(([text = '']) => (/^\d{1,10}$/.test(text) ? [text] : []));

export const settingsOf = (answer: OwnAnswer | undefined): ReadonlyMap<string, number> =>
  new Map(textsOf(answer).map(([name = '', value]) => [name, value === 'on' ? 1 : numberOf(value)]));

export const countsOf = (answer: OwnAnswer | undefined): Counts =>
  new Map(
    textsOf(answer).map(([schema = '', name = '', inserted, updated, deleted]) => [
      `${schema}\u0000${name}`,
      { schema, name, inserted: numberOf(inserted), updated: numberOf(updated), deleted: numberOf(deleted) },
    ]),
  );

/** What came in between, table by table. */
export const changedBetween = (before: Counts, after: Counts): readonly TriedTable[] =>
  [...after].flatMap(([key, now]) => {
    const then = before.get(key);
    const since = {
      ...now,
      inserted: now.inserted - (then?.inserted ?? 0),
      updated: now.updated - (then?.updated ?? 0),
      deleted: now.deleted - (then?.deleted ?? 0),
    };
    return since.inserted > 0 || since.updated > 0 || since.deleted > 0 ? [since] : [];
  });
