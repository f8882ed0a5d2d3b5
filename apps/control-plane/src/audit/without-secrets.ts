const secretNames = /token|secret|password|authorization/i;
const limits = { depth: 6, entries: 100, text: 4_000, all: 32_000 } as const;

/** A request's body as it may be kept: secrets left out, bounded, and such that Postgres can store it. */
export function withoutSecrets(value: unknown): unknown {
  return kept(value, 0, { left: limits.all });
}

/** `room` is shared by all that is kept of one value. */
function kept(value: unknown, depth: number, room: { left: number }): unknown {
  if (typeof value === 'string') return tidy(value, limits.text, room);
  room.left -= 8;
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value;
  if (typeof value !== 'object') return null;
  if (depth >= limits.depth) return '…';
  if (Array.isArray(value)) return Array.from(fitting<unknown>(value, room), (item) => kept(item, depth + 1, room));
  return Object.fromEntries(
    Array.from(fitting(Object.entries(value), room), ([name, inner]) => [
      tidy(name, 200, room),
      secretNames.test(name) ? '(not kept)' : kept(inner, depth + 1, room),
    ]),
  );
}

/** As many as there is room for: what comes first takes its share before the next one is looked at. */
function* fitting<Item>(list: readonly Item[], room: { readonly left: number }): Generator<Item> {
  for (const item of list.slice(0, limits.entries)) {
    if (room.left <= 0) return;
    yield item;
  }
}

function tidy(text: string, most: number, room: { left: number }): string {
  const cut = Math.min(most, Math.max(room.left, 0));
  const tidied = text.length <= cut ? text : `${text.slice(0, cut)}…`;
  room.left -= tidied.length + 4;
  return tidied.replaceAll('\0', '\uFFFD').toWellFormed();
}
