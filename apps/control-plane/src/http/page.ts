import { z } from 'zod';
import { invalidField } from './problem.js';
import { isKnownTime } from './text.js';

/** One page of a list; `next` is the cursor of the following one. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: string | null;
}

/** The answer of a list. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({
    items: z.array(item).readonly(),
    next: z.string().nullable().describe('Cursor of the following page; null: this was the last.'),
  });

/** Query of every list. Spread its shape where a list has filters of its own. */
export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50).describe('How many items a page holds.'),
  cursor: z.string().max(5_000).optional().describe('`next` of the page before.'),
});
export type PageQuery = z.infer<typeof pageQuery>;

/** A cursor is the sort key of the last item that was seen. Its form is nobody's business but ours. */
export const encodeCursor = (key: readonly string[]): string => Buffer.from(JSON.stringify(key)).toString('base64url');

/** Identifiers of targets are among them. */
const key = z.array(z.string().max(255)).max(4);

export function decodeCursor(cursor: string, parts: number): readonly string[] {
  try {
    const parsed = key.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
    if (parsed.length === parts && parsed.every((part) => !part.includes('\0') && part.isWellFormed())) return parsed;
  } catch {
    // Falls through to the one message.
  }
  throw notACursor();
}

const notACursor = () => invalidField('cursor', 'is not a cursor of this list');

/** Of a list that is sorted by a number. */
export function decodeCountCursor(cursor: string): number {
  const [text = ''] = decodeCursor(cursor, 1);
  if (!/^\d{1,10}$/.test(text) || Number(text) > 2_147_483_647) throw notACursor();
  return Number(text);
}

/** What a query for one page of nouns takes, oldest first: one row more than asked tells whether there is a next page. */
export function nounPage(tenantId: string, { limit, cursor }: PageQuery) {
  const after = cursor === undefined ? undefined : decodeCursor(cursor, 1)[0];
  return {
    where: { tenantId, ...(after === undefined ? {} : { id: { gt: after } }) },
    orderBy: { id: 'asc' as const },
    take: limit + 1,
  };
}

/** Newest first, by a time and an id that breaks ties. */
export function timePage<Field extends string>(field: Field, { limit, cursor }: PageQuery) {
  const [time, id] = cursor === undefined ? [] : decodeCursor(cursor, 2);
  const at = time === undefined ? undefined : new Date(time);
  if (at !== undefined && !isKnownTime(at)) throw notACursor();
  return {
    before: at === undefined ? {} : { OR: [{ [field]: { lt: at } }, { [field]: at, id: { lt: id } }] },
    orderBy: [{ [field]: 'desc' as const }, { id: 'desc' as const }],
    take: limit + 1,
  };
}

/** Cuts the extra row off and names where to go on. */
export function toPage<Row, Item>(
  rows: readonly Row[],
  limit: number,
  keyOf: (row: Row) => readonly string[],
  present: (row: Row) => Item,
): Page<Item> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return {
    items: items.map(present),
    next: rows.length > limit && last !== undefined ? encodeCursor(keyOf(last)) : null,
  };
}
