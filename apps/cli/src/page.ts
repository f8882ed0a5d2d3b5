import type { Query, RestClient } from './client.js';
import { usage } from './failure.js';

/** A list, or its beginning; `next` is the cursor of what follows. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: string | null;
}

/** REST answers at most so many at once. */
const mostAtOnce = 200;

/** The first `limit` items, over as many pages as it takes. */
export async function readPages<Item>(
  client: RestClient,
  path: string,
  { query = {}, limit }: { readonly query?: Query; readonly limit: number },
): Promise<Page<Item>> {
  const items: Item[] = [];
  let next: string | null = null;
  do {
    const wanted = Math.min(limit - items.length, mostAtOnce);
    const page = (await client.get(path, {
      ...query,
      limit: String(wanted),
      cursor: next ?? undefined,
    })) as Page<Item>;
    items.push(...page.items);
    next = page.next;
    // Nothing new and still more to come: that would never end.
    if (page.items.length === 0) break;
  } while (next !== null && items.length < limit);
  return { items, next };
}

/** For `--limit`. */
export function parseLimit(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw usage(`--limit ${text} is not a number from 1 to 999999`);
  return Number(text);
}
