import type { RestClient } from '../client.js';

/** Nouns whose names a shell asks for while somebody types. */
export const nameSources = ['connections', 'approvals', 'sessions'] as const;
export type NameSource = (typeof nameSources)[number];

const most = '100';

const queries = {
  connections: { limit: most },
  approvals: { limit: most, state: 'pending' },
  sessions: { limit: most, open: 'true' },
} as const;

/** Those that a person most likely means. */
export async function namesOf(source: NameSource, client: RestClient): Promise<readonly string[]> {
  const { items } = (await client.get(`/v1/${source}`, queries[source])) as {
    readonly items: readonly { readonly id: string; readonly name?: string }[];
  };
  // A shell takes them apart at blanks, and would run what is in them: only what ids and names are made of.
  return items.map(({ id, name }) => name ?? id).filter((each) => /^[\w.-]+$/.test(each));
}
