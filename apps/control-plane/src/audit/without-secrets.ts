const secretNames = /token|secret|password|authorization/i;
const limits = { depth: 6, entries: 100, text: 4_000 } as const;

/** A request's body as it may be kept: secrets left out, bounded, and such that Postgres can store it. */
export function withoutSecrets(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return tidy(value, limits.text);
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value;
  if (typeof value !== 'object') return null;
  if (depth >= limits.depth) return '…';
  if (Array.isArray(value)) return value.slice(0, limits.entries).map((item) => withoutSecrets(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, limits.entries)
      .map(([name, inner]) => [
        tidy(name, 200),
        secretNames.test(name) ? '(not kept)' : withoutSecrets(inner, depth + 1),
      ]),
  );
}

const tidy = (text: string, most: number): string => {
  const kept = text.length <= most ? text : `${text.slice(0, most)}…`;
  return kept.replaceAll('\0', '\uFFFD').toWellFormed();
};
